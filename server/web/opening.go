package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"regain/server"
	"regain/server/api"
)

// opening is what the first page shows.
type opening struct {
	Policies []policyLine
	Address  string
}

type policyLine struct {
	ID, Edition, Source  string
	Questions, Scenarios int
}

func (p *Pages) showOpening(c *gin.Context) error {
	data := opening{Address: address(c.Request, p.server.Config())}
	for _, policy := range p.services.Policies.All() {
		data.Policies = append(data.Policies, policyLine{
			ID: policy.ID(), Edition: policy.Edition(), Source: policy.Source(),
			Questions: len(policy.Facts()), Scenarios: len(api.Rows(policy)),
		})
	}
	return p.render(c, http.StatusOK, "opening", "Account recovery", data)
}

// address is where the reader's browser found the server.
func address(r *http.Request, config server.Config) string {
	if config.PublicURL != nil {
		return config.PublicURL.Scheme + "://" + config.PublicURL.Host
	}
	return "http://" + r.Host
}

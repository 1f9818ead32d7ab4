package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"regain/rules"
	"regain/server"
)

// opening is what the first page shows.
type opening struct {
	Policies []*rules.Policy
	// Origin is where the server is found, for examples.
	Origin string
	// Demo are the addresses of made-up staff to try, where the cases are made up, too.
	Demo []string
	// Metrics says that /metrics can be read without a token.
	Metrics bool
}

func (p *Pages) showOpening(c *gin.Context) error {
	config := p.server.Config()
	return p.show(c, "public/opening", opening{
		Policies: p.services.Policies.All(), Origin: address(c.Request, config), Demo: p.services.DemoStaff, Metrics: config.MetricsToken == "",
	})
}

// address is where the reader's browser found the server.
func address(r *http.Request, config server.Config) string {
	if config.PublicURL != nil {
		return config.PublicURL.Scheme + "://" + config.PublicURL.Host
	}
	return "http://" + r.Host
}

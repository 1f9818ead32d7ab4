package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"regain/rules"
	"regain/server"
)

// opening is what the first page shows.
type opening struct{ Policies []*rules.Policy }

func (p *Pages) showOpening(c *gin.Context) error {
	return p.show(c, "public/opening", opening{Policies: p.services.Policies.All()})
}

// address is where the reader's browser found the server.
func address(r *http.Request, config server.Config) string {
	if config.PublicURL != nil {
		return config.PublicURL.Scheme + "://" + config.PublicURL.Host
	}
	return "http://" + r.Host
}

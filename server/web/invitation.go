package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// invitationPage is what the page behind an invitation's link shows. The token
// stands behind "#" in the link, so that neither this page nor a log sees it.
type invitationPage struct{ Address string }

func (p *Pages) showInvitation(c *gin.Context) error {
	return p.render(c, http.StatusOK, "invitation", "Invitation", invitationPage{Address: address(c.Request, p.server.Config())})
}

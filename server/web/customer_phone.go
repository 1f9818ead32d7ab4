package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	qr "github.com/piglig/go-qr"

	"regain/accounts"
	"regain/problem"
	"regain/server"
)

// Going on on the phone: the page shows a QR code with a link that works once, for a few
// minutes. Its token stands behind "#", so that no server and no log sees it.

const (
	phonePath    = "/request/phone"
	takeOverPath = "/resume/phone"
)

func (p *Pages) registerPhone(customers []server.Role) {
	p.getAs("phone-page", phonePath, customers, p.showCase("customer/phone"))
	p.server.Page(server.Route{
		ID: "hand-over-page", Method: http.MethodPost, Path: phonePath, Roles: customers, Effect: server.Changes,
		Limit: server.Limit{N: 30, Per: hour, By: server.ByCaller},
	}, p.handOver)
	p.get("take-over-page", takeOverPath, func(c *gin.Context) error { return p.show(c, "customer/take_over", nil) })
	p.server.Page(server.Route{
		ID: "take-over-session-page", Method: http.MethodPost, Path: takeOverPath, Roles: server.Everyone(), Effect: server.Changes,
		Limit: server.Limit{N: 60, Per: hour, By: server.ByAddress},
	}, p.takeOver)
}

// phonePage shows the code.
type phonePage struct {
	*customerCase
	Code    template.HTML
	Link    string
	Expires *time.Time
}

func (p *Pages) handOver(c *gin.Context) error {
	data, err := p.customerCase(c)
	if err != nil {
		return err
	}
	token, expires, err := p.services.Sessions.HandOver(c.Request.Context(), data.ID)
	if err != nil {
		return err
	}
	page := phonePage{customerCase: data, Link: p.origin(c.Request) + server.LanguagePrefix(c.Request.Context()) + takeOverPath + "#" + token, Expires: &expires}
	if page.Code, err = drawCode(page.Link); err != nil {
		return err
	}
	v := p.view(c, page, nil)
	v.Here = phonePath
	return p.render(c, http.StatusOK, "customer/phone_code", v)
}

// origin is where the reader reaches the server.
func (p *Pages) origin(r *http.Request) string {
	if public := p.server.Config().PublicURL; public != nil {
		return public.Scheme + "://" + public.Host
	}
	return (&url.URL{Scheme: "http", Host: r.Host}).String()
}

// quietZone is the white margin that readers of codes need, in modules.
const quietZone = 4

// drawCode draws a text as a QR code: one path, black on white on dark pages, too.
func drawCode(text string) (template.HTML, error) {
	code, err := qr.EncodeText(text, qr.Medium)
	if err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	size := code.Size()
	var path strings.Builder
	for y := range size {
		for x := range size {
			if code.Module(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quietZone, y+quietZone)
			}
		}
	}
	whole := size + 2*quietZone
	return template.HTML(fmt.Sprintf(`<svg class="code" viewBox="0 0 %d %d" aria-hidden="true" focusable="false" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#fff"/><path d="%s" fill="#000"/></svg>`, //nolint:gosec // numbers alone
		whole, whole, whole, whole, path.String())), nil
}

func (p *Pages) takeOver(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	caseID, err := p.services.Sessions.TakeOver(ctx, pastedToken(f.Get("token")))
	if problem.Is(err, "unauthenticated") {
		words, wordsErr := p.words.say(server.Locale(ctx), "customer.take_over.invalid")
		if wordsErr != nil {
			return wordsErr
		}
		f.Errors = append(f.Errors, FieldError{Name: "token", Code: "invalid", Message: words})
		return p.render(c, http.StatusUnprocessableEntity, "customer/take_over", p.view(c, nil, f))
	}
	if err != nil {
		return err
	}
	if err := p.openSession(ctx, c, accounts.Customer, caseID); err != nil {
		return err
	}
	return p.seeOther(c, requestPath)
}

package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/server"
)

// Carry is what somebody was about to do when their session was over. It goes along
// while they sign in again, in hidden fields, and is nowhere kept.
type Carry struct {
	// Path is the page, without its language.
	Path string
	// Body is the form that was sent, as it was sent; empty for a page that was read.
	Body string
	// Ended says that there was a session; otherwise nobody had signed in yet.
	Ended bool
}

// comeIn is a page that opens a session, and the words for who had none yet.
type comeIn struct {
	*View
	Words string
}

// ComeIn is what {{template "ended"}} takes; key is of the words for who had no session yet.
func (v *View) ComeIn(key string) comeIn { return comeIn{View: v, Words: key} }

const (
	carryPath = "continue_at"
	carryBody = "continue_with"
	// maxCarry bounds a form that is carried, in bytes: far more than a long message.
	maxCarry = 64 << 10
)

// showSignIn shows how to sign in again, with status 401. The page puts
// {{template "carry" .}} into its form, and what handles that form ends with carryOn.
type showSignIn func(c *gin.Context, status int, carry *Carry) error

// signsIn sets how sessions of a kind are opened again.
func (p *Pages) signsIn(kind accounts.Kind, show showSignIn) { p.signIn[kind] = show }

// askToSignIn answers a call that needs a session with the way to one; false when
// the page has none.
func (p *Pages) askToSignIn(c *gin.Context) bool {
	route, ok := server.RouteOf(c.Request.Context())
	if !ok {
		return false
	}
	for _, kind := range kindsOf(route.Roles) {
		show := p.signIn[kind]
		if show == nil {
			continue
		}
		carry := carryOf(c.Request, route)
		// What sends a form, or asks for part of a page, was shown to somebody who had come in.
		carry.Ended = c.Request.Method == http.MethodPost || c.GetHeader("HX-Request") == "true" || server.SessionEnded(c.Request.Context())
		return show(c, http.StatusUnauthorized, carry) == nil
	}
	return false
}

// kindsOf are the kinds of session that let in, most particular first.
func kindsOf(roles []server.Role) []accounts.Kind {
	var kinds []accounts.Kind
	for _, role := range roles {
		kind := accounts.StaffMember
		switch role {
		case server.Anonymous:
			continue
		case server.Customer:
			kind = accounts.Customer
		case server.Partner:
			kind = accounts.Partner
		case server.Organisation:
			kind = accounts.OrganisationMember
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func carryOf(r *http.Request, route server.Route) *Carry {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || route.Upload {
		return &Carry{Path: here(r)}
	}
	carry := &Carry{Path: r.URL.Path}
	if r.PostForm == nil {
		r.Body = http.MaxBytesReader(nil, r.Body, maxCarry)
		if r.ParseForm() != nil {
			return carry
		}
	}
	carry.Body = r.PostForm.Encode()
	return carry
}

// readCarry finds what is carried in a form; nil when nothing is.
func readCarry(f *Form) *Carry {
	if f.Get(carryPath) == "" {
		return nil
	}
	body := f.Values.Get(carryBody)
	return &Carry{Path: ownPath(f.Get(carryPath)), Body: body, Ended: body != ""}
}

// carryOn ends signing in: with what was about to be done, or at path.
func (p *Pages) carryOn(c *gin.Context, f *Form, path string) error {
	carry := readCarry(f)
	switch {
	case carry == nil:
		return p.seeOther(c, path)
	case carry.Body == "":
		return p.seeOther(c, carry.Path)
	}
	return p.show(c, "public/continue", carry)
}

// Fields are the fields of the carried form, by name and value.
func (c *Carry) Fields() ([]Option, error) {
	values, err := url.ParseQuery(c.Body)
	if err != nil {
		return nil, err
	}
	var fields []Option
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[name] {
			fields = append(fields, Option{Label: name, Value: v})
		}
	}
	return fields, nil
}

// openSession opens a session and gives it to the browser as a cookie.
func (p *Pages) openSession(ctx context.Context, c *gin.Context, kind accounts.Kind, subject string) error {
	token, expires, err := p.services.Sessions.OpenSessionUntil(ctx, kind, subject, 0)
	if err != nil {
		return err
	}
	p.setSession(c, token, expires)
	return nil
}

// keepSession gives a session that is open to the browser.
func (p *Pages) keepSession(ctx context.Context, c *gin.Context, token string) error {
	principal, err := p.services.Sessions.Authenticate(ctx, token)
	if err != nil {
		return err
	}
	p.setSession(c, token, principal.Expires)
	return nil
}

// keptAfter is how much longer than a session its cookie is kept, so that somebody who comes
// back is told that it has ended.
const keptAfter = 24 * time.Hour

func (p *Pages) setSession(c *gin.Context, token string, expires time.Time) {
	cookie := p.server.SessionCookie(token, time.Until(expires)+keptAfter)
	http.SetCookie(c.Writer, &cookie)
}

// signOut ends any session.
func (p *Pages) signOut(c *gin.Context) error {
	ctx := c.Request.Context()
	if caller := server.Caller(ctx); caller.SessionID != "" && p.services.Sessions != nil {
		if err := p.services.Sessions.EndSession(ctx, caller.SessionID); err != nil {
			return err
		}
	}
	cookie := p.server.NoSessionCookie()
	http.SetCookie(c.Writer, &cookie)
	if server.Caller(ctx).Kind == accounts.StaffMember {
		return p.seeOther(c, signInPath)
	}
	return p.seeOther(c, "/")
}

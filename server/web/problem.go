package web

import (
	"cmp"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/problem"
	"regain/server"
)

// failure is what the page for a failed call shows.
type failure struct {
	Title, Detail string
	// Code is the problem's own, for programs that look at pages.
	Code   string
	Status int
	// Instance is quoted when asking for help.
	Instance string
	// Messages are bad inputs that no form shows.
	Messages []string
	// Again is the form to send again, when that may help.
	Again *Carry
}

// showProblem is the page for a failed call.
func (p *Pages) showProblem(c *gin.Context, shown *server.Problem) {
	if shown.Status == http.StatusUnauthorized && p.askToSignIn(c) || p.leadsUp(c, shown.Status) {
		return
	}
	locale := server.Locale(c.Request.Context())
	data := failure{
		Title: p.problemTitle(locale, shown.Status), Code: shown.Code, Status: shown.Status,
		Detail:   p.problemWords(locale, kindName(shown.Status), shown.Code, shown.Detail),
		Instance: strings.TrimPrefix(shown.Instance, "urn:uuid:"), Again: again(c.Request, shown.Status),
	}
	if seconds, err := strconv.Atoi(c.Writer.Header().Get("Retry-After")); err == nil && shown.Status == http.StatusTooManyRequests {
		data.Detail = cmp.Or(p.waitWords(locale, time.Duration(seconds)*time.Second), data.Detail)
	}
	if shown.Code == "role_not_allowed" && takesAnotherRole(c) {
		if said, err := p.words.say(locale, "public.failure.role"); err == nil {
			data.Detail = said
		}
	}
	if shown.Code == "case_not_found" && server.Caller(c.Request.Context()).Kind == accounts.Partner {
		if said, err := p.words.say(locale, "public.failure.invitation_over"); err == nil {
			data.Detail = said
		}
	}
	for _, bad := range shown.Errors {
		f := problem.Field{Code: bad.Code, Message: bad.Message}
		data.Messages = append(data.Messages, p.fieldWords(locale, f))
	}
	if err := p.render(c, shown.Status, "public/failure", p.view(c, data, nil)); err != nil {
		c.String(http.StatusInternalServerError, "Something went wrong.")
	}
}

// takesAnotherRole says that a member of staff lacks a role that other members have: coming in
// anew would not help.
func takesAnotherRole(c *gin.Context) bool {
	route, known := server.RouteOf(c.Request.Context())
	return known && server.Caller(c.Request.Context()).Kind == accounts.StaffMember && slices.Contains(kindsOf(route.Roles), accounts.StaffMember)
}

// leadsUp leads to the page that an address belongs to which only takes a form, or that is
// written with a slash at its end. The address of a form that was refused stays in the window:
// a browser that opens it again later, as phones do, only reads.
func (p *Pages) leadsUp(c *gin.Context, status int) bool {
	path := c.Request.URL.Path
	reads := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	if _, known := server.RouteOf(c.Request.Context()); known || !reads {
		return false
	}
	above, there := p.server.PageAbove(path)
	switch {
	case status == http.StatusMethodNotAllowed && !there:
		above = "/"
	case status == http.StatusMethodNotAllowed:
	case status != http.StatusNotFound || !there || above+"/" != path:
		return false
	}
	c.Writer.Header().Del("Allow")
	return p.seeOther(c, above) == nil
}

// again is the form that was sent, for failures that pass.
func again(r *http.Request, status int) *Carry {
	route, ok := server.RouteOf(r.Context())
	passes := status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
	if !ok || !passes || route.Upload || r.Method != http.MethodPost {
		return nil
	}
	return carryOf(r, route)
}

// kindName names statuses for the words that stand for a whole kind of problem.
func kindName(status int) string {
	switch {
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone:
		return "not_found"
	case status == http.StatusForbidden:
		return "forbidden"
	case status == http.StatusUnauthorized:
		return "unauthenticated"
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return "conflict"
	case status == http.StatusTooManyRequests:
		return "too_many"
	case status == http.StatusServiceUnavailable:
		return "unavailable"
	case status >= http.StatusInternalServerError:
		return "internal"
	}
	return "invalid"
}

func (p *Pages) problemTitle(locale string, status int) string {
	title, err := p.words.say(locale, "public.failure.title."+kindName(status))
	if err != nil {
		return http.StatusText(status)
	}
	return title
}

// problemWords says a problem in the reader's language. Its words take the numbers and
// names of the detail as {1}, {2}, …. A problem without words is said by its detail in
// English, and by its kind in other languages.
func (p *Pages) problemWords(locale, kind, code, detail string) string {
	args := detailArguments(code, detail)
	if said, err := p.words.say(locale, "problem."+code, args...); err == nil {
		return said
	}
	if locale == "en" && detail != "" {
		return detail
	}
	if said, err := p.words.say(locale, "public.failure.kind."+kind); err == nil {
		return said
	}
	return cmp.Or(detail, code)
}

// waitWords say when something may be tried again that was too often; empty when that is not known.
func (p *Pages) waitWords(locale string, wait time.Duration) string {
	key, n := "seconds", math.Ceil(wait.Seconds())
	switch {
	case wait > 90*time.Minute:
		key, n = "hours", math.Ceil(wait.Hours())
	case wait > 90*time.Second:
		key, n = "minutes", math.Ceil(wait.Minutes())
	case wait <= 0:
		return ""
	}
	words, err := p.words.say(locale, "public.failure.wait."+key, "n", int(n))
	if err != nil {
		return ""
	}
	return words
}

// fieldWords says what is wrong with a field in the reader's language.
func (p *Pages) fieldWords(locale string, f problem.Field) string {
	if locale == "en" || f.Code == "not_valid" || f.Code == "impossible_combination" { // the policy's own words, in the case's language
		return f.Message
	}
	args := numbersOf(f.Message)
	if said, err := p.words.say(locale, "field."+f.Code, args...); err == nil {
		return said
	}
	if said, err := p.words.say(locale, "field.anything"); err == nil {
		return said
	}
	return f.Message
}

// detailPatterns find again in a detail what was filled into it, by code.
var detailPatterns = sync.OnceValue(func() map[string][]*regexp.Regexp {
	patterns := map[string][]*regexp.Regexp{}
	for _, code := range server.Codes() {
		if strings.Contains(code.Detail, "…") {
			parts := strings.Split(code.Detail, "…")
			for i := range parts {
				parts[i] = regexp.QuoteMeta(parts[i])
			}
			patterns[code.Code] = append(patterns[code.Code], regexp.MustCompile("^"+strings.Join(parts, "(.+?)")+"$"))
		}
	}
	return patterns
})

func detailArguments(code, detail string) []any {
	for _, pattern := range detailPatterns()[code] {
		if found := pattern.FindStringSubmatch(detail); found != nil {
			return numbered(found[1:])
		}
	}
	return nil
}

var numberPattern = regexp.MustCompile(`\d+(?:[.,]\d+)*`)

// numbersOf are the numbers in an English message, which words of other languages
// fill in as {1}, {2}, ….
func numbersOf(message string) []any { return numbered(numberPattern.FindAllString(message, -1)) }

func numbered(values []string) []any {
	var args []any
	for i, v := range values {
		args = append(args, string(rune('1'+i)), v)
	}
	return args
}

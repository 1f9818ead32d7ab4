package server

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
)

// request is what the middleware knows about the call under way.
type request struct {
	id        string
	route     *Route
	caller    accounts.Principal
	ended     bool // the cookie was that of a session that is over
	locale    string
	address   netip.Addr
	body      []byte // of a JSON call, once it was read
	unsettled *unsettledCall
	failure   error // of a page or raw handler, for the log
	earlier   *expectation
	// took is how long the call has taken so far.
	took func() time.Duration

	// Of a route that remembers: see memory.
	memoryKey  []byte
	remembered *kept
	remember   bool
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{caller: accounts.Principal{Kind: accounts.Anonymous}, locale: defaultLocale}
}

// RequestID names the call in logs and problems.
func RequestID(ctx context.Context) string { return requestOf(ctx).id }

// Caller is who makes the call; its kind is anonymous without a session.
func Caller(ctx context.Context) accounts.Principal { return requestOf(ctx).caller }

// SessionEnded says that whoever calls came with the cookie of a session that is over.
func SessionEnded(ctx context.Context) bool { return requestOf(ctx).ended }

// Locale is the language to answer in: one of Locales, chosen by ?locale= or by
// Accept-Language.
func Locale(ctx context.Context) string { return requestOf(ctx).locale }

// SayTiming tells members of staff how long their call has taken up to its answer, in the
// header Server-Timing. Nobody else is told: how long something takes is no answer to
// whether it is there.
func SayTiming(c *gin.Context) {
	r := requestOf(c.Request.Context())
	if r.took == nil || r.caller.Kind != accounts.StaffMember {
		return
	}
	c.Writer.Header().Set("Server-Timing", "total;dur="+strconv.FormatFloat(float64(r.took().Microseconds())/1000, 'f', 1, 64))
}

// Address is the client's address as far as it is trusted: the peer's, or the one
// that a configured proxy reports.
func Address(ctx context.Context) string {
	a := requestOf(ctx).address
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// AddressBlock is the key for limits: an IPv4 address, or an IPv6 network of 64
// bits, because one household has a whole one.
func AddressBlock(ctx context.Context) string {
	a := requestOf(ctx).address
	if !a.IsValid() {
		return ""
	}
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// RouteOf is the route of the call; false when there is none at its address.
func RouteOf(ctx context.Context) (Route, bool) {
	r := requestOf(ctx).route
	if r == nil {
		return Route{}, false
	}
	return *r, true
}

func instanceOf(ctx context.Context) string {
	if id := RequestID(ctx); id != "" {
		return "urn:uuid:" + id
	}
	return "about:blank"
}

func clientAddress(c *gin.Context) netip.Addr {
	a, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// bearer is the token of an Authorization header.
func bearer(header string) (token string, present bool) {
	if header == "" {
		return "", false
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(token), true
}

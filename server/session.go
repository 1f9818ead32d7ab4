package server

import (
	"net/http"
	"time"
)

// cookieName is the name of the session's cookie. Browsers hold __Host- cookies to
// this host, this path and HTTPS, so the prefix needs TLS.
func (s *Server) cookieName() string {
	if s.config.secure() {
		return "__Host-regain"
	}
	return "regain"
}

// SessionCookie is the cookie that carries a session's token. It ends with the
// browser or after ttl, whichever is first.
func (s *Server) SessionCookie(token string, ttl time.Duration) http.Cookie {
	return http.Cookie{
		Name: s.cookieName(), Value: token, Path: "/", MaxAge: int(ttl.Seconds()),
		HttpOnly: true, Secure: s.config.secure(), SameSite: http.SameSiteLaxMode,
	}
}

// NoSessionCookie removes it.
func (s *Server) NoSessionCookie() http.Cookie {
	c := s.SessionCookie("", 0)
	c.MaxAge = -1
	return c
}

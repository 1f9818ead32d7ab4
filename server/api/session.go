package api

import (
	"context"
	"net/http"
	"time"

	"regain/accounts"
	"regain/server"
)

// hour is what most limits count by.
const hour = time.Hour

// Sessions are those of customers and invited partners.
type Sessions interface {
	OpenSessionUntil(ctx context.Context, kind accounts.Kind, subject string, ttl time.Duration) (token string, expires time.Time, err error)
	Authenticate(ctx context.Context, token string) (accounts.Principal, error)
	EndSession(ctx context.Context, sessionID string) error
	HandOver(ctx context.Context, caseID string) (token string, expires time.Time, err error)
	TakeOver(ctx context.Context, token string) (caseID string, err error)
}

// SessionView is a session that was just opened.
type SessionView struct {
	Token   string    `json:"token" doc:"Send it as Authorization: Bearer …. Browsers have it as a cookie, too. It can't be had again."`
	Expires time.Time `json:"expires" doc:"When the session ends at the latest."`
}

func (a caseAPI) openSession(ctx context.Context, kind accounts.Kind, subject string) (SessionView, http.Cookie, error) {
	token, expires, err := a.sessions.OpenSessionUntil(ctx, kind, subject, 0)
	if err != nil {
		return SessionView{}, http.Cookie{}, err
	}
	return SessionView{Token: token, Expires: expires}, a.server.SessionCookie(token, time.Until(expires)), nil
}

func (a caseAPI) registerSession() {
	server.JSON(a.server, server.Route{
		ID: "leave", Method: remove, Path: "/api/v1/session", Roles: []server.Role{server.Customer, server.Partner, server.Organisation},
		Effect: server.Repeats, Tag: tagContact,
		Summary: "Leave", Description: "Ends the session of a customer, an invited partner or a member of an organisation. Cases stay as they are.",
	}, func(ctx context.Context, _ *struct{}) (*signOutOut, error) {
		if err := a.sessions.EndSession(ctx, server.Caller(ctx).SessionID); err != nil {
			return nil, err
		}
		return &signOutOut{SetCookie: a.server.NoSessionCookie()}, nil
	})
}

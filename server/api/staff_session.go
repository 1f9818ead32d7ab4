package api

import (
	"context"
	"net/http"
	"time"

	"regain/accounts"
	"regain/server"
)

// StaffView is a member of staff, as that person sees it.
type StaffView struct {
	ID      string    `json:"id"`
	Email   string    `json:"email"`
	Name    string    `json:"name"`
	Roles   []string  `json:"roles" example:"[\"reviewer\"]"`
	Expires time.Time `json:"expires" doc:"When the session ends at the latest."`
}

type signInIn struct {
	Body struct {
		Email    string `json:"email" minLength:"3" maxLength:"254" example:"ana@example.com"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
	}
}

type signInOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Token string    `json:"token" doc:"Send it as Authorization: Bearer …. Browsers have it as a cookie, too."`
		Staff StaffView `json:"staff"`
	}
}

type staffSessionOut struct {
	Body StaffView
}

type signOutOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func registerStaffSession(s *server.Server, staff Staff) {
	const path, tag = "/api/v1/staff/session", "Staff session"

	server.JSON(s, server.Route{
		ID: "sign-in", Method: post, Path: path, Roles: server.Everyone(), Effect: server.Repeats, MaxBody: 4 << 10, Tag: tag,
		Summary:     "Sign in as a member of staff",
		Description: "Repeating it opens another session. Wrong address, wrong password and a closed account are answered alike.",
	}, func(ctx context.Context, in *signInIn) (*signInOut, error) {
		token, member, err := staff.SignIn(ctx, in.Body.Email, in.Body.Password, server.Address(ctx))
		if err != nil {
			return nil, err
		}
		principal, err := staff.Authenticate(ctx, token)
		if err != nil {
			return nil, err
		}
		out := &signInOut{SetCookie: s.SessionCookie(token, time.Until(principal.Expires))}
		out.Body.Token, out.Body.Staff = token, staffView(member, principal)
		return out, nil
	})

	server.JSON(s, server.Route{
		ID: "show-staff-session", Method: get, Path: path, Roles: server.Staff(), Effect: server.Reads, Tag: tag,
		Summary: "Who is signed in",
	}, func(ctx context.Context, _ *struct{}) (*staffSessionOut, error) {
		principal := server.Caller(ctx)
		member, err := staff.StaffByID(ctx, principal.ID)
		if err != nil {
			return nil, err
		}
		return &staffSessionOut{Body: staffView(member, principal)}, nil
	})

	server.JSON(s, server.Route{
		ID: "sign-out", Method: remove, Path: path, Roles: server.Staff(), Effect: server.Repeats, Tag: tag,
		Summary: "Sign out",
	}, func(ctx context.Context, _ *struct{}) (*signOutOut, error) {
		if err := staff.EndSession(ctx, server.Caller(ctx).SessionID); err != nil {
			return nil, err
		}
		return &signOutOut{SetCookie: s.NoSessionCookie()}, nil
	})
}

func staffView(member accounts.Staff, p accounts.Principal) StaffView {
	view := StaffView{ID: member.ID, Email: member.Email, Name: member.Name, Roles: []string{}, Expires: p.Expires}
	for _, r := range member.Roles {
		view.Roles = append(view.Roles, string(r))
	}
	return view
}

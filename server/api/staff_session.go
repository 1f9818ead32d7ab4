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

type choosePasswordIn struct {
	Body struct {
		Email       string `json:"email" minLength:"3" maxLength:"254" example:"ana@example.com"`
		Password    string `json:"password" minLength:"1" maxLength:"1024" doc:"The present one."`
		NewPassword string `json:"new_password" minLength:"1" maxLength:"1024" doc:"At least 12 characters of any kind."`
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
		Summary: "Sign in as a member of staff",
		Description: "Repeating it opens another session. Wrong address, wrong password and a closed account are answered alike. " +
			"Somebody whose password works once is told so, and chooses an own one.",
	}, func(ctx context.Context, in *signInIn) (*signInOut, error) {
		token, member, err := staff.SignIn(ctx, in.Body.Email, in.Body.Password, server.Address(ctx))
		return signedIn(ctx, s, staff, token, member, err)
	})

	server.JSON(s, server.Route{
		ID: "choose-password", Method: http.MethodPut, Path: "/api/v1/staff/password", Roles: server.Everyone(), Effect: server.Repeats, MaxBody: 4 << 10, Tag: tag,
		Summary: "Choose an own password and sign in with it",
		Description: "With the present password, which may be one that an administrator made: that one works once, and only here. Ends all other sessions. " +
			"Wrong address, wrong password and a closed account are answered alike.",
	}, func(ctx context.Context, in *choosePasswordIn) (*signInOut, error) {
		token, member, err := staff.ChoosePassword(ctx, in.Body.Email, in.Body.Password, in.Body.NewPassword, server.Address(ctx))
		return signedIn(ctx, s, staff, token, member, err)
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

// signedIn answers with the session that was opened.
func signedIn(ctx context.Context, s *server.Server, staff Staff, token string, member accounts.Staff, err error) (*signInOut, error) {
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
}

func staffView(member accounts.Staff, p accounts.Principal) StaffView {
	view := StaffView{ID: member.ID, Email: member.Email, Name: member.Name, Roles: []string{}, Expires: p.Expires}
	for _, r := range member.Roles {
		view.Roles = append(view.Roles, string(r))
	}
	return view
}

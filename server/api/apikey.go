package api

import (
	"context"
	"net/http"
	"time"

	"regain/accounts"
	"regain/database"
	"regain/server"
)

// Keys are the API keys of programs.
type Keys interface {
	CreateAPIKey(ctx context.Context, n accounts.NewAPIKey) (accounts.APIKey, string, error)
	APIKeys(ctx context.Context, page database.Page) (keys []accounts.APIKey, next string, err error)
	RevokeAPIKey(ctx context.Context, id, by string) error
}

const (
	keysPath = "/api/v1/api-keys"
	tagKeys  = "API keys"
)

// KeyView is a key, without its token.
type KeyView struct {
	ID         string     `json:"id" example:"key_0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2" doc:"Who acts, in the events of cases."`
	Name       string     `json:"name" example:"Nightly report"`
	Hint       string     `json:"hint" example:"k9Qf" doc:"The end of the token, to know it by."`
	Scopes     []string   `json:"scopes" enum:"cases:read,documents:read,cases:review,export,policies,webhooks"`
	CreatedBy  string     `json:"created_by,omitempty" doc:"The id of the admin who made it; absent when it was made on the command line."`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"Exact to a minute; absent when it was never used."`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	RevokedBy  string     `json:"revoked_by,omitempty"`
}

type createKeyIn struct {
	Body struct {
		Name   string   `json:"name" minLength:"1" maxLength:"120" example:"Nightly report" doc:"What events and lists call the program."`
		Scopes []string `json:"scopes" minItems:"1" maxItems:"10" enum:"cases:read,documents:read,cases:review,export,policies,webhooks" doc:"What it may do. documents:read opens what customers uploaded, such as identity documents."`
		Days   int      `json:"days,omitempty" minimum:"1" maximum:"730" doc:"How long it lasts; a year if nothing is said."`
	}
}

type createKeyOut struct {
	Body struct {
		Token string  `json:"token" example:"rgk_…" doc:"Send it as Authorization: Bearer …. It is shown this once."`
		Key   KeyView `json:"key"`
	}
}

type keysOut struct {
	Body struct {
		Keys   []KeyView `json:"keys" doc:"Newest first, with those that are over."`
		People People    `json:"people" doc:"The names of the admins who made or revoked them, by id."`
		Next   string    `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type keyIn struct {
	Key string `path:"key" maxLength:"80"`
}

func registerAPIKeys(s *server.Server, services Services) {
	admins := []server.Role{server.Admin}

	server.JSON(s, server.Route{
		ID: "create-api-key", Method: post, Path: keysPath, Roles: admins, Effect: server.Changes, Status: http.StatusCreated, MaxBody: 16 << 10, Tag: tagKeys,
		Limit:   server.Limit{N: 30, Per: hour, By: server.ByCaller},
		Summary: "Make an API key",
		Description: "A program with the key acts in its own name wherever one of the key's scopes lets it in; each operation names its scope as x-scope. " +
			"Approvals, denials and waivers take a person: no key opens them.",
	}, func(ctx context.Context, in *createKeyIn) (*createKeyOut, error) {
		n := accounts.NewAPIKey{Name: in.Body.Name, Days: in.Body.Days, By: server.Caller(ctx).ID}
		for _, scope := range in.Body.Scopes {
			n.Scopes = append(n.Scopes, accounts.Scope(scope))
		}
		key, token, err := services.Keys.CreateAPIKey(ctx, n)
		if err != nil {
			return nil, err
		}
		out := &createKeyOut{}
		out.Body.Token, out.Body.Key = token, apiKeyView(key)
		return out, nil
	})

	server.JSON(s, server.Route{
		ID: "list-api-keys", Method: get, Path: keysPath, Roles: append(admins, server.Auditor), Scope: server.PeopleOnly, Effect: server.Reads, Tag: tagKeys,
		Summary: "The API keys",
	}, func(ctx context.Context, in *PageQuery) (*keysOut, error) {
		page, err := in.page()
		if err != nil {
			return nil, err
		}
		keys, next, err := services.Keys.APIKeys(ctx, page)
		if err != nil {
			return nil, err
		}
		out := &keysOut{}
		out.Body.Keys, out.Body.Next = []KeyView{}, in.next(keysPath, next, nil)
		var by []string
		for _, k := range keys {
			out.Body.Keys = append(out.Body.Keys, apiKeyView(k))
			by = append(by, k.CreatedBy, k.RevokedBy)
		}
		out.Body.People, err = peopleNamed(ctx, services.Staff, by)
		return out, err
	})

	server.JSON(s, server.Route{
		ID: "revoke-api-key", Method: remove, Path: keysPath + "/{key}", Roles: admins, Effect: server.Changes, Tag: tagKeys,
		Summary: "Revoke an API key", Description: "It stops working at once and for good. What it did stays under its name.",
	}, func(ctx context.Context, in *keyIn) (*struct{}, error) {
		return &struct{}{}, services.Keys.RevokeAPIKey(ctx, in.Key, server.Caller(ctx).ID)
	})
}

func apiKeyView(k accounts.APIKey) KeyView {
	view := KeyView{
		ID: k.ID, Name: k.Name, Hint: k.Hint, Scopes: []string{}, CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt,
		LastUsedAt: utc(k.LastUsedAt), RevokedAt: utc(k.RevokedAt), RevokedBy: k.RevokedBy,
	}
	for _, s := range k.Scopes {
		view.Scopes = append(view.Scopes, string(s))
	}
	return view
}

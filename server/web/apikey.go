package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/database"
	"regain/problem"
	"regain/server"
)

// API keys of programs, for admins; auditors read.

const keysPath = "/staff/keys"

// keysShown is how many keys a page shows.
const keysShown = 25

// soonOver is how long before its end a key is said to end soon.
const soonOver = 14 * 24 * time.Hour

// keyDays are the choices of how long a key lasts.
var keyDays = []int{30, 90, accounts.DefaultKeyDays, accounts.MaxKeyDays}

func (p *Pages) registerKeys() {
	if p.services.Keys == nil || p.services.Staff == nil {
		return
	}
	admins := []server.Role{server.Admin}
	p.getAs("keys-page", keysPath, append(admins, server.Auditor), p.showKeys)
	p.post("create-key-page", keysPath, admins, server.Changes, p.createKey)
	p.post("revoke-key-page", keysPath+"/{key}/revoke", admins, server.Changes, p.revokeKey)
}

// keyRow is a key as the list shows it.
type keyRow struct {
	accounts.APIKey
	// By and Ended are who made and revoked it.
	By, Ended string
	now       time.Time
}

// State says how it stands: works, soon (it ends soon), expired or revoked.
func (k keyRow) State() string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case !k.Active(k.now):
		return "expired"
	case k.ExpiresAt.Sub(k.now) < soonOver:
		return "soon"
	}
	return "works"
}

// keysPage is the list, with the form to make one.
type keysPage struct {
	Keys []keyRow
	// Next is the address of the next page; empty at the end.
	Next string
}

// Scopes are what a key may do, in the reader's words.
func (v *View) Scopes() ([]Option, error) {
	w := writer{view: v}
	var options []Option
	for _, s := range accounts.Scopes() {
		name := scopeName(s)
		options = append(options, Option{Value: string(s), Label: w.say("keys.scope." + name), Hint: w.say("keys.scope_hint."+name, "scope", string(s))})
	}
	return options, w.err
}

// scopeName is a scope as words files name it.
func scopeName(s accounts.Scope) string { return strings.ReplaceAll(string(s), ":", "_") }

// Scope is what a key may do, in words.
func (v *View) Scope(s accounts.Scope) (string, error) { return v.T("keys.scope." + scopeName(s)) }

// KeyDays are the choices of how long a key lasts.
func (v *View) KeyDays() ([]Option, error) {
	w := writer{view: v}
	var options []Option
	for _, n := range keyDays {
		options = append(options, Option{Value: strconv.Itoa(n), Label: w.say("keys.days", "n", n)})
	}
	return options, w.err
}

func (p *Pages) showKeys(c *gin.Context) error {
	data, err := p.keysPage(c, c.Query("cursor"))
	if err != nil {
		return err
	}
	return p.showForm(c, "staff/keys", data, NewForm("days", strconv.Itoa(accounts.DefaultKeyDays)))
}

func (p *Pages) keysPage(c *gin.Context, cursor string) (*keysPage, error) {
	ctx := c.Request.Context()
	page, err := database.NewTimePage(keysShown, cursor)
	if err != nil {
		return nil, problem.New(problem.Malformed, "cursor_unknown", "This cursor is not one of this list. Begin without one.")
	}
	keys, next, err := p.services.Keys.APIKeys(ctx, page)
	if err != nil {
		return nil, err
	}
	var by []string
	for _, k := range keys {
		by = append(by, k.CreatedBy, k.RevokedBy)
	}
	names, err := p.services.Staff.StaffNames(ctx, slices.DeleteFunc(by, func(id string) bool { return id == "" }))
	if err != nil {
		return nil, err
	}
	data := &keysPage{}
	for _, k := range keys {
		data.Keys = append(data.Keys, keyRow{APIKey: k, By: names[k.CreatedBy], Ended: names[k.RevokedBy], now: p.now()})
	}
	data.Next = pageAfter(keysPath, next)
	return data, nil
}

func (p *Pages) createKey(c *gin.Context) error {
	f, err := ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	n := accounts.NewAPIKey{Name: f.Get("name"), Days: daysChosen(f, keyDays), By: server.Caller(ctx).ID}
	for _, s := range f.All("scopes") {
		n.Scopes = append(n.Scopes, accounts.Scope(s))
	}
	key, token, err := p.services.Keys.CreateAPIKey(ctx, n)
	if err != nil {
		data, listErr := p.keysPage(c, "")
		if listErr != nil {
			return listErr
		}
		return p.refuseChoice(c, "staff/keys", data, f, "scopes", err)
	}
	return p.showSecret(c, http.StatusCreated, secretPage{
		Title: "keys.made", Lead: "keys.made_lead", Hint: "keys.made_hint", Label: "keys.key", Name: key.Name, Secret: token, Back: keysPath,
	})
}

// revokeKey ends a key. One that is over already stays over: that was the wish.
func (p *Pages) revokeKey(c *gin.Context) error {
	ctx := c.Request.Context()
	if err := p.services.Keys.RevokeAPIKey(ctx, c.Param("key"), server.Caller(ctx).ID); err != nil {
		return err
	}
	return p.seeOther(c, keysPath)
}

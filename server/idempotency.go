package server

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/uptrace/bun"

	"regain/accounts"
	"regain/database"
	"regain/problem"
)

// The Idempotency-Key makes a repeated unsafe call harmless: a client that lost the
// answer sends the call again, and gets the first answer byte for byte.
//
//   - The record is inserted by the first statement of the call's one transaction,
//     and the answer is stored by its last: effect and answer are committed together
//     or not at all. A concurrent identical call waits on the unique index. A repeated
//     call is found out by that index, too: its own work is undone with its transaction,
//     and a call that is not repeated pays no round trip for the question.
//   - Only what was done is stored. A refusal (4xx) keeps what it wrote on purpose,
//     such as a counted wrong code, but no record, so that repeating it is judged anew.
//   - The same key with another body, route or address is refused; a page's form
//     brings its key in a field, and with another body it is another call.
//   - Calls without a key are taken; repeating those is the caller's risk.
const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"
	idempotencyKept   = 24 * time.Hour
)

// idempotencyRow is the table idempotency.
type idempotencyRow struct {
	bun.BaseModel `bun:"table:idempotency"`

	ID          string    `bun:"id,pk"`
	Route       string    `bun:"route,notnull"`
	Fingerprint string    `bun:"fingerprint,notnull"`
	Response    []byte    `bun:"response"`
	CreatedAt   time.Time `bun:"created_at,notnull"`
	ExpiresAt   time.Time `bun:"expires_at,notnull"`
}

type idempotency struct {
	db     *database.DB
	sealer sealer
	now    func() time.Time
}

// unsettledCall is one unsafe call under way.
type unsettledCall struct {
	keeper      *idempotency
	route       string
	prefix      [32]byte // digest of method, address and query
	scope, key  string   // key is empty when the caller sent none
	perBody     bool     // see bodyKnown
	id          string
	fingerprint string // empty until the body is known
	replay      *storedResponse
	refusal     *problem.Error
	stop        context.CancelCauseFunc // ends the handler's work once the call is known to be answered
}

// errAnswered leaves a handler when the call was answered before.
var errAnswered = errors.New("the call was answered before")

// FormKey is the field of a page's form, or the parameter of its address, that does
// for a browser what Idempotency-Key does for a program.
const FormKey = "idempotency_key"

// formKeys finds the key of a page's form: in the form, and for uploads, whose body
// is read only later, in the address.
func formKeys(r *http.Request, body []byte) []string {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && media == "application/x-www-form-urlencoded" {
		if form, err := url.ParseQuery(string(body)); err == nil {
			return form[FormKey]
		}
		return nil
	}
	return r.URL.Query()[FormKey]
}

// open reads the caller's key.
func (k *idempotency) open(c *gin.Context, req *request, body []byte) (*unsettledCall, error) {
	u := &unsettledCall{keeper: k, route: req.route.ID, scope: scopeOf(c.Request.Context(), req.caller)}
	u.prefix = sha256.Sum256([]byte(c.Request.Method + "\x00" + c.Request.URL.Path + "\x00" + c.Request.URL.RawQuery))
	u.perBody = req.route.page
	keys := c.Request.Header.Values(idempotencyHeader)
	if req.route.page && len(keys) == 0 {
		keys = formKeys(c.Request, body)
	}
	if len(keys) == 0 {
		return u, nil
	}
	if len(keys) > 1 || !validKey(keys[0]) {
		return nil, problem.New(problem.Malformed, "idempotency_key_malformed",
			"An Idempotency-Key is 16 to 255 visible ASCII characters; a new random UUID for each call is best.")
	}
	u.setKey(keys[0])
	return u, nil
}

func (u *unsettledCall) setKey(key string) {
	u.key, u.id = key, u.keeper.sealer.rowID(u.scope, key)
}

func validKey(key string) bool {
	if len(key) < 16 || len(key) > 255 {
		return false
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}

// scopeOf keeps callers apart: one's key never finds another's answer.
func scopeOf(ctx context.Context, p accounts.Principal) string {
	if p.Kind == accounts.Anonymous {
		return "anonymous\x00" + AddressBlock(ctx)
	}
	return string(p.Kind) + "\x00" + p.ID
}

// bodyKnown sets the fingerprint. Who goes back to a
// form, corrects it and sends it again sends the same key with another body, and
// means another call: so a form's body is part of its key.
func (u *unsettledCall) bodyKnown(sum [32]byte) {
	if u.key == "" {
		u.fingerprint = "none"
		return
	}
	all := sha256.Sum256(append(u.prefix[:], sum[:]...))
	u.fingerprint = hex.EncodeToString(all[:])
	if u.perBody {
		u.setKey(u.key + " " + u.fingerprint)
	}
}

// earlierCall is a call that has been answered; that it is there is all that is read.
type earlierCall struct {
	bun.BaseModel `bun:"table:idempotency,alias:earlier"`

	ID string `bun:"id,pk"`
}

// expectation is the question for an earlier answer that went along with another query.
type expectation struct {
	id       string
	found    []*earlierCall
	foreseen *database.Foreseen
}

// foresee asks for an earlier answer to a call by the customer of a case together with
// the caller's session, before anybody knows who calls: whom it is not about asks again.
func (k *idempotency) foresee(ctx context.Context, req *request, header http.Header, caseID string) context.Context {
	keys := header.Values(idempotencyHeader)
	if len(keys) != 1 || !validKey(keys[0]) {
		return ctx
	}
	e := &expectation{id: k.sealer.rowID(scopeOf(ctx, accounts.Principal{Kind: accounts.Customer, ID: caseID}), keys[0])}
	ctx, e.foreseen = database.Foresee(ctx, database.ListOf(&e.found, "earlier.id = ?", e.id))
	req.earlier = e
	return ctx
}

// unknown says that nothing was there under the id a moment ago, without asking anew.
func (e *expectation) unknown(id string) bool {
	return e != nil && e.id == id && e.foreseen.Take() && len(e.found) == 0
}

// lookUp returns errAnswered when the call has been answered.
func (u *unsettledCall) lookUp(ctx context.Context) error {
	if u.key == "" || u.fingerprint == "" {
		return nil
	}
	var row idempotencyRow
	err := u.keeper.db.From(ctx).NewSelect().Model(&row).
		Where("id = ?", u.id).Where("expires_at > ?", u.keeper.stamp()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for an earlier answer: %w", database.Classify(err))
	}
	return u.answered(&row)
}

func (u *unsettledCall) answered(row *idempotencyRow) error {
	if u.stop != nil {
		defer u.stop(errAnswered)
	}
	if row.Route != u.route || row.Fingerprint != u.fingerprint {
		u.refusal = problem.New(problem.Invalid, "idempotency_key_reused",
			"This Idempotency-Key was used for a different call. Use a new key for each call, and the same only to repeat it unchanged.")
		return u.refusal
	}
	plain, err := u.keeper.sealer.open(u.scope, u.key, u.id, row.Response)
	if err == nil {
		u.replay, err = unpack(plain)
	}
	if err != nil {
		u.replay = nil
		u.refusal = problem.New(problem.Conflict, "already_done",
			"This call was carried out before, but its answer is no longer readable. Read the present state.").WithCause(err)
		return u.refusal
	}
	return errAnswered
}

// recordCall takes the caller's key. Where it is taken by a call that has been carried
// out, and whose day is not over, the time of creation becomes NULL, which fails the
// transaction: no result has to be waited for.
var recordCall = database.NewShape("INSERT INTO idempotency (id, route, fingerprint, created_at, expires_at) VALUES (?, ?, ?, ?, ?) " +
	"ON CONFLICT (id) DO UPDATE SET route = EXCLUDED.route, fingerprint = EXCLUDED.fingerprint, response = NULL, expires_at = EXCLUDED.expires_at, " +
	"created_at = CASE WHEN idempotency.expires_at <= EXCLUDED.created_at THEN EXCLUDED.created_at END")

// begin is the first statement of the call's transaction, and travels with the second.
// A concurrent identical call waits here until the first is committed or rolled back,
// and then fails; settle finds the first's answer.
func (u *unsettledCall) begin(ctx context.Context, tx bun.IDB) error {
	if u.key == "" {
		return nil
	}
	if u.fingerprint == "" {
		return fmt.Errorf("route %s began a transaction before it called server.BodyKnown", u.route)
	}
	now := u.keeper.stamp()
	err := u.keeper.db.RunShape(database.Later(ctx), tx, recordCall, u.id, u.route, u.fingerprint, now, now.Add(idempotencyKept))
	if err != nil {
		return fmt.Errorf("record the call: %w", err)
	}
	return nil
}

var keepAnswer = database.NewShape("UPDATE idempotency SET response = ? WHERE id = ?")

// keep stores the answer in the call's transaction.
func (u *unsettledCall) keep(ctx context.Context, tx bun.IDB, r storedResponse) error {
	if u.key == "" {
		return nil
	}
	plain, err := pack(r)
	if err != nil {
		return err
	}
	sealed, err := u.keeper.sealer.seal(u.scope, u.key, u.id, plain)
	if err != nil {
		return fmt.Errorf("seal the answer: %w", err)
	}
	if err := u.keeper.db.RunShape(database.Later(ctx), tx, keepAnswer, sealed, u.id); err != nil {
		return fmt.Errorf("store the answer: %w", err)
	}
	return nil
}

// forget removes the record of a refused call.
func (u *unsettledCall) forget(ctx context.Context, tx bun.IDB) error {
	if u.key == "" {
		return nil
	}
	if _, err := tx.NewDelete().Model((*idempotencyRow)(nil)).Where("id = ?", u.id).Exec(database.Later(ctx)); err != nil {
		return fmt.Errorf("forget a refused call: %w", database.Classify(err))
	}
	return nil
}

// BodyKnown gives the digest of what a raw route has received, before its first
// transaction. Its error must be returned as it is: the call was then answered
// before, and the middleware sends that answer again.
func BodyKnown(ctx context.Context, sum [32]byte) error {
	u := requestOf(ctx).unsettled
	if u == nil {
		return nil
	}
	u.bodyKnown(sum)
	if requestOf(ctx).earlier.unknown(u.id) {
		return nil // and an identical call that is under way is found out by the index
	}
	return u.lookUp(ctx) // before a file is stored once more
}

func (k *idempotency) stamp() time.Time { return k.now().UTC().Truncate(time.Microsecond) }

// purge removes records whose day is over.
func (k *idempotency) purge(ctx context.Context) error {
	_, err := k.db.NewDelete().Model((*idempotencyRow)(nil)).Where("expires_at <= ?", k.stamp()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("purge stored answers: %w", database.Classify(err))
	}
	return nil
}

package chaos

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"regain/database"
)

// hook is a webhook that a program has added, as its receiver knows it.
type hook struct {
	Path, ID, Secret string
	Types            []string
	// Disabled is one that was disabled before anything happened.
	Disabled bool
	// Moody is one whose receiver does not take everything at once.
	Moody bool
}

// told says whether the webhook is told of events of a type.
func (h hook) told(kind string) bool {
	return !h.Disabled && (slices.Contains(h.Types, "*") || slices.Contains(h.Types, kind))
}

// post is a message as it arrived at a webhook.
type post struct {
	Hook, ID, Body string
	// Taken: it was answered with 2xx.
	Taken bool
}

// receiver is where webhooks lead. It verifies every post as Standard Webhooks says,
// apart from the product's own code.
type receiver struct {
	*httptest.Server
	// offset is by how much the server's clock is wrong.
	offset time.Duration

	mu    sync.Mutex
	hooks []hook
	posts []post
	tries map[string]int // by webhook and message
	odd   []string       // what no post may look like
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{tries: map[string]int{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// wrong says by how much the server's clock is wrong from now on.
func (r *receiver) wrong(offset time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offset = offset
}

// ServeHTTP takes a post in, whether it is answered well or not.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil { // cut on its way: nothing has arrived
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	at := slices.IndexFunc(r.hooks, func(h hook) bool { return h.Path == request.URL.Path })
	if at < 0 {
		r.odd = append(r.odd, "a post to "+request.URL.Path+", where no webhook leads")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	h := r.hooks[at]
	if fault := r.verify(h, request, body); fault != "" {
		r.odd = append(r.odd, fault)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	id := request.Header.Get("webhook-id")
	r.tries[h.ID+"/"+id]++
	status := http.StatusNoContent
	if h.Moody {
		status = mood(id, r.tries[h.ID+"/"+id])
	}
	r.posts = append(r.posts, post{Hook: h.ID, ID: id, Body: string(body), Taken: status == http.StatusNoContent})
	w.WriteHeader(status)
}

// mood is how a moody receiver answers: of sixteen messages it takes four only when they
// come again, and one never.
func mood(id string, try int) int {
	switch sum := sha256.Sum256([]byte(id)); {
	case sum[0]%16 == 0:
		return http.StatusInternalServerError
	case sum[0]%16 <= 4 && try == 1:
		return http.StatusServiceUnavailable
	}
	return http.StatusNoContent
}

// verify says what is wrong with a post; "" when it is what the specification asks for.
func (r *receiver) verify(h hook, request *http.Request, body []byte) string {
	id, timestamp := request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp")
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h.Secret, "whsec_"))
	if err != nil || len(key) < 24 {
		return fmt.Sprintf("the secret of %s is of %d bytes: %v", h.ID, len(key), err)
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	late := time.Since(time.Unix(seconds, 0).Add(-r.offset)).Abs()
	switch {
	case id == "":
		return "a post without an id"
	case request.Method != http.MethodPost || request.Header.Get("Content-Type") != "application/json" || !json.Valid(body):
		return "a post that is no JSON: " + id
	case err != nil || late > 5*time.Minute:
		return fmt.Sprintf("the post %s is %s off its time", id, late)
	case !slices.ContainsFunc(strings.Fields(request.Header.Get("webhook-signature")), func(s string) bool { return hmac.Equal([]byte(s), []byte(want)) }):
		return "the post " + id + " is not signed by its webhook's secret"
	}
	return ""
}

// taken is what has arrived: the webhooks, the posts, twice what came twice, and what
// was odd.
func (r *receiver) taken() (hooks []hook, posts []post, odd []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.hooks), slices.Clone(r.posts), slices.Clone(r.odd)
}

var keyPattern = regexp.MustCompile(`Key: (\S+)`)

// subscribe has a program add webhooks, once, before anything happens: one that is told
// of everything, one of some types, whose receiver has moods, and one that is disabled.
func (w *world) subscribe() {
	w.t.Helper()
	if len(w.receiver.hooks) > 0 {
		return
	}
	made := keyPattern.FindStringSubmatch(w.server.Command(w.t, "", "key", "add", "Tickets", "--scope", "webhooks"))
	if made == nil {
		w.t.Fatal("no key was made")
	}
	program := &caller{w: w, ctx: w.t.Context(), address: w.newAddress(), token: made[1]}
	for _, h := range []hook{
		{Path: "/every", Types: []string{"*"}},
		{Path: "/some", Types: []string{"case.submitted", "case.approved", "case.denied", "item.decided"}, Moody: true},
		{Path: "/off", Types: []string{"*"}, Disabled: true},
	} {
		o, err := program.send("create-webhook", "", http.MethodPost, "/api/v1/webhooks", object{"url": w.hooksAt + h.Path, "description": h.Path, "types": h.Types})
		if err != nil {
			w.t.Fatalf("add a webhook: %v", err)
		}
		h.ID, h.Secret = o.Sub("webhook").Text("id"), o.Text("secret")
		if h.Disabled {
			if _, err := program.send("enable-webhook", "", http.MethodPut, "/api/v1/webhooks/"+h.ID+"/enabled", object{"enabled": false}); err != nil {
				w.t.Fatalf("disable a webhook: %v", err)
			}
		}
		w.receiver.mu.Lock()
		w.receiver.hooks = append(w.receiver.hooks, h)
		w.receiver.mu.Unlock()
	}
}

// mostAttempts is how often a delivery is tried before it is given up.
const mostAttempts = 20

// daysPass brings what a webhook did not take to the last of its attempts, which would
// come after one to two and a half days.
func (w *world) daysPass(db *database.DB) {
	w.t.Helper()
	_, err := db.NewRaw("UPDATE webhook_deliveries SET attempts = ?, next_attempt_at = ? WHERE state = 'queued' AND leased_until IS NULL AND attempts BETWEEN 1 AND ?",
		mostAttempts-1, time.Now().UTC().Add(-48*time.Hour), mostAttempts-2).Exec(w.t.Context())
	if err != nil {
		w.t.Logf("let days pass: %v", err) // the caller sees that they have not
	}
}

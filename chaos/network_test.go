package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"regain/internal/testservers"
)

// network has a proxy before each server that Regain talks to.
type network struct {
	t      *testing.T
	server *toxiproxy.ApiServer
	links  map[string]*toxiproxy.Proxy
	taps   map[string]*tap
}

func newNetwork(t *testing.T) *network {
	logger := zerolog.Nop()
	return &network{t: t, links: map[string]*toxiproxy.Proxy{}, taps: map[string]*tap{},
		server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), logger)}
}

// through puts a proxy before the host of an address and returns the proxy's.
func (n *network) through(name, address string) string {
	n.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		n.t.Fatal(err)
	}
	n.taps[name] = newTap(n.t, u.Host)
	p := toxiproxy.NewProxy(n.server, name, "127.0.0.1:0", n.taps[name].listener.Addr().String())
	if err := p.Start(); err != nil {
		n.t.Fatalf("proxy for %s: %v", name, err)
	}
	n.t.Cleanup(p.Stop)
	n.links[name] = p
	u.Host = p.Listen
	return u.String()
}

// toxic is one way of a network to fail.
type toxic struct {
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Toxicity   float32        `json:"toxicity"`
	Attributes map[string]any `json:"attributes"`
}

func toxics() []toxic {
	return []toxic{
		{"latency", "latency", "downstream", 1, map[string]any{"latency": 300, "jitter": 200}},
		{"reset", "reset_peer", "downstream", 0.5, map[string]any{"timeout": 40}},
		{"cut up", "limit_data", "upstream", 0.5, map[string]any{"bytes": 3000}},
		{"cut down", "limit_data", "downstream", 0.5, map[string]any{"bytes": 2000}},
		{"black hole", "timeout", "downstream", 1, map[string]any{"timeout": 0}},
	}
}

// poison breaks a link, and mends it when the returned function is called.
func (n *network) poison(link string, x toxic) (mend func()) {
	n.t.Helper()
	body, err := json.Marshal(x)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.links[link].Toxics.AddToxicJson(strings.NewReader(string(body))); err != nil {
		n.t.Fatalf("%s on %s: %v", x.Name, link, err)
	}
	return func() { n.links[link].Toxics.ResetToxics(context.Background()) }
}

// blackHole is how long silence lasts at least: longer than a call may take.
const blackHole = 3 * time.Second

// TestNetwork breaks the link to the database, the store, the mail server, the gateway
// of text messages and the webhooks, each in every way, while clients work. CHAOS_NETWORK is for how many
// milliseconds each time.
func TestNetwork(t *testing.T) {
	long(t)
	lasts := time.Duration(number(t, "CHAOS_NETWORK", 700)) * time.Millisecond
	w := newWorld(t)
	s3 := testservers.MinIO(t)
	w.database, w.store = testservers.Postgres(t), s3.URL(s3.Bucket())
	n := newNetwork(t)
	w.through(t.TempDir(), n.through("database", w.database), n.through("store", w.store),
		n.through("smtp", w.sink.smtp()), n.through("sms", w.sink.gateway()))
	w.hooksAt = n.through("webhooks", w.receiver.URL)
	w.server.Args = append(w.server.Args, "--request-timeout", "2s", "--upload-timeout", "4s")
	w.deadline, w.uploadDeadline = 4*time.Second, 6*time.Second // with a margin for the answer
	w.givingUp, w.twins = 0.05, true
	w.server.MustStart(t)
	db := w.open()
	reviewers := w.staff(4)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	clients := w.clients(ctx, 4, reviewers)
	for _, link := range []string{"database", "store", "smtp", "sms", "webhooks"} {
		for _, x := range toxics() {
			what := fmt.Sprintf("%s on %s", x.Name, link)
			w.hourPasses(db)
			used := n.taps[link].used.Load()
			mend := n.poison(link, x)
			during := lasts
			if x.Type == "timeout" {
				during = max(during, blackHole)
			}
			time.Sleep(during) // how long the fault lasts is what is tested, not a condition
			until(t, 20*time.Second, "something meets "+what, func() bool { return n.taps[link].used.Load() > used })
			mend()
			w.heals(what)
		}
	}
	if len(w.server.Starts) != 1 || !w.server.Running() {
		t.Fatalf("the server was to heal without a restart:\n%s", w.server.Output.Tail())
	}
	w.finish(db, stop, clients.Wait)
	w.assertSound(db, nil)
	t.Logf("the slowest attempt was %+v", w.ledger.slowest())
}

// heals wants clients to be answered again, and the server to be ready.
func (w *world) heals(after string) {
	w.t.Helper()
	before, statuses := w.answered(), w.ledger.statuses()
	began := time.Now()
	defer func() {
		if w.t.Failed() {
			w.t.Logf("answered well: %d; by status, before %v, after %v; ready: %v; the server said last:\n%s",
				w.answered()-before, statuses, w.ledger.statuses(), w.server.Ready(), w.server.Output.Tail())
		}
	}()
	until(w.t, 30*time.Second, "the server heals after "+after, func() bool { return w.answered() >= before+3 && w.server.Ready() })
	w.t.Logf("%s: healed after %s", after, time.Since(began).Round(time.Millisecond))
}

package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"regain/database"
	"regain/internal/regaintest"
	"regain/internal/testservers"
	"regain/storage"
)

// masterSecret is the test servers' own.
const masterSecret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// world is a server under test with everything around it: where its data are, where
// its mail goes, and what its clients have written down.
type world struct {
	t      *testing.T
	server *regaintest.Process
	ledger *ledger
	sink   *sink
	// receiver is where webhooks lead, and hooksAt its address or that of a proxy before it.
	receiver *receiver
	hooksAt  string
	http     *http.Client
	// database and store are where the checker reads, past any proxy.
	database, store string

	// deadline is by when every call must be answered, and uploadDeadline the same of uploads.
	deadline, uploadDeadline time.Duration
	// patience caps how long a client waits when it is told to come later.
	patience time.Duration
	// givingUp is how often a client leaves a call whose outcome is unknown.
	givingUp float64
	// twins has some calls sent again when they were answered.
	twins bool
	// allowed are refusals that a run explains, beside 429 and 503.
	allowed []int

	mu        sync.Mutex
	random    *rand.Rand
	keys      int
	addresses int
	reviewers int
}

// newWorld is a world without a server yet.
func newWorld(t *testing.T) *world {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, MaxIdleConns: 512,
		IdleConnTimeout: 2 * time.Second} // below the server's 5 s for a connection that was never used
	t.Cleanup(transport.CloseIdleConnections)
	receiver := newReceiver(t)
	return &world{t: t, ledger: &ledger{}, sink: newSink(t), receiver: receiver, hooksAt: receiver.URL, http: &http.Client{Transport: transport},
		deadline: 35 * time.Second, uploadDeadline: 35 * time.Second, patience: 100 * time.Millisecond, random: chance(t)}
}

// onDisk is the embedded default's data, with mail that really leaves.
func onDisk(t *testing.T) *world {
	w := newWorld(t)
	dir := t.TempDir()
	w.prepare(dir, "sqlite:"+filepath.Join(dir, "regain.db"), "file:"+filepath.Join(dir, "documents"))
	return w
}

// onServers is Postgres and MinIO.
func onServers(t *testing.T) *world {
	w := newWorld(t)
	s3 := testservers.MinIO(t)
	w.prepare(t.TempDir(), testservers.Postgres(t), s3.URL(s3.Bucket()))
	return w
}

// prepare says how the server is started; its data are where the checker reads.
func (w *world) prepare(dir, database, store string) {
	w.database, w.store = database, store
	w.through(dir, database, store, w.sink.smtp(), w.sink.gateway())
}

// through starts the server on addresses that may be those of proxies.
func (w *world) through(dir, database, store, smtp, sms string) {
	binary, err := breakable()
	if err != nil {
		w.t.Fatal(err)
	}
	w.server = regaintest.NewProcess(w.t, binary, dir)
	w.server.Args = []string{"--trusted-proxies", "127.0.0.0/8"}
	w.server.Env = []string{
		"REGAIN_DATABASE_URL=" + database, "REGAIN_STORAGE_URL=" + store, "REGAIN_SECRET=" + masterSecret,
		"REGAIN_SMTP_URL=" + smtp, "REGAIN_MAIL_FROM=Regain <no-reply@regain.example>",
		"REGAIN_SMS_URL=" + sms, "REGAIN_SMS_SECRET=" + smsSecret, "REGAIN_WEBHOOKS_ANYWHERE=true", "REGAIN_LOG_FORMAT=json",
	}
}

// stacks runs a test on both.
func stacks(t *testing.T, test func(*testing.T, *world)) {
	t.Run("sqlite-disk", func(t *testing.T) { test(t, onDisk(t)) })
	t.Run("postgres-minio", func(t *testing.T) { test(t, onServers(t)) })
}

func (w *world) newKey() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keys++
	return fmt.Sprintf("chaos-key-%012d", w.keys)
}

// newAddress is another client's, so that no limit of one address is met.
func (w *world) newAddress() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addresses++
	return fmt.Sprintf("10.%d.%d.%d", w.addresses>>16&255, w.addresses>>8&255, w.addresses&255)
}

func (w *world) maybe(likelihood float64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.Float64() < likelihood
}

func (w *world) draw(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(n)
}

func (w *world) gaveUp() bool { return w.givingUp > 0 && w.maybe(w.givingUp) }

// open opens the database as the checker does.
func (w *world) open() *database.DB {
	w.t.Helper()
	db, err := database.Open(context.Background(), database.Config{URL: w.database, MaxOpen: 3})
	if err != nil {
		w.t.Fatalf("open the database: %v", err)
	}
	w.t.Cleanup(func() { _ = db.Close() })
	return db
}

func (w *world) openStore() storage.Store {
	w.t.Helper()
	s, err := storage.OpenStore(context.Background(), w.store)
	if err != nil {
		w.t.Fatalf("open the store: %v", err)
	}
	return s
}

// timePasses ends what only waits for time: the leases of messages and deliveries whose worker was
// killed, and the hour of every limit. The server must be down.
func (w *world) timePasses(db *database.DB) {
	w.t.Helper()
	now := time.Now().UTC().Add(-time.Second)
	for _, q := range []string{
		"UPDATE outbox SET leased_until = NULL, next_attempt_at = ? WHERE state = 'queued'", "DELETE FROM limits WHERE ends_at > ?",
		"UPDATE webhook_deliveries SET leased_until = NULL, next_attempt_at = ? WHERE state = 'queued'",
	} {
		if _, err := db.NewRaw(q, now).Exec(context.Background()); err != nil && !strings.Contains(err.Error(), "no such table") {
			w.t.Fatalf("let time pass: %v", err)
		}
	}
}

// hourPasses forgets what counts against an hour's limits, such as that of text messages: clients
// who do in minutes what many do in hours meet them.
func (w *world) hourPasses(db *database.DB) {
	w.t.Helper()
	if _, err := db.NewRaw("DELETE FROM limits").Exec(w.t.Context()); err != nil {
		w.t.Logf("forget limits: %v", err) // the caller sees that clients are refused
	}
}

// quiet waits until every message has left or was given up, for as long as there are fewer
// and fewer: how many leave in a time depends on the machine.
func (w *world) quiet(db *database.DB) {
	w.t.Helper()
	const patience = 30 * time.Second
	fewest, since := -1, time.Now()
	for ; time.Since(since) < patience; time.Sleep(10 * time.Millisecond) {
		var messages, deliveries int
		err := db.NewRaw("SELECT (SELECT count(*) FROM outbox WHERE state = 'queued'), (SELECT count(*) FROM webhook_deliveries WHERE state = 'queued')").
			Scan(context.Background(), &messages, &deliveries)
		if err != nil {
			continue
		}
		if messages+deliveries == 0 {
			return
		}
		if deliveries > 0 {
			w.daysPass(db)
		}
		if fewest < 0 || messages+deliveries < fewest {
			fewest, since = messages+deliveries, time.Now()
		}
	}
	w.t.Fatalf("%d messages and deliveries have not left, and none did for %s", fewest, patience)
}

// clients runs n of them until ctx ends, each one case after the other.
func (w *world) clients(ctx context.Context, n int, reviewers []string) *sync.WaitGroup {
	var all sync.WaitGroup
	for k := range n {
		all.Go(func() {
			for ctx.Err() == nil {
				w.story(ctx, reviewers[k%len(reviewers)])
			}
		})
	}
	return &all
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

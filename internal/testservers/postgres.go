package testservers

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// postgresServer is the one scratch cluster of this process.
var postgresServer struct {
	sync.Mutex
	tried     bool
	url       string // of the maintenance database "postgres"
	err       error
	strategy  string            // how its databases are copied
	templates map[string]string // key → name of the prepared database
}

// errNotInstalled says that a server's binaries are not on this machine.
var errNotInstalled = errors.New("not installed")

// Postgres returns the URL of a new, empty database on a real Postgres server.
// The first call of a process starts a scratch cluster (fsync off, loopback
// only), unless REGAIN_TEST_POSTGRES_URL names a server whose role may create
// databases. The database is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	server := postgresURL(t)
	return createDatabase(t, server, "")
}

// PostgresTemplate returns the URL of a new database that is a copy of one made
// by prepare, which runs once in a process for each key. Copying is much
// faster than migrating each time.
func PostgresTemplate(t testing.TB, key string, prepare func(url string) error) string {
	t.Helper()
	server := postgresURL(t)
	template, err := postgresTemplate(server, key, prepare)
	if err != nil {
		t.Fatalf("prepare the template database: %v", err)
	}
	return createDatabase(t, server, template)
}

func postgresTemplate(server, key string, prepare func(url string) error) (string, error) {
	postgresServer.Lock()
	defer postgresServer.Unlock()
	if name, ok := postgresServer.templates[key]; ok {
		return name, nil
	}
	name := scratchName()
	if err := execute(server, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	stopAtEnd(func() { _ = execute(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	if err := prepare(withDatabase(server, name)); err != nil {
		return "", err
	}
	if postgresServer.templates == nil {
		postgresServer.templates = map[string]string{}
	}
	postgresServer.templates[key] = name
	return name, nil
}

func postgresURL(t testing.TB) string {
	t.Helper()
	postgresServer.Lock()
	defer postgresServer.Unlock()
	if !postgresServer.tried {
		postgresServer.tried = true
		if given := os.Getenv("REGAIN_TEST_POSTGRES_URL"); given != "" {
			postgresServer.url = given
		} else {
			postgresServer.url, postgresServer.err = startPostgres(memoryDirectory(), careless())
			postgresServer.strategy = copyStrategy()
		}
	}
	switch err := postgresServer.err; {
	case errors.Is(err, errNotInstalled):
		unavailable(t, "Postgres: %v", err)
	case err != nil:
		t.Fatalf("start Postgres: %v", err)
	}
	return postgresServer.url
}

func createDatabase(t testing.TB, server, template string) string {
	t.Helper()
	name := scratchName()
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template + postgresServer.strategy
	}
	if err := execute(server, statement); err != nil {
		t.Fatalf("create a scratch database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Logf("drop the scratch database: %v", err)
		}
	})
	return withDatabase(server, name)
}

// execute runs one statement on the maintenance database.
func execute(server, statement string) error {
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(server), pgdriver.WithTimeout(60*time.Second)))
	defer func() { _ = db.Close() }()
	_, err := db.ExecContext(context.Background(), statement)
	return err
}

func withDatabase(server, name string) string {
	parsed, err := url.Parse(server)
	if err != nil {
		return server
	}
	parsed.Path = "/" + name
	return parsed.String()
}

func scratchName() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return "regain_test_" + hex.EncodeToString(b[:])
}

// PostgresOnDisk returns the URL of a new, empty database on a server of its own that
// keeps its promises: what is committed is on the disk. For measurements, where
// that must be paid for. The server ends with the process.
func PostgresOnDisk(t testing.TB) string {
	t.Helper()
	server, err := startPostgres("", []string{"shared_buffers=256MB"})
	switch {
	case errors.Is(err, errNotInstalled):
		unavailable(t, "Postgres: %v", err)
	case err != nil:
		t.Fatalf("start Postgres: %v", err)
	}
	return createDatabase(t, server, "")
}

// careless are the settings of a server whose data nobody will miss.
func careless() []string {
	return []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "autovacuum=off",
		"dynamic_shared_memory_type=mmap"} // in the scratch directory, so that nothing is left behind
}

// startPostgres makes a cluster in a new directory under parent and starts it.
func startPostgres(parent string, settings []string) (string, error) {
	bin, err := postgresBinaries()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "regain-postgres-")
	if err != nil {
		return "", fmt.Errorf("scratch directory: %w", err)
	}
	attributes, err := postgresAttributes(dir)
	if err != nil {
		return "", err
	}
	if err := initCluster(bin, dir, attributes); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	server, err := runPostgres(bin, dir, attributes, settings)
	if err != nil {
		_ = os.RemoveAll(dir)
	}
	return server, err
}

// memoryDirectory is a file system in memory with room for a cluster, or "" for
// the usual temporary directory. A new database is some 300 files, which on a
// disk take most of the time of a test.
func memoryDirectory() string {
	const dir, room = "/dev/shm", 1 << 30
	var system syscall.Statfs_t
	if err := syscall.Statfs(dir, &system); err != nil || system.Bavail*uint64(system.Bsize) < room {
		return ""
	}
	probe, err := os.MkdirTemp(dir, "regain-probe-")
	if err != nil {
		return ""
	}
	_ = os.Remove(probe)
	return dir
}

// copyStrategy has the server copy the files of a database, which in memory takes a third less than to write every page
// of it to the log, as servers do since version 15, the first that can be told.
func copyStrategy() string {
	bin, err := postgresBinaries()
	if err != nil || postgresMajor(filepath.Join(bin, "initdb")) < 15 {
		return ""
	}
	return " STRATEGY FILE_COPY"
}

// postgresBinaries is the directory that holds initdb and postgres.
func postgresBinaries() (string, error) {
	matches, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(matches, func(a, b string) int { return postgresMajor(b) - postgresMajor(a) })
	for _, match := range matches {
		if dir := filepath.Dir(match); isExecutable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", fmt.Errorf("initdb is neither under /usr/lib/postgresql nor in PATH: %w", errNotInstalled)
}

func postgresMajor(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// postgresAttributes has the server run in its own process group, and as the
// user postgres when the tests run as root, as the server refuses to.
func postgresAttributes(dir string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("run as root without a user postgres: %w", errNotInstalled)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user id of postgres: %w", err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group id of postgres: %w", err)
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, fmt.Errorf("give the scratch directory to postgres: %w", err)
	}
	return attributes, nil
}

func initCluster(bin, dir string, attributes *syscall.SysProcAttr) error {
	cmd := exec.CommandContext(context.Background(), filepath.Join(bin, "initdb"), "--pgdata", filepath.Join(dir, "data"),
		"--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.SysProcAttr = attributes
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// guard runs the server until its standard input ends, which also happens when
// the test process dies without a word; then it stops the server and removes
// the scratch directory ($0).
const guard = `"$@" </dev/null >"$0/log" 2>&1 & p=$!
cat >/dev/null
kill -INT $p 2>/dev/null
wait $p
cd / && rm -rf "$0"`

func runPostgres(bin, dir string, attributes *syscall.SysProcAttr, settings []string) (string, error) {
	port, release, err := reservePort()
	if err != nil {
		return "", err
	}
	args := []string{"-c", guard, dir, filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data")}
	settings = append([]string{"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port),
		"unix_socket_directories=" + dir, "max_connections=120"}, settings...)
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", args...)
	cmd.SysProcAttr = attributes
	cmd.Dir = dir
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		release()
		return "", fmt.Errorf("start postgres: %w", err)
	}
	stop := func() { stopGuard(stdin, cmd); release() }
	server := fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", loopback(port))
	if err := waitForPostgres(server); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		stop()
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(log))
	}
	stopAtEnd(stop)
	return server, nil
}

func stopGuard(stdin io.Closer, cmd *exec.Cmd) {
	_ = stdin.Close()
	_ = cmd.Wait()
}

func waitForPostgres(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := execute(server, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres did not answer in 30 s: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

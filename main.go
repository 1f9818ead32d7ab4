// Command regain runs account recovery: the server, and the tools of operators and
// policy authors.
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"regain/problem"
	"regain/rules/rulescmd"
)

// defaultPolicy is rules.yaml with its translations, for a binary without files.
//
//go:embed rules.yaml rules.*.yaml
var defaultPolicy embed.FS

// commands are the whole command line. Every flag can be set by the environment
// variable that its help names.
type commands struct {
	Serve        serveCommand         `cmd:"" help:"Run the server. Without flags: SQLite and local disk in ./data, on http://127.0.0.1:8080."`
	User         userCommands         `cmd:"" help:"Members of staff."`
	Organisation organisationCommands `cmd:"" help:"Organisations of resellers and partners."`
	Key          keyCommands          `cmd:"" help:"API keys of programs."`
	Outbox       outboxCommands       `cmd:"" help:"Messages on their way out."`
	Rules        rulescmd.Commands    `cmd:"" help:"Policies: check one, decide by one, run its tests."`
	Audit        auditCommands        `cmd:"" help:"The record of what happened."`
	Migrate      migrateCommand       `cmd:"" help:"Bring the database's tables up to date. The server does this at its start, too."`
	Version      versionCommand       `cmd:"" help:"Say which version this is."`
}

// terminal is where commands read and write.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	isTTY    bool // in is a terminal
	outTTY   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, isTTY: isTerminal(os.Stdin), outTTY: isTerminal(os.Stdout)}))
}

// run carries out one command and returns the exit status: 0, 1 when it failed, 2
// when it was called wrongly.
func run(ctx context.Context, args []string, t terminal) (status int) {
	var c commands
	parser, err := kong.New(&c,
		kong.Name("regain"),
		kong.Description("Account recovery as a case-management system that a policy file drives."),
		kong.Writers(t.out, t.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Tree: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(t), kong.BindTo(t.out, (*io.Writer)(nil)),
		kong.Exit(func(code int) { panic(exit(code)) }),
	)
	if err != nil {
		_, _ = fmt.Fprintln(t.err, "regain:", err)
		return 2
	}
	defer func() { // --help ends the parser by its Exit
		switch r := recover().(type) {
		case nil:
		case exit:
			status = int(r)
		default:
			panic(r)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(t.err, "regain: %v\nSee regain --help.\n", err)
		return 2
	}
	if err := command.Run(); err != nil {
		var status rulescmd.Status // such a command has said everything itself
		if errors.As(err, &status) {
			return int(status)
		}
		explain(t.err, err)
		return 1
	}
	return 0
}

// exit carries a status out of the parser.
type exit int

// explain says what went wrong, with each bad input of a problem on its own line.
func explain(w io.Writer, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	p, ok := problem.As(err)
	if !ok {
		_, _ = fmt.Fprintln(w, "regain:", err)
		return
	}
	_, _ = fmt.Fprintln(w, "regain:", p.Detail)
	for _, f := range p.Fields {
		_, _ = fmt.Fprintf(w, "  %s: %s\n", f.Pointer, f.Message)
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

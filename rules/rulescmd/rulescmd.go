// Package rulescmd is the command line of policies: check, decide and test. Its
// structs are mounted by kong; the functions below them take a writer and return
// an exit status.
package rulescmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"regain/rules"
)

// Exit statuses.
const (
	OK     = 0
	Failed = 1 // the policy has faults, or a test failed
	Usage  = 2 // the command was used wrongly, or a file cannot be read
)

// Commands are the subcommands of `rules`.
type Commands struct {
	Check   CheckCommand   `cmd:"" help:"Check a policy: report every fault, or what it covers."`
	Decide  DecideCommand  `cmd:"" help:"Decide what a policy asks under answers."`
	Test    TestCommand    `cmd:"" help:"Run the tests that lie beside a policy."`
	Compare CompareCommand `cmd:"" help:"Show under which answers two policies decide otherwise."`
}

// Status is the error that Run methods return for an exit status other than OK.
// Everything has been said by then: main only exits with it.
type Status int

// Error implements error.
func (s Status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func status(code int) error {
	if code == OK {
		return nil
	}
	return Status(code)
}

// CheckCommand is `rules check`.
type CheckCommand struct {
	File string `arg:"" help:"The policy, such as rules.yaml."`
}

// Run checks the policy and prints to out.
func (c *CheckCommand) Run(out io.Writer) error { return status(Check(out, c.File)) }

// DecideCommand is `rules decide`.
type DecideCommand struct {
	File    string   `arg:"" help:"The policy, such as rules.yaml."`
	Answers []string `arg:"" optional:"" placeholder:"FACT=VALUE" help:"Answers: yes or no, numbers, ids; sets with commas between ids."`
	JSON    bool     `name:"json" help:"Print the decision as JSON."`
	Locale  string   `default:"" help:"Language of the texts."`
}

// Run decides and prints to out.
func (c *DecideCommand) Run(out io.Writer) error {
	return status(Decide(out, c.File, c.Answers, DecideOptions{JSON: c.JSON, Locale: c.Locale}))
}

// TestCommand is `rules test`.
type TestCommand struct {
	File  string `arg:"" help:"The policy, such as rules.yaml."`
	Tests string `type:"existingfile" help:"The tests; rules.tests.yaml beside rules.yaml by default."`
}

// Run tests the policy and prints to out.
func (c *TestCommand) Run(out io.Writer) error { return status(Test(out, c.File, c.Tests)) }

// load reads and compiles a policy. After faults, which it prints, the policy is
// nil and the status says why.
func load(out io.Writer, file string) (*rules.Policy, int) {
	b, err := rules.ReadBundle(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		fmt.Fprintln(out, err)
		return nil, Usage
	}
	p, err := rules.Compile(b)
	if err != nil {
		printFaults(out, filepath.Dir(file), err)
		return nil, Failed
	}
	return p, OK
}

// printFaults prints faults with paths that an editor can open.
func printFaults(out io.Writer, dir string, err error) {
	var faults rules.Faults
	ok := errors.As(err, &faults)
	if !ok {
		fmt.Fprintln(out, err)
		return
	}
	for _, f := range faults {
		f.File = filepath.Join(dir, f.File)
		fmt.Fprintf(out, "%s:%d:%d: %s: %s\n", f.File, f.Line, f.Column, f.Code, f.Message)
		if f.Hint != "" {
			fmt.Fprintf(out, "    %s\n", f.Hint)
		}
	}
	fmt.Fprintf(out, "\n%s\n", plural(len(faults), "fault"))
}

// plural counts things in words.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func indent(depth int) string { return strings.Repeat("  ", depth) }

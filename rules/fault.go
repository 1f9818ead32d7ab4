package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with a policy's files, for its author.
type Fault struct {
	// File is the name of the file as the bundle names it.
	File string `json:"file"`
	// Line and Column count from 1; columns count characters. Both are 0 when the
	// fault has no single place.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Code is stable and machine-readable, such as "unknown_key".
	Code string `json:"code"`
	// Message says what is wrong.
	Message string `json:"message"`
	// Hint says what to write instead; it may be empty.
	Hint string `json:"hint,omitempty"`
}

// String gives the fault as one line: file:line:column: code: message (hint).
func (f Fault) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s: %s", f.File, f.Line, f.Column, f.Code, f.Message)
	if f.Hint != "" {
		s += " (" + f.Hint + ")"
	}
	return s
}

// Faults are all faults of a policy at once, in file and line order. Compile
// returns it as its error.
type Faults []Fault

// Error gives all faults, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// sorted orders faults by place and drops repetitions. The base file comes first.
func (fs Faults) sorted(base string) Faults {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		if (a.File == base) != (b.File == base) {
			if a.File == base {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return slices.Compact(fs)
}

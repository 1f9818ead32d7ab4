package server

import (
	_ "embed" // the list of codes
	"regexp"
	"strings"

	"regain/problem"
)

// The list is made from the source by TestEveryProblemIsListed, which fails when a
// code is missing or gone: go test ./server -run TestEveryProblemIsListed -update.
//
//go:embed problems.tsv
var problemsTSV string

// Code is one stable code of a problem, for the page that explains them.
type Code struct {
	Code, Title string
	Status      int
	// Detail is the wording of one occurrence.
	Detail string
}

// verbs are the places that an occurrence fills in.
func verbs() *regexp.Regexp { return regexp.MustCompile(`%[a-zA-Z]`) }

// Codes are all codes that the product can answer, sorted.
func Codes() []Code {
	var codes []Code
	for line := range strings.Lines(problemsTSV) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) == 3 {
			codes = append(codes, Code{Code: fields[0], Title: titleOf(fields[0]), Status: statusOf(problem.Kind(fields[1])), Detail: verbs().ReplaceAllString(fields[2], "…")})
		}
	}
	return codes
}

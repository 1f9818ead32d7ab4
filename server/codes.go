package server

import (
	_ "embed" // the list of codes
	"regexp"
	"strings"
	"sync"

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

// Which problems each operation can come to, and, as the operation "*", which every one can. The list
// is made from the source by TestProblemsOfOperations, and the fuzzer holds the answers against it:
// go test ./server/api -run TestProblemsOfOperations -update.
//
//go:embed operation_problems.tsv
var operationProblemsTSV string

// everyOperation stands for all in the list.
const everyOperation = "*"

var problemsByOperation = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(operationProblemsTSV) {
		id, codes, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		all[id] = strings.Fields(codes)
	}
	return all
})

// ProblemsOf are the codes that an operation of the API may answer, those of every operation left
// out.
func ProblemsOf(operation string) []string { return problemsByOperation()[operation] }

// ProblemsOfAll are the codes that every operation may answer.
func ProblemsOfAll() []string { return problemsByOperation()[everyOperation] }

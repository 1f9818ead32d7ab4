package server

import (
	"strconv"
	"strings"

	"regain/problem"
)

// ETag is the strong entity tag of a version of something that changes one
// version at a time, such as a case.
func ETag(version int64) string {
	return `"` + strconv.FormatInt(version, 10) + `"`
}

// Conditional is embedded in the input of a generated route whose call must name
// the version that it changes.
type Conditional struct {
	IfMatch string `header:"If-Match" doc:"The ETag that you last read. Without it the answer is 428; when someone else has changed it since, 412." example:"\"7\""`
}

// NoVersion is what If-Match names when it is no tag of ours: nothing has this
// version, so whatever compares it answers as to any stale one.
const NoVersion int64 = -1

// Version is the version that the caller has seen, for the domain to compare inside
// its transaction. A missing header is the problem if_match_required (428). "*" is
// refused, too, because it would overwrite what nobody has looked at.
func (c Conditional) Version() (int64, error) {
	header := strings.TrimSpace(c.IfMatch)
	if header == "" || header == "*" {
		return 0, problem.New(problem.PreconditionRequired, "if_match_required",
			"Send If-Match with the ETag that you last read, so that nobody's change is overwritten.")
	}
	// Tags are compared byte for byte: "+7" and "07" are none of ours. Versions begin at 1.
	version, err := strconv.ParseInt(strings.Trim(header, `"`), 10, 64)
	if err == nil && version > 0 && ETag(version) == header {
		return version, nil
	}
	return NoVersion, nil
}

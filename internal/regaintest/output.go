package regaintest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Output collects what a process prints while a test reads it.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Tail is the end of the output, for messages.
func (o *Output) Tail() string {
	s := o.String()
	return s[max(0, len(s)-6000):]
}

// Errors are the complaints in a log of JSON lines, each kind once with its number.
func (o *Output) Errors() string {
	seen := map[string]int{}
	for line := range strings.Lines(o.String()) {
		var entry struct{ Level, Msg, Route, Error string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Error != "" {
			seen[fmt.Sprintf("%s %s %s %s", entry.Level, entry.Msg, entry.Route, entry.Error)]++
		}
	}
	var out strings.Builder
	for _, text := range slices.Sorted(maps.Keys(seen)) {
		_, _ = fmt.Fprintf(&out, "%d × %s\n", seen[text], text)
	}
	return out.String()
}

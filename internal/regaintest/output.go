package regaintest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
)

// Output collects what a process prints while a test reads it.
type Output struct {
	// Path is a file that the process writes itself, where whoever reads along would
	// take time from what is measured. Empty keeps it in memory.
	Path string

	mu  sync.Mutex
	buf bytes.Buffer
}

// writer is what the process gets, and what to close once it has it.
func (o *Output) writer() (io.Writer, io.Closer, error) {
	if o.Path == "" {
		return o, io.NopCloser(nil), nil
	}
	f, err := os.OpenFile(o.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return f, f, err
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *Output) String() string {
	if o.Path != "" {
		b, _ := os.ReadFile(o.Path) // a process that was not started has printed nothing
		return string(b)
	}
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

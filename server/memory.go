package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// What a memory holds at most: so many answers, each to a call of so many bytes and
// itself of so many.
const (
	mostAnswers      = 512
	mostOfAnswer     = 64 << 10
	mostOfRemembered = 2 << 10
)

// memory keeps answers of routes that say Remembers: they are the same whoever asks,
// byte for byte, for as long as what the route names stays the same. When it is full
// one makes room by chance: whoever tries many calls makes other calls as slow as they
// are without it, and fills nothing.
type memory struct {
	mu    sync.RWMutex
	known map[string]*kept
}

// kept is a remembered answer, also as gzip, which is made once.
type kept struct {
	header http.Header
	plain  []byte
	short  func() []byte // nil when gzip makes it no shorter
}

func (m *memory) get(key []byte) *kept {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.known[string(key)]
}

func (m *memory) put(key []byte, a *kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = make(map[string]*kept)
	}
	for other := range m.known {
		if len(m.known) < mostAnswers {
			break
		}
		delete(m.known, other)
	}
	m.known[string(key)] = a
}

// memoryKey is everything that a remembered answer depends on; nil for a call that is
// too long to be remembered. No part but the last can hold its separator.
func memoryKey(c *gin.Context, req *request, body []byte) []byte {
	accept := c.Request.Header.Get("Accept")
	state := req.route.Remembers()
	parts := [...]string{c.Request.Method, c.Request.URL.EscapedPath(), c.Request.URL.RawQuery, accept, req.locale, string(req.caller.Kind), state}
	size := len(parts) + len(body)
	for _, part := range parts {
		size += len(part)
	}
	if size > mostOfRemembered {
		return nil
	}
	key := make([]byte, 0, size)
	for _, part := range parts {
		key = append(append(key, part...), 0)
	}
	return append(key, body...)
}

// Remember says that the answer being made may be kept: it holds nothing that anybody
// typed, and is the same for everybody of the caller's kind.
func Remember(ctx context.Context) { requestOf(ctx).remember = true }

// keep remembers an answer that may be; nil when it may not.
func (m *memory) keep(req *request, held *bufferedWriter) *kept {
	if !req.remember || req.memoryKey == nil || held.status != http.StatusOK || held.body.Len() > mostOfAnswer {
		return nil
	}
	a := &kept{header: maps.Clone(held.header), plain: slices.Clone(held.body.Bytes())}
	a.short = sync.OnceValue(func() []byte { return Compress(a.plain) })
	m.put(req.memoryKey, a)
	return a
}

// send answers with what is remembered.
func (a *kept) send(c *gin.Context) {
	h := c.Writer.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h["Vary"] = append(h["Vary"], "Accept-Encoding")
	body := a.plain
	if AcceptsGzip(c.Request.Header.Values("Accept-Encoding")) {
		if short := a.short(); short != nil {
			h.Set("Content-Encoding", "gzip")
			body = short
		}
	}
	sendWhole(c, http.StatusOK, body)
}

// Compress is content in gzip, as short as it gets; nil when that is no shorter.
func Compress(content []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(content); err != nil || w.Close() != nil || out.Len() >= len(content) {
		return nil
	}
	return out.Bytes()
}

// AcceptsGzip reads the headers Accept-Encoding.
func AcceptsGzip(headers []string) bool {
	for _, header := range headers {
		for coding := range strings.SplitSeq(header, ",") {
			name, q, weighed := strings.Cut(strings.TrimSpace(coding), ";")
			q = strings.ReplaceAll(q, " ", "")
			refused := weighed && slices.Contains([]string{"q=0", "q=0.0", "q=0.00", "q=0.000"}, q)
			if strings.EqualFold(strings.TrimSpace(name), "gzip") && !refused {
				return true
			}
		}
	}
	return false
}

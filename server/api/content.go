package api

import (
	"maps"
	"net/http"

	"regain/problem"
)

// contentWriter holds back what http.ServeContent would refuse a call with, which is
// plain text, so that it can be answered as a problem.
type contentWriter struct {
	http.ResponseWriter
	header  http.Header
	refused int // a status of 400 or more, of which nothing was sent
}

// Header implements http.ResponseWriter.
func (w *contentWriter) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *contentWriter) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.refused = status
		return
	}
	sent := w.ResponseWriter.Header()
	clear(sent)
	maps.Copy(sent, w.header)
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *contentWriter) Write(p []byte) (int, error) {
	if w.refused != 0 {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection's deadlines.
func (w *contentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refusal is the problem to answer when nothing was sent.
func (w *contentWriter) refusal() error {
	switch w.refused {
	case 0:
		return nil
	case http.StatusPreconditionFailed:
		return problem.New(problem.PreconditionFailed, "precondition_failed", "The file is not, or no longer, what the call's conditions say.")
	}
	if r := w.header.Get("Content-Range"); r != "" {
		w.ResponseWriter.Header().Set("Content-Range", r)
	}
	return problem.New(problem.OutOfRange, "range_not_satisfiable", "The file has no such bytes, or the range can't be read. Content-Range says how long it is.")
}

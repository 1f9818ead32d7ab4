package server

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
)

// storedResponse is what the column response holds, packed and sealed.
type storedResponse struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body,omitempty"`
}

// packer makes long answers as short as can be done quickly: they are kept for a day, and
// every byte of them is written several times, by the database too.
type packer struct{ free sync.Pool }

// worthPacking is from which size on an answer is packed, in bytes: below, that takes longer than
// writing what it saves.
const worthPacking = 1500

// pack writes an answer, a long one as gzip: the status and the headers as JSON, a line end, and the body.
func (p *packer) pack(r storedResponse) ([]byte, error) {
	body := r.Body
	r.Body = nil
	head, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(head)+len(body) < worthPacking {
		return slices.Concat(head, []byte("\n"), body), nil
	}
	out := bytes.NewBuffer(make([]byte, 0, (len(head)+len(body))/2))
	w, ok := p.free.Get().(*gzip.Writer)
	if !ok {
		if w, err = gzip.NewWriterLevel(out, gzip.BestSpeed); err != nil {
			return nil, err
		}
	}
	w.Reset(out)
	for _, part := range [][]byte{head, []byte("\n"), body} {
		if _, err := w.Write(part); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	p.free.Put(w)
	return out.Bytes(), nil
}

// unpack reads what pack wrote.
func unpack(packed []byte) (*storedResponse, error) {
	plain := packed
	if !bytes.HasPrefix(packed, []byte("{")) {
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, fmt.Errorf("open a stored answer: %w", err)
		}
		if plain, err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("open a stored answer: %w", err)
		}
	}
	head, body, found := bytes.Cut(plain, []byte("\n"))
	if !found {
		return nil, errors.New("a stored answer has no body")
	}
	out := &storedResponse{}
	if err := json.Unmarshal(head, out); err != nil {
		return nil, fmt.Errorf("read a stored answer: %w", err)
	}
	out.Body = body
	return out, nil
}

package storage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// exactReader passes on exactly size bytes whose SHA-256 is sum. The last
// bytes are held back until the whole is verified, so that whoever reads it
// never sees the complete length of wrong content. Its errors are sticky. Where whoever
// reads it verifies the sum, it counts the bytes only.
type exactReader struct {
	ctx   context.Context
	r     io.Reader
	size  int64
	sum   [32]byte
	left  int64
	hash  hash.Hash // nil when the sum is verified elsewhere
	err   error
	start int64 // where r stood, when it is a seeker
}

// newExactReader reads r while ctx lasts.
func newExactReader(ctx context.Context, r io.Reader, size int64, sum [32]byte) *exactReader {
	return &exactReader{ctx: ctx, r: r, size: size, sum: sum, left: size, hash: sha256.New()}
}

// Read implements io.Reader.
func (e *exactReader) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if err := e.ctx.Err(); err != nil {
		return 0, e.fail(err)
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	if e.hash != nil {
		e.hash.Write(p[:n])
	}
	e.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, e.fail(&contentError{err})
	}
	if e.left > 0 {
		if err != nil {
			return 0, e.fail(fmt.Errorf("%w: %d of %d bytes", ErrMismatch, e.size-e.left, e.size))
		}
		return n, nil
	}
	if err := e.verify(err != nil); err != nil {
		return 0, e.fail(err)
	}
	return n, nil
}

// verify is called when all bytes were read: nothing may follow them.
func (e *exactReader) verify(ended bool) error {
	if !ended {
		if err := e.probe(); err != nil {
			return err
		}
	}
	if e.hash != nil && [32]byte(e.hash.Sum(nil)) != e.sum {
		return fmt.Errorf("%w: another SHA-256", ErrMismatch)
	}
	return nil
}

func (e *exactReader) probe() error {
	var one [1]byte
	_, err := io.ReadFull(e.r, one[:])
	switch {
	case err == nil:
		return fmt.Errorf("%w: more than %d bytes", ErrMismatch, e.size)
	case errors.Is(err, io.EOF):
		return nil
	}
	return &contentError{err}
}

func (e *exactReader) fail(err error) error {
	e.err = err
	return err
}

// rewindable lets a client start the content again, unless it was found wrong.
// It is a type of its own because a client repeats a request exactly when the
// body is an io.Seeker.
type rewindable struct {
	*exactReader
	seeker io.Seeker
}

// Seek implements io.Seeker, to the start only.
func (r *rewindable) Seek(offset int64, whence int) (int64, error) {
	if r.err != nil {
		return 0, r.err
	}
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("the content can only be rewound")
	}
	if _, err := r.seeker.Seek(r.start, io.SeekStart); err != nil {
		return 0, r.fail(&contentError{err})
	}
	r.left = r.size
	if r.hash != nil {
		r.hash.Reset()
	}
	return 0, nil
}

// contentError marks an error of the caller's reader apart from the store's.
type contentError struct{ err error }

func (e *contentError) Error() string { return "reading the content: " + e.err.Error() }

func (e *contentError) Unwrap() error { return e.err }

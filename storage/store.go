// Package storage keeps the bytes of documents: one Store interface with a
// local disk and any S3 server behind it, the Spool that receives and inspects
// uploads before they are stored, and the headers that make a download safe.
//
// It knows nothing of cases. Whoever uses it stores an object before the row
// that names it, so that a row never points at missing bytes; objects which no
// row names are removed later by Sweep.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Errors of every Store, to be matched with errors.Is. Their text, and that of
// the errors wrapping them, never holds credentials. When the caller's context
// ended, the context's error is returned instead of ErrUnavailable.
var (
	// ErrNotFound says that there is no object with that key.
	ErrNotFound = errors.New("no such object")
	// ErrExists says that the key is taken; the object there is unchanged.
	ErrExists = errors.New("object exists already")
	// ErrMismatch says that the content was shorter, longer or other than
	// its declared size and SHA-256.
	ErrMismatch = errors.New("content differs from its declared size or SHA-256")
	// ErrInvalid says that the caller passed a key, size or address which
	// can never work.
	ErrInvalid = errors.New("invalid argument")
	// ErrUnavailable says that the disk or server behind the store failed or
	// cannot be reached; the same call may succeed later.
	ErrUnavailable = errors.New("storage unavailable")
)

// MaxObjectSize bounds what one object may hold, in bytes. It is far above any
// document and below what S3 servers take in a single request (5 GiB).
const MaxObjectSize int64 = 1 << 30

// Info describes a stored object.
type Info struct {
	Key string
	// Size is in bytes.
	Size int64
	// Modified is when the object became visible, in UTC by the store's own
	// clock, to the second or better.
	Modified time.Time
}

// Store holds immutable objects by key. Keys are paths of lower-case letters,
// digits, '-', '_' and '.', see CheckKey; no key may be a folder of another
// ("a" beside "a/b"). All methods are safe for concurrent use, also by several
// processes on the same disk or bucket.
type Store interface {
	// Put stores exactly size bytes of r, whose SHA-256 is sum, under key.
	// When it returns nil the object is durable; when it returns an error
	// after which the object could exist (the connection was lost while the
	// server answered), the object is whole, and Sweep removes it.
	// It reads at most one byte more than size, seeks back to where r stood to
	// try again if r is an io.Seeker, and never closes r.
	//
	// Errors: ErrInvalid for a bad key, and for a size below 1 or above
	// MaxObjectSize; ErrExists when the key is taken, of concurrent calls
	// exactly one wins; ErrMismatch when the content differs from size or
	// sum; the error of r; ErrUnavailable. After ErrInvalid, ErrMismatch or
	// an error of r nothing is visible under key.
	Put(ctx context.Context, key string, r io.Reader, size int64, sum [32]byte) error

	// Get opens an object for reading from any offset. The context bounds all
	// reads until Close, which the caller must call. The reader is for one
	// goroutine. Its reads fail with ErrUnavailable, or ErrNotFound when the
	// object was deleted meanwhile.
	//
	// Errors: ErrInvalid, ErrNotFound, ErrUnavailable.
	Get(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)

	// Stat describes an object.
	//
	// Errors: ErrInvalid, ErrNotFound, ErrUnavailable.
	Stat(ctx context.Context, key string) (Info, error)

	// Delete removes an object with all its versions, durably. A missing
	// object is fine.
	//
	// Errors: ErrInvalid, ErrUnavailable.
	Delete(ctx context.Context, key string) error

	// List returns up to n objects whose keys sort, by bytes, after the given
	// one ("" for the first page), in that order. Fewer than n mean the end.
	// Entries whose names no Store could have made are left out.
	//
	// Errors: ErrInvalid for n below 1, ErrUnavailable.
	List(ctx context.Context, after string, n int) ([]Info, error)

	// Check says whether the store can be used right now, for a readiness
	// probe. It is cheap and changes nothing that List shows.
	//
	// Errors: ErrUnavailable.
	Check(ctx context.Context) error
}

// checkPut validates the arguments that every Store refuses alike.
func checkPut(key string, size int64) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if size < 1 || size > MaxObjectSize {
		return fmt.Errorf("storage: put %s: %w: size %d is outside 1 to %d", key, ErrInvalid, size, MaxObjectSize)
	}
	return nil
}

// failed words the error of an operation on key. The context's error wins,
// since what broke after it ended is only its consequence.
func failed(ctx context.Context, operation, key string, kind, cause error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("storage: %s %s: %w", operation, key, err)
	}
	if cause == nil {
		return fmt.Errorf("storage: %s %s: %w", operation, key, kind)
	}
	return fmt.Errorf("storage: %s %s: %w: %w", operation, key, kind, cause)
}

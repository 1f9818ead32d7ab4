package storage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"regain/problem"
)

// DefaultMaxSize bounds an upload whose limits name no size, in bytes.
const DefaultMaxSize int64 = 10 << 20

// spoolChunk is how much is read at once.
const spoolChunk = 64 << 10

// whenFull is how long a client is told to wait for room in the spool.
const whenFull = 10 * time.Second

// Limits is what an upload may be.
type Limits struct {
	// Types are those allowed: "pdf", "jpeg", "png", "eml".
	Types []string
	// MaxSize is in bytes; zero means DefaultMaxSize.
	MaxSize int64
	// Declared is the exact size that the client announced, in bytes; zero
	// when it is not known.
	Declared int64
}

// Spool receives uploads, small ones into memory and others into temporary files, until they
// are inspected and stored, within a budget of bytes for all of them together. It is safe for
// concurrent use.
type Spool struct {
	dir    string
	budget int64
	used   atomic.Int64
	clock  func() time.Time
	memory buffers
}

// SpoolOption changes how a Spool works.
type SpoolOption func(*Spool)

// WithClock sets the clock, which judges the dates of e-mails.
func WithClock(clock func() time.Time) SpoolOption {
	return func(s *Spool) { s.clock = clock }
}

// NewSpool makes a spool in dir, which is made when it is missing, for at most
// maxBytesInAll bytes at a time. Files that a crash left there are removed.
//
// Errors: ErrInvalid, ErrUnavailable.
func NewSpool(dir string, maxBytesInAll int64, options ...SpoolOption) (*Spool, error) {
	if dir == "" || maxBytesInAll < 1 {
		return nil, fmt.Errorf("storage: open spool: %w: a folder and a budget are needed", ErrInvalid)
	}
	s := &Spool{dir: dir, budget: maxBytesInAll, clock: time.Now}
	for _, option := range options {
		option(s)
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("storage: open spool: %w: %w", ErrUnavailable, err)
	}
	return s, nil
}

func (s *Spool) prepare() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(sweepAbandoned(root, "."), root.Close())
}

// Used is how many bytes the uploads in the spool take at the moment.
func (s *Spool) Used() int64 { return s.used.Load() }

// Receive reads an upload to its end, but never more than a byte beyond its
// limit, then inspects it. The caller must Discard the result. A reader that
// blocks is the caller's to interrupt: the context is looked at between reads.
//
// Errors: the context's; ErrUnavailable when the temporary file fails; else a
// *problem.Error with one of the codes file_type_not_allowed (415),
// file_name_type_mismatch, file_content_mismatch, file_empty (422),
// file_too_large (413), upload_truncated (400), spool_full (503).
func (s *Spool) Receive(ctx context.Context, r io.Reader, fileName string, limits Limits) (*Upload, error) {
	if limits.MaxSize <= 0 {
		limits.MaxSize = DefaultMaxSize
	}
	name := DisplayName(fileName)
	typ, refused := typeByName(name, limits.Types)
	if refused != nil {
		return nil, refused
	}
	if limits.Declared > limits.MaxSize {
		return nil, tooLarge(limits.MaxSize)
	}
	u := &Upload{Name: name, Type: typ, ContentType: ContentType(typ), spool: s}
	u.content.buffer = s.memory.take()
	if err := u.receive(ctx, r, limits); err != nil {
		u.Discard()
		return nil, err
	}
	return u, nil
}

func tooLarge(most int64) *problem.Error {
	if most < 1<<20 {
		return problem.Newf(problem.TooLarge, "file_too_large", "The file is larger than %d bytes.", most)
	}
	return problem.Newf(problem.TooLarge, "file_too_large", "The file is larger than %.4g MiB.", float64(most)/(1<<20))
}

func full(cause error) error {
	return problem.New(problem.Unavailable, "spool_full",
		"Too many files are being received at the moment. Try again shortly.").After(whenFull).WithCause(cause)
}

// spoolFailed tells a temporary file that can't be made or written because there are too
// many, or too large ones, from one that can't for another reason.
func spoolFailed(err error) error {
	for _, scarce := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, scarce) {
			return full(err)
		}
	}
	return fmt.Errorf("storage: spool an upload: %w: %w", ErrUnavailable, err)
}

// reserve takes n bytes of the budget.
func (s *Spool) reserve(n int64) bool {
	if s.used.Add(n) <= s.budget {
		return true
	}
	s.used.Add(-n)
	return false
}

// Upload is a received and inspected file, until it is discarded.
type Upload struct {
	// Name is fit to be shown, see DisplayName.
	Name string
	// Type is "pdf", "jpeg", "png" or "eml", by name and by content.
	Type string
	// ContentType is the media type of Type.
	ContentType string
	// Size is in bytes, at least 1.
	Size   int64
	SHA256 [32]byte
	crc32c uint32

	spool    *Spool
	content  content
	reserved int64
	discard  sync.Once
}

func (u *Upload) receive(ctx context.Context, r io.Reader, limits Limits) error {
	if err := u.copy(ctx, r, limits); err != nil {
		return err
	}
	if u.Size == 0 {
		return problem.New(problem.Invalid, "file_empty", "The file is empty.")
	}
	return inspect(&u.content, u.Size, u.Type, limits, u.spool.clock())
}

// create opens the temporary file and takes away its name, so that nothing is
// left of it however the process ends. Where an open file cannot be removed,
// Discard does it.
func (u *Upload) create() (*os.File, error) {
	f, err := os.CreateTemp(u.spool.dir, "upload-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name())
	return f, nil
}

func (u *Upload) copy(ctx context.Context, r io.Reader, limits Limits) error {
	hash, crc := sha256.New(), crc32.New(castagnoli)
	for {
		room := u.content.room()
		n, err := fill(ctx, r, room[:min(int64(len(room)), limits.MaxSize+1-u.Size)])
		if u.Size+int64(n) > limits.MaxSize {
			return tooLarge(limits.MaxSize)
		}
		hash.Write(room[:n])
		crc.Write(room[:n])
		if err := u.write(room[:n]); err != nil {
			return err
		}
		if limits.Declared > 0 && u.Size > limits.Declared {
			return truncated("The upload is longer than was announced.", nil)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) {
			return readProblem(ctx, err, limits)
		}
		if limits.Declared > 0 && u.Size < limits.Declared {
			return truncated("The upload ended before its announced size.", nil)
		}
		u.SHA256, u.crc32c = [32]byte(hash.Sum(nil)), crc.Sum32()
		return nil
	}
}

// fill reads until p is full, whatever pieces r has, so that what is done with them is
// done with few. The error is nil, or why there is less.
func fill(ctx context.Context, r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		var read int
		read, err = r.Read(p[n:])
		n += read
	}
	return n, err
}

func (u *Upload) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if !u.spool.reserve(int64(len(p))) {
		return full(nil)
	}
	u.reserved += int64(len(p))
	if err := u.content.add(p, u.create); err != nil {
		return spoolFailed(err)
	}
	u.Size += int64(len(p))
	return nil
}

// readProblem words the error of the client's connection.
func readProblem(ctx context.Context, err error, limits Limits) error {
	var most *http.MaxBytesError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("storage: receive an upload: %w", ctx.Err())
	case errors.As(err, &most):
		return tooLarge(min(most.Limit, limits.MaxSize))
	}
	return truncated("The upload ended before the whole file had arrived.", err)
}

func truncated(detail string, cause error) error {
	return problem.New(problem.Malformed, "upload_truncated", detail+" Send it again.").WithCause(cause)
}

// Open reads the upload from its start. Any number of readers may be open at a
// time; their reads fail after Discard.
func (u *Upload) Open() io.ReadSeekCloser {
	return section{SectionReader: io.NewSectionReader(&u.content, 0, u.Size), crc32c: u.crc32c}
}

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// section is a whole file that someone else closes.
type section struct {
	*io.SectionReader
	crc32c uint32
}

// CRC32C implements checksummed.
func (s section) CRC32C() uint32 { return s.crc32c }

// Close implements io.Closer.
func (section) Close() error { return nil }

// StoreAs puts the upload into a store, with the errors of Store.Put.
func (u *Upload) StoreAs(ctx context.Context, s Store, key string) error {
	return s.Put(ctx, key, u.Open(), u.Size, u.SHA256)
}

// Discard frees what the upload takes. It may be called more than once.
func (u *Upload) Discard() {
	u.discard.Do(func() {
		buffer, file := u.content.free()
		u.spool.memory.give(buffer)
		if file != nil {
			_ = file.Close()
			if err := os.Remove(file.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return // its bytes still take room; the next start removes it
			}
		}
		u.spool.used.Add(-u.reserved)
	})
}

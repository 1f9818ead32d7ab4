package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"regain/internal/failpoint"
)

// Folders below the root of a disk store. Both are on one file system, so that
// an object can be linked from where it was written to where it is found.
const (
	objectsDir  = "objects"
	incomingDir = "incoming"
)

// abandonedAfter is how old a temporary file must be before it counts as left
// behind by a crash; another process may be writing a younger one.
const abandonedAfter = time.Hour

// maxDurableDirs bounds the memory of folders known to be durable.
const maxDurableDirs = 10_000

// Disk is a Store in a folder of the local file system, which must support
// hard links. Several processes of one machine may share it.
type Disk struct {
	root *os.Root

	mu sync.Mutex
	// durable holds the folders whose own entry is known to be on disk.
	durable map[string]struct{}
}

// OpenDisk opens the store in dir, makes the folder when it is missing, and
// removes temporary files that a crash left behind.
//
// Errors: ErrUnavailable.
func OpenDisk(dir string) (*Disk, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("storage: open disk store: %w: %w", ErrUnavailable, err)
	}
	if err := makeDurable(abs); err != nil {
		return nil, fmt.Errorf("storage: open disk store: %w: %w", ErrUnavailable, err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("storage: open disk store: %w: %w", ErrUnavailable, err)
	}
	d := &Disk{root: root, durable: map[string]struct{}{}}
	if err := d.prepare(); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("storage: open disk store: %w: %w", ErrUnavailable, err)
	}
	return d, nil
}

// Close releases the folder. Objects being read stay readable.
func (d *Disk) Close() error { return d.root.Close() }

func (d *Disk) prepare() error {
	for _, dir := range []string{objectsDir, incomingDir} {
		if err := d.ensureDir(dir); err != nil {
			return err
		}
	}
	return sweepAbandoned(d.root, incomingDir)
}

// Put implements Store.
func (d *Disk) Put(ctx context.Context, key string, r io.Reader, size int64, sum [32]byte) error {
	if err := checkPut(key, size); err != nil {
		return err
	}
	if _, err := d.stat(key); err == nil {
		return failed(ctx, "put", key, ErrExists, nil)
	}
	temp := path.Join(incomingDir, rand.Text())
	defer func() { _ = d.root.Remove(temp) }()
	if err := d.write(temp, newExactReader(ctx, r, size, sum)); err != nil {
		return putError(ctx, key, err)
	}
	if err := ctx.Err(); err != nil {
		return failed(ctx, "put", key, err, nil)
	}
	failpoint.Hit("disk.written", "")
	return putError(ctx, key, d.publish(temp, path.Join(objectsDir, key)))
}

func putError(ctx context.Context, key string, err error) error {
	var content *contentError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrExists), errors.Is(err, ErrMismatch), errors.Is(err, ErrInvalid), errors.As(err, &content):
		return fmt.Errorf("storage: put %s: %w", key, err)
	}
	return failed(ctx, "put", key, ErrUnavailable, err)
}

// write makes the temporary file and returns when its bytes are on disk.
func (d *Disk) write(temp string, content io.Reader) error {
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create temporary file: %w", err)
	}
	_, err = io.Copy(f, content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// publish gives the temporary file its name. A link fails when the name is
// taken, which a rename would silently replace.
func (d *Disk) publish(temp, name string) error {
	dir := path.Dir(name)
	if err := d.ensureDir(dir); err != nil {
		return err
	}
	if err := d.root.Link(temp, name); errors.Is(err, fs.ErrExist) {
		return ErrExists
	} else if err != nil {
		return err
	}
	if err := d.syncDir(dir); err != nil {
		// Not durable: a caller told of failure must not find the object.
		return errors.Join(fmt.Errorf("sync folder: %w", err), d.root.Remove(name))
	}
	return nil
}

// ensureDir makes dir and its parents and returns when their entries are on
// disk. A folder made by someone else may not be durable yet, so the parent of
// each is synced once by this process whoever made it.
func (d *Disk) ensureDir(dir string) error {
	d.mu.Lock()
	_, known := d.durable[dir]
	d.mu.Unlock()
	if known {
		return nil
	}
	parent := path.Dir(dir)
	if parent != "." {
		if err := d.ensureDir(parent); err != nil {
			return err
		}
	}
	if err := d.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	if info, err := d.root.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%w: a part of the key is an object", ErrInvalid)
	}
	if err := d.syncDir(parent); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.durable) >= maxDurableDirs {
		clear(d.durable)
	}
	d.durable[dir] = struct{}{}
	return nil
}

func (d *Disk) syncDir(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get implements Store.
func (d *Disk) Get(ctx context.Context, key string) (io.ReadSeekCloser, Info, error) {
	if err := CheckKey(key); err != nil {
		return nil, Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return nil, Info{}, failed(ctx, "get", key, err, nil)
	}
	f, err := d.root.Open(path.Join(objectsDir, key))
	if err != nil {
		return nil, Info{}, d.readError(ctx, "get", key, err)
	}
	stat, err := f.Stat()
	if err == nil && !stat.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = f.Close()
		return nil, Info{}, d.readError(ctx, "get", key, err)
	}
	return &diskObject{ctx: ctx, key: key, f: f}, infoOf(key, stat), nil
}

// Stat implements Store.
func (d *Disk) Stat(ctx context.Context, key string) (Info, error) {
	if err := CheckKey(key); err != nil {
		return Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return Info{}, failed(ctx, "stat", key, err, nil)
	}
	info, err := d.stat(key)
	if err != nil {
		return Info{}, d.readError(ctx, "stat", key, err)
	}
	return info, nil
}

func (d *Disk) stat(key string) (Info, error) {
	stat, err := d.root.Lstat(path.Join(objectsDir, key))
	if err != nil {
		return Info{}, err
	}
	if !stat.Mode().IsRegular() {
		return Info{}, fs.ErrNotExist
	}
	return infoOf(key, stat), nil
}

func (d *Disk) readError(ctx context.Context, operation, key string, err error) error {
	if isMissing(err) {
		return failed(ctx, operation, key, ErrNotFound, nil)
	}
	return failed(ctx, operation, key, ErrUnavailable, err)
}

// Delete implements Store. Emptied folders stay: removing them would race with
// a Put that has just made sure of them.
func (d *Disk) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return failed(ctx, "delete", key, err, nil)
	}
	if _, err := d.stat(key); isMissing(err) {
		return nil
	}
	name := path.Join(objectsDir, key)
	err := d.root.Remove(name)
	if isMissing(err) {
		return nil
	}
	if err == nil {
		err = d.syncDir(path.Dir(name))
	}
	if err != nil {
		return failed(ctx, "delete", key, ErrUnavailable, err)
	}
	return nil
}

// Check implements Store: it makes and removes an empty temporary file.
func (d *Disk) Check(ctx context.Context) error {
	temp := path.Join(incomingDir, rand.Text())
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = errors.Join(f.Close(), d.root.Remove(temp))
	}
	if err == nil {
		_, err = d.root.Stat(objectsDir)
	}
	if err != nil {
		return failed(ctx, "check", "disk", ErrUnavailable, err)
	}
	return nil
}

// diskObject reads an object while its context lasts.
type diskObject struct {
	ctx context.Context
	key string
	f   *os.File
}

// Read implements io.Reader.
func (o *diskObject) Read(p []byte) (int, error) {
	if err := o.ctx.Err(); err != nil {
		return 0, failed(o.ctx, "read", o.key, err, nil)
	}
	n, err := o.f.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = failed(o.ctx, "read", o.key, ErrUnavailable, err)
	}
	return n, err
}

// Seek implements io.Seeker.
func (o *diskObject) Seek(offset int64, whence int) (int64, error) { return o.f.Seek(offset, whence) }

// Close implements io.Closer.
func (o *diskObject) Close() error { return o.f.Close() }

func infoOf(key string, stat fs.FileInfo) Info {
	return Info{Key: key, Size: stat.Size(), Modified: stat.ModTime().UTC()}
}

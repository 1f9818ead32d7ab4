package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// List implements Store.
func (d *Disk) List(ctx context.Context, after string, n int) ([]Info, error) {
	if n < 1 {
		return nil, fmt.Errorf("storage: list: %w: page of %d", ErrInvalid, n)
	}
	walk := diskWalk{ctx: ctx, files: d.root.FS(), after: after, n: n}
	if err := walk.folder(""); err != nil {
		return nil, failed(ctx, "list after", after, ErrUnavailable, err)
	}
	return walk.found, nil
}

// diskWalk collects a page of objects in the order of their keys.
type diskWalk struct {
	ctx   context.Context
	files fs.FS
	after string
	n     int
	found []Info
}

// folder walks the keys below prefix, which is "" or ends with '/'.
func (w *diskWalk) folder(prefix string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(w.files, path.Join(objectsDir, prefix))
	if isMissing(err) && prefix != "" {
		return nil
	}
	if err != nil {
		return err
	}
	// By bytes of the whole key "a-b" sorts before "a/b", and "a/b" before
	// "a0": a folder counts with its slash.
	sortName := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(sortName(a), sortName(b)) })
	for _, entry := range entries {
		if len(w.found) >= w.n {
			return nil
		}
		if err := w.entry(prefix+sortName(entry), entry); err != nil {
			return err
		}
	}
	return nil
}

func (w *diskWalk) entry(key string, entry fs.DirEntry) error {
	if !validSegment(entry.Name()) {
		return nil
	}
	if entry.IsDir() {
		if key < w.after && !strings.HasPrefix(w.after, key) {
			return nil
		}
		return w.folder(key)
	}
	if key <= w.after || !entry.Type().IsRegular() {
		return nil
	}
	stat, err := entry.Info()
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	w.found = append(w.found, infoOf(key, stat))
	return nil
}

// sweepAbandoned removes what crashed writers left in a folder of root. The
// wall clock is right here: it is compared with times of the file system.
func sweepAbandoned(root *os.Root, dir string) error {
	entries, err := fs.ReadDir(root.FS(), dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < abandonedAfter {
			continue
		}
		if err := root.Remove(path.Join(dir, entry.Name())); err != nil && !isMissing(err) {
			return err
		}
	}
	return nil
}

// makeDurable makes an absolute folder and its parents, syncing the parent of
// each that it made.
func makeDurable(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDurable(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// isMissing also covers a path that runs through a file.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

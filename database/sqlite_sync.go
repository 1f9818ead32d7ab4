package database

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// walSync makes commits durable. SQLite writes a commit into its log and does not wait
// for the disk (synchronous=NORMAL); whoever committed waits here, with the next one
// already at work, until the log was synced by a call that began after the commit. So
// any number of commits share a sync, each is on the disk before its caller hears of
// it, and one that fails concerns nobody else. Whoever reads a commit that is not on
// the disk yet, and then commits, syncs both: the log is one file.
//
// A sync that fails leaves unknown what is on the disk, and a second one would say
// nothing about the first: from then on nothing is written until a restart, which reads
// what is there.
type walSync struct {
	log  func() error // syncs the log
	mu   sync.Mutex
	turn sync.Cond // on mu, after each sync

	asked, done uint64 // commits that asked, and those of them that are on the disk
	syncing     bool
	failed      error
}

func newWALSync(log func() error) *walSync {
	w := &walSync{log: log}
	w.turn.L = &w.mu
	return w
}

// wait returns when all that has been committed by now is on the disk. Its error says
// that the outcome is unknown.
func (w *walSync) wait() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	for mine := w.asked; w.done < mine && w.failed == nil; {
		if w.syncing {
			w.turn.Wait()
			continue
		}
		w.syncOnce()
	}
	return w.failed
}

// syncOnce syncs for all who asked by now.
func (w *walSync) syncOnce() {
	upTo := w.asked
	w.syncing = true
	w.mu.Unlock()
	err := w.log()
	w.mu.Lock()
	w.syncing = false
	if err != nil {
		w.failed = &Error{Kind: ErrUnavailable, Detail: "the disk did not take a commit; nothing more is written before a restart", cause: err}
	} else {
		w.done = upTo
	}
	w.turn.Broadcast()
}

// sound says whether writing may go on.
func (w *walSync) sound() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// walFile is the log of a database. SQLite may remove it and make it anew, so that it is
// looked for each time.
type walFile struct {
	path string
	open *os.File
}

// sync is for one goroutine at a time.
func (f *walFile) sync() error {
	named, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was folded into the database, which is synced before that
	}
	if err != nil {
		return fmt.Errorf("look for SQLite's log: %w", err)
	}
	if !f.is(named) {
		if err := f.close(); err != nil {
			return err
		}
		if f.open, err = os.OpenFile(f.path, os.O_RDWR, 0); err != nil {
			return fmt.Errorf("open SQLite's log: %w", err)
		}
	}
	if err := syncData(f.open); err != nil {
		return fmt.Errorf("sync SQLite's log: %w", err)
	}
	return nil
}

func (f *walFile) is(named fs.FileInfo) bool {
	if f.open == nil {
		return false
	}
	info, err := f.open.Stat()
	return err == nil && os.SameFile(info, named)
}

func (f *walFile) close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}

package storage

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// heldInMemory is how large an upload may be to need no temporary file. Most documents
// are smaller, and making and removing a file takes longer than all the rest of receiving one.
const heldInMemory = 256 << 10

// mostHeld is how many uploads are held in memory at once; others go to files sooner.
const mostHeld = 64

// buffers are the memory of uploads under way.
type buffers struct {
	free sync.Pool // of *[heldInMemory]byte
	held atomic.Int64
}

// take gives a buffer, a small one when many are in use.
func (b *buffers) take() []byte {
	if b.held.Add(1) > mostHeld {
		return make([]byte, spoolChunk)
	}
	if buffer, ok := b.free.Get().(*[heldInMemory]byte); ok {
		return buffer[:]
	}
	return make([]byte, heldInMemory)
}

// give takes it back.
func (b *buffers) give(buffer []byte) {
	b.held.Add(-1)
	if len(buffer) == heldInMemory {
		b.free.Put((*[heldInMemory]byte)(buffer))
	}
}

// content is what an upload consists of, to be read by any number of readers until it is
// freed: the memory of one that was freed belongs to another.
type content struct {
	mu     sync.RWMutex
	buffer []byte   // the content, or, once there is a file, what is read at once
	file   *os.File // nil while everything is in the buffer
	size   int64
	freed  bool
}

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, at int64) (int, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	switch {
	case c.freed:
		return 0, os.ErrClosed
	case c.file != nil:
		return c.file.ReadAt(p, at)
	case at >= c.size:
		return 0, io.EOF
	}
	n := copy(p, c.buffer[at:c.size])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// room is where to read the next bytes into: after those that are there, or, when there
// is a file, anywhere.
func (c *content) room() []byte {
	if c.file != nil {
		return c.buffer[:spoolChunk]
	}
	return c.buffer[c.size:]
}

// add keeps bytes that were read into room. create makes the file once they are too many.
func (c *content) add(p []byte, create func() (*os.File, error)) error {
	if c.file == nil && c.size+int64(len(p)) < int64(len(c.buffer)) {
		c.size += int64(len(p))
		return nil
	}
	if c.file == nil {
		f, err := create()
		if err != nil {
			return err
		}
		c.file = f
		p = c.buffer[:c.size+int64(len(p))]
		c.size = 0
	}
	n, err := c.file.Write(p)
	c.size += int64(n)
	return err
}

// free ends all reading, and returns the memory and the file for the caller to deal with.
func (c *content) free() ([]byte, *os.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	buffer := c.buffer
	c.freed, c.buffer = true, nil
	return buffer, c.file
}

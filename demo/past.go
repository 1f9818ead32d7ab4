package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Past is a time that has been: a clock that the demo moves, with the ids and the
// chance of that time. All of it follows from a secret and the story that is told, so
// that a database is filled the same way each time, and no stranger can guess a link.
// It is safe for concurrent use.
type Past struct {
	mu     sync.Mutex
	now    time.Time // the real one, which nothing reaches
	at     time.Time
	secret []byte
	chance *rand.ChaCha8
	// first is what the next id is, when it is known beforehand.
	first string
	count uint16
}

// NewPast makes a past that ends now.
func NewPast(now time.Time, secret []byte) *Past {
	p := &Past{now: now, at: now, secret: secret}
	p.enter("", now)
	return p
}

// Now is where the clock stands.
func (p *Past) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// Read gives chance.
func (p *Past) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.chance.Read(b)
}

// ID is a UUID of version 7 of the time at which the clock stands.
func (p *Past) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id := p.first; id != "" {
		p.first = ""
		return id
	}
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(p.at.UnixMilli())<<16) //nolint:gosec // after 1970
	p.count++
	binary.BigEndian.PutUint16(id[6:8], p.count&0x0fff)
	_, _ = p.chance.Read(id[8:])
	id[6] |= 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// derive is a key for a purpose.
func (p *Past) derive(purpose string) [32]byte {
	mac := hmac.New(sha256.New, p.secret)
	mac.Write([]byte(purpose))
	return [32]byte(mac.Sum(nil))
}

// caseOf is the id of the case that a story tells.
func (p *Past) caseOf(story string) string {
	sum := p.derive("case " + story)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// enter begins a story: the next id is its case's.
func (p *Past) enter(story string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.count = at, 0
	p.chance = rand.NewChaCha8(p.derive("chance " + story))
	p.first = ""
	if story != "" {
		p.first = p.caseOf(story)
	}
}

// move turns the clock on; never back, and never past the real time.
func (p *Past) move(to time.Time) (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to.Before(p.at) || to.After(p.now) {
		return false
	}
	p.at = to
	return true
}

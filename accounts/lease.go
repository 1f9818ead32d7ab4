package accounts

import (
	"sync"
	"time"
)

// mostLeases bounds what a process remembers; what it forgets stays counted.
const mostLeases = 4096

// atOnce is how many hits of a limit a process takes at once: so few that what other
// processes have taken and not used is hardly missed, and so many that busy callers don't
// cost a statement with each call. What allows a few only is counted hit by hit.
func atOnce(allowed int) int64 { return max(1, int64(allowed/20)) }

// leases are hits that the database has counted and nobody has used yet.
type leases struct {
	mu  sync.Mutex
	has map[string]lease // by the id of the limit's row
}

type lease struct {
	left   int64
	endsAt time.Time // of the window that counted them
}

// use takes one hit of each limit that has some left, and returns the limits that have to
// be counted, and those that have not.
func (l *leases) use(rows []limitRow, now time.Time) (counted, leased []limitRow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rows {
		have := l.has[r.ID]
		if have.left < 1 || !now.Before(have.endsAt) {
			counted = append(counted, r)
			continue
		}
		have.left--
		l.has[r.ID] = have
		r.EndsAt = have.endsAt
		leased = append(leased, r)
	}
	return counted, leased
}

// giveBack undoes use, for a call that another limit refused.
func (l *leases) giveBack(rows []limitRow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rows {
		if have := l.has[r.ID]; have.endsAt.Equal(r.EndsAt) {
			have.left++
			l.has[r.ID] = have
		}
	}
}

// keep remembers what was counted beyond the one hit that is used now.
func (l *leases) keep(rows, counted []limitRow, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range rows {
		if r.Hits < 2 {
			continue
		}
		for _, c := range counted {
			if c.ID == r.ID {
				l.put(r.ID, lease{left: r.granted(c) - 1, endsAt: c.EndsAt}, now)
			}
		}
	}
}

func (l *leases) put(id string, more lease, now time.Time) {
	have, known := l.has[id]
	if have.endsAt.Equal(more.endsAt) {
		more.left += have.left // two calls took at once
	}
	if !known {
		l.makeRoom(now)
	}
	l.has[id] = more
}

// makeRoom forgets what is over, and where that is not enough, any.
func (l *leases) makeRoom(now time.Time) {
	if l.has == nil {
		l.has = make(map[string]lease)
	}
	if len(l.has) < mostLeases {
		return
	}
	for id, have := range l.has {
		if have.left < 1 || !now.Before(have.endsAt) {
			delete(l.has, id)
		}
	}
	for id := range l.has {
		if len(l.has) < mostLeases {
			return
		}
		delete(l.has, id)
	}
}

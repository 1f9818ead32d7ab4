package database

import (
	"context"

	"github.com/uptrace/bun"
)

// Foreseen are lists that a call will most likely need. They are read with whatever
// ReadTogether reads first, such as who calls, and cost no round trip of their own. They
// are for one goroutine.
type Foreseen struct {
	lists  []List
	state  foreseenState
	before *Foreseen // what the context foresaw already
}

type foreseenState int

const (
	expected foreseenState = iota
	arrived
	taken
)

type foreseenKey struct{}

// Foresee returns a context under which the first ReadTogether outside of a transaction
// reads these lists, too, and those that ctx foresaw before.
func Foresee(ctx context.Context, lists ...List) (context.Context, *Foreseen) {
	before, _ := ctx.Value(foreseenKey{}).(*Foreseen)
	f := &Foreseen{lists: lists, before: before}
	return context.WithValue(ctx, foreseenKey{}, f), f
}

// Take says whether the lists are there. It says so once: whoever reads again reads
// what is there by then.
func (f *Foreseen) Take() bool {
	there := f.state == arrived
	f.state = taken
	return there
}

// foreseenIn are the lists that go along with a read of the pool.
func foreseenIn(ctx context.Context, in bun.IDB) []*Foreseen {
	if _, pool := in.(*bun.DB); !pool {
		return nil
	}
	var all []*Foreseen
	for f, _ := ctx.Value(foreseenKey{}).(*Foreseen); f != nil; f = f.before {
		if f.state == expected {
			all = append(all, f)
		}
	}
	return all
}

package cases

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
)

// supplied is what putting a document into a case depends on, beside the document: it is
// read by one query before the file arrives, and again only when the case has changed
// until its rows are written. Whether it has, the end of its chain of events tells.
type supplied struct {
	id       string
	found    []*Case
	items    []*Item
	judged   []*ItemDecision
	rejected []*Document // those that some decision did not accept
	versions []*versions
	foreseen *database.Foreseen // nil when it was read without
	spent    bool               // a change has worked on the items
}

// versions counts the documents of an item.
type versions struct {
	bun.BaseModel `bun:"table:documents,alias:v"`

	ItemID string `bun:"item_id"`
	N      int    `bun:"n"`
	Last   int    `bun:"last"`
}

// What supplied reads of documents.
const (
	countVersions    = "(SELECT item_id, count(*) AS n, max(version) AS last FROM documents WHERE case_id = ? GROUP BY item_id)"
	rejectedOnesOnly = "d.case_id = ? AND d.id IN (SELECT document_id FROM item_decisions WHERE case_id = ? AND verdict = ?)"
)

// lists are what is needed in any case; a filed case has verdicts beside.
func (k *supplied) lists() []database.List {
	return []database.List{
		database.ListOf(&k.items, "i.case_id = ?", k.id),
		database.ListOf(&k.versions, "TRUE", k.id).From(countVersions),
	}
}

func (k *supplied) verdicts() []database.List {
	return []database.List{
		database.ListOf(&k.judged, "idec.case_id = ?", k.id),
		database.ListOf(&k.rejected, rejectedOnesOnly, k.id, k.id, Rejected),
	}
}

func (k *supplied) withCase() []database.List {
	return append(k.lists(), database.ListOf(&k.found, "c.id = ?", k.id))
}

type suppliedKey struct{}

// ForeseeSupply lets what Receive and Attach must know of the case with the id be read by the
// query that finds out who calls.
func (s *Service) ForeseeSupply(ctx context.Context, id string) context.Context {
	k := &supplied{id: id}
	ctx, k.foreseen = database.Foresee(ctx, k.withCase()...)
	return context.WithValue(ctx, suppliedKey{}, k)
}

// readSupplied is what was foreseen, or reads it.
func (s *Service) readSupplied(ctx context.Context, id string) (*supplied, error) {
	k, _ := ctx.Value(suppliedKey{}).(*supplied)
	if k == nil || k.id != id || !k.foreseen.Take() {
		k = &supplied{id: id}
		if err := s.db.ReadTogether(ctx, s.db.From(ctx), k.withCase()...); err != nil {
			return nil, fmt.Errorf("read what was supplied: %w", err)
		}
	}
	k.sort()
	return k, nil
}

func (k *supplied) sort() {
	oldestFirst(k.items, func(i *Item) (time.Time, string) { return i.CreatedAt, i.ID })
}

// loadSupplied gives the change what it must know before it takes a document: what was
// foreseen where nothing has happened to the case since and nobody has judged its items
// yet, and else by one round trip.
func (ch *change) loadSupplied() error {
	k, _ := ch.ctx.Value(suppliedKey{}).(*supplied)
	var missing []database.List
	if k == nil || k.spent || k.id != ch.Case.ID || len(k.found) == 0 || k.found[0].EventHead != ch.Case.EventHead {
		k = &supplied{id: ch.Case.ID}
		missing = k.lists()
	}
	if ch.filed {
		missing = append(missing, k.verdicts()...)
	}
	if len(missing) > 0 {
		if err := ch.s.db.ReadTogether(ch.ctx, ch.tx, missing...); err != nil {
			return fmt.Errorf("read what was supplied: %w", err)
		}
		k.sort()
	}
	k.spent = true
	ch.items, ch.supplied = k.items, k
	return nil
}

// caseEnd is the end of a case's chain of events, which tells whether anything has happened.
type caseEnd struct {
	bun.BaseModel `bun:"table:cases,alias:c"`

	ID        string `bun:"id,pk"`
	EventHead string `bun:"event_head"`
}

// lockForeseen locks a case that was foreseen, without reading it again; nil where it was
// not, or something has happened to it since.
func (s *Service) lockForeseen(ctx context.Context, tx bun.IDB, id string) (*Case, error) {
	k, _ := ctx.Value(suppliedKey{}).(*supplied)
	if k == nil || k.spent || k.id != id || len(k.found) == 0 {
		return nil, nil
	}
	ends := []*caseEnd{}
	if err := s.db.Lock(ctx, tx, &ends, id); err != nil {
		return nil, fmt.Errorf("lock case: %w", err)
	}
	if len(ends) == 0 || ends[0].EventHead != k.found[0].EventHead {
		return nil, nil
	}
	c := *k.found[0]
	return &c, nil
}

// documents is how many files the case holds, earlier versions included.
func (k *supplied) documents() int {
	n := 0
	for _, v := range k.versions {
		n += v.N
	}
	return n
}

// lastVersion is that of the item's newest document; zero without any.
func (k *supplied) lastVersion(itemID string) int {
	for _, v := range k.versions {
		if v.ItemID == itemID {
			return v.Last
		}
	}
	return 0
}

// wasRejected says whether a file with the same content was not accepted for the item.
func (k *supplied) wasRejected(itemID, sha256 string) bool {
	takenBack := undone(k.judged)
	for _, j := range k.judged {
		if j.ItemID != itemID || j.Verdict != Rejected || takenBack[j.ID] {
			continue
		}
		for _, d := range k.rejected {
			if d.ID == j.DocumentID && d.SHA256 == sha256 {
				return true
			}
		}
	}
	return false
}

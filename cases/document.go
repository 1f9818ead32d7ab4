package cases

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/internal/failpoint"
	"regain/problem"
	"regain/rules"
	"regain/storage"
)

// DocumentState is where a version of a document stands.
type DocumentState string

// The states of a document.
const (
	Current  DocumentState = "current"
	Replaced DocumentState = "replaced" // an earlier version, kept
	Removed  DocumentState = "removed"  // taken back before submission, kept until purged
)

// Document is one version of a file in one slot. Several may share an object:
// one bank statement can prove three months.
type Document struct {
	bun.BaseModel `bun:"table:documents,alias:d"`

	ID     string `bun:"id,pk"`
	CaseID string `bun:"case_id"`
	ItemID string `bun:"item_id"`
	// Name is the file's name as its supplier gave it, made safe to show.
	Name string `bun:"name"`
	Type string `bun:"type"` // pdf, jpeg, png, eml
	Size int64  `bun:"size"` // bytes
	// SHA256 is the content's hash in hex.
	SHA256    string                        `bun:"sha256"`
	ObjectKey string                        `bun:"object_key"`
	Version   int                           `bun:"version"` // within the item, from 1
	State     DocumentState                 `bun:"state"`
	ReadOff   database.JSON[map[string]any] `bun:"read_off"`
	ActorKind ActorKind                     `bun:"actor_kind"`
	ActorID   string                        `bun:"actor_id"`
	CreatedAt time.Time                     `bun:"created_at"`
	EndedAt   *time.Time                    `bun:"ended_at"`
}

// Incoming is a file that is about to arrive.
type Incoming struct {
	// Name is the file's name as its sender gives it.
	Name string
	// Size is how many bytes were announced; 0 when nobody said.
	Size    int64
	Content io.Reader
}

// Receive takes an upload for an item into a bounded temporary file, hashed and
// inspected, after checking that the actor may supply the item now. A file that is
// announced as too large is refused before its first byte is read. Nothing of the
// case changes. The caller hands the upload to Attach, and discards it.
// Errors: those of the item (see State), those of storage's spool, store_unavailable.
func (s *Service) Receive(ctx context.Context, actor Actor, caseID, itemID string, in Incoming) (*storage.Upload, error) {
	limits, err := s.uploadLimits(ctx, actor, caseID, itemID)
	if err != nil {
		return nil, err
	}
	limits.Declared = in.Size
	up, err := s.spool.Receive(ctx, in.Content, in.Name, limits)
	if errors.Is(err, storage.ErrUnavailable) {
		return nil, notStored(err)
	}
	return up, err
}

// notStored words the failure of the disk or server that keeps documents.
func notStored(cause error) error {
	return problem.New(problem.Unavailable, "store_unavailable", "The document could not be stored just now. Nothing was changed; try again.").
		After(5 * time.Second).WithCause(cause)
}

// uploadLimits checks, without a lock, what supplying will check again with one:
// a refusal should come before the bytes, not after.
func (s *Service) uploadLimits(ctx context.Context, actor Actor, caseID, itemID string) (storage.Limits, error) {
	known, err := s.readSupplied(ctx, caseID)
	if err != nil {
		return storage.Limits{}, err
	}
	if len(known.found) == 0 {
		return storage.Limits{}, errNotFound()
	}
	c := known.found[0]
	if err := s.admitReader(ctx, actor, c); err != nil {
		return storage.Limits{}, err
	}
	ch := &change{ctx: ctx, s: s, tx: s.db.From(ctx), actor: actor, now: s.now(), Case: c, items: known.items}
	i, err := ch.supplying(itemID)
	if err != nil {
		return storage.Limits{}, err
	}
	return ch.documentLimits(i)
}

// extraLimits are for what a reviewer asked in free text.
func extraLimits() storage.Limits {
	return storage.Limits{Types: []string{"pdf", "jpeg", "png", "eml"}, MaxSize: 10 << 20}
}

func (ch *change) documentLimits(i *Item) (storage.Limits, error) {
	if i.Origin == FromReviewer && i.Kind == rules.Document && i.Material == "" {
		return extraLimits(), nil
	}
	p, err := ch.Policy()
	if err != nil {
		return storage.Limits{}, err
	}
	m := p.Material(i.Material)
	if m == nil || m.Document == nil {
		return storage.Limits{}, problem.New(problem.Conflict, "not_a_document", "This item takes no document.")
	}
	return storage.Limits{Types: m.Document.Types, MaxSize: m.Document.MaxSize}, nil
}

// Attach stores a received upload and puts it into the item's slot. A document
// that was there is kept as an earlier version. The bytes are durable before any
// row names them. When the rows are refused, the object is removed again; where it
// can't be told whether they were written, it is left to the sweep. Errors: as Receive; same_file_rejected, too_many_documents,
// not_valid, invalid_fields for what was read off.
func (s *Service) Attach(ctx context.Context, actor Actor, caseID, itemID string, up *storage.Upload, readOff map[string]any) (*Document, error) {
	id := s.opt.IDs()
	key := fmt.Sprintf("cases/%s/%s", caseID, id)
	doc := &Document{
		ID: id, CaseID: caseID, ItemID: itemID, Name: up.Name, Type: up.Type, Size: up.Size,
		SHA256: hex.EncodeToString(up.SHA256[:]), ObjectKey: key,
	}
	failpoint.Hit("upload.received", "")
	if err := s.putUpload(ctx, key, up); err != nil {
		return nil, err
	}
	failpoint.Hit("upload.stored", "")
	if unnamed, err := s.attach(ctx, actor, doc, readOff); err != nil {
		if unnamed {
			s.dropObject(ctx, key)
		}
		return nil, err
	}
	return doc, nil
}

// dropTime bounds the removal of an object that nothing names.
const dropTime = 5 * time.Second

// dropObject removes an object that no row names and none will. What fails here is
// left to the sweep.
func (s *Service) dropObject(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTime)
	defer cancel()
	if err := s.store.Delete(ctx, key); err != nil {
		s.opt.Logger.WarnContext(ctx, "an object that nothing names is left to the sweep", slog.Any("error", err))
	}
}

func (s *Service) putUpload(ctx context.Context, key string, up *storage.Upload) error {
	if err := up.StoreAs(ctx, s.store, key); err != nil {
		return notStored(err)
	}
	return nil
}

// Reuse puts a file that is already in the case into another slot as well.
func (s *Service) Reuse(ctx context.Context, actor Actor, caseID, itemID, documentID string, readOff map[string]any) (*Document, error) {
	from, err := s.visibleDocument(ctx, actor, caseID, documentID)
	if err != nil {
		return nil, err
	}
	doc := &Document{
		ID: s.opt.IDs(), CaseID: caseID, ItemID: itemID, Name: from.Name, Type: from.Type,
		Size: from.Size, SHA256: from.SHA256, ObjectKey: from.ObjectKey,
	}
	if _, err := s.attach(ctx, actor, doc, readOff); err != nil {
		return nil, err
	}
	return doc, nil
}

// attach writes the rows. With an error it says whether it is certain that no row
// names the object: not when the transaction came as far as its commit.
func (s *Service) attach(ctx context.Context, actor Actor, doc *Document, readOff map[string]any) (unnamed bool, err error) {
	unnamed = true
	_, err = s.change(ctx, actor, target{id: doc.CaseID}, func(ch *change) error {
		if err := ch.loadSupplied(); err != nil {
			return err
		}
		i, err := ch.supplying(doc.ItemID)
		if err != nil {
			return err
		}
		if err := ch.checkDocument(i, doc, readOff); err != nil {
			return err
		}
		if err := ch.replaceDocuments(i, doc); err != nil {
			return err
		}
		doc.State, doc.CreatedAt, doc.ActorKind, doc.ActorID = Current, ch.now, actor.Kind, actor.ID
		if err := database.Add(ch.ctx, ch.s.db, ch.tx, doc); err != nil {
			return fmt.Errorf("write document: %w", err)
		}
		if err := ch.supply(i, Provided, Facts{"document": doc.ID, "sha256": doc.SHA256, "version": doc.Version}); err != nil {
			return err
		}
		if err := ch.acknowledgePartner(doc); err != nil {
			return err
		}
		unnamed = false
		return nil
	})
	return unnamed, err
}

// checkDocument refuses a file of a wrong kind, one that was rejected for this
// item before, and values read off that can't be right.
func (ch *change) checkDocument(i *Item, doc *Document, readOff map[string]any) error {
	limits, err := ch.documentLimits(i)
	if err != nil {
		return err
	}
	if err := allowedType(limits, doc.Type, doc.Size); err != nil {
		return err
	}
	if err := ch.notRejectedBefore(i, doc); err != nil {
		return err
	}
	if ch.supplied.documents() >= ch.s.opt.MaxDocuments {
		return problem.Newf(problem.Conflict, "too_many_documents", "A case holds at most %d files, earlier versions included.", ch.s.opt.MaxDocuments)
	}
	return ch.readOff(i, doc, readOff)
}

func allowedType(limits storage.Limits, typ string, size int64) error {
	if size > limits.MaxSize {
		return problem.Newf(problem.TooLarge, "file_too_large", "The file is larger than the %d MiB that this item takes.", limits.MaxSize>>20)
	}
	if slices.Contains(limits.Types, typ) {
		return nil
	}
	return problem.New(problem.UnsupportedType, "file_type_not_allowed", "This item does not take files of this type.")
}

// notRejectedBefore spares everybody a second look at the very same file.
func (ch *change) notRejectedBefore(i *Item, doc *Document) error {
	if ch.supplied.wasRejected(i.ID, doc.SHA256) {
		return problem.New(problem.Conflict, "same_file_rejected", "This is the same file that was not accepted before. Send another one.")
	}
	return nil
}

// readOff checks and keeps the values that the supplier read off the document;
// those that are the reviewer's to read are not asked yet.
func (ch *change) readOff(i *Item, doc *Document, raw map[string]any) error {
	r, err := ch.requirement(i)
	if err != nil || r == nil {
		return err
	}
	p, err := ch.Policy()
	if err != nil {
		return err
	}
	asked := *r
	asked.ReadOff = slices.DeleteFunc(slices.Clone(r.ReadOff), func(v rules.ReadOff) bool { return v.By != rules.BySupplier })
	values, bad := p.ParseReadOff(asked, raw)
	if err := problem.InvalidFields(problem.At("/read_off", bad)); err != nil {
		return err
	}
	doc.ReadOff.V = values
	validity, why, err := ch.validity(r, i, values)
	if err != nil {
		return err
	}
	if validity == rules.Invalid {
		return notValid(why, ch.Case.Locale, new("/read_off"))
	}
	return nil
}

// replaceDocuments ends the item's current document and numbers the new one.
func (ch *change) replaceDocuments(i *Item, doc *Document) error {
	doc.Version = ch.supplied.lastVersion(i.ID) + 1
	return ch.endDocuments(i, Replaced)
}

var endCurrent = database.NewShape("UPDATE documents SET state = ?, ended_at = ? WHERE case_id = ? AND item_id = ? AND state = ?")

func (ch *change) endDocuments(i *Item, as DocumentState) error {
	if err := ch.s.db.RunShape(database.Later(ch.ctx), ch.tx, endCurrent, as, ch.now, ch.Case.ID, i.ID, Current); err != nil {
		return fmt.Errorf("end document: %w", err)
	}
	return nil
}

// Clear removes what was supplied for an item: its document (kept as a removed
// version) or its statement. Errors: item_not_found, item_closed.
func (s *Service) Clear(ctx context.Context, actor Actor, caseID, itemID string) (*Case, error) {
	return s.change(ctx, actor, target{id: caseID}, func(ch *change) error {
		i, err := ch.openItem(itemID)
		if err != nil {
			return err
		}
		if i.Supply == Missing {
			return problem.New(problem.Conflict, "item_missing", "Nothing was supplied for this item.")
		}
		if err := ch.ownSupply(i); err != nil {
			return err
		}
		if err := ch.endDocuments(i, Removed); err != nil {
			return err
		}
		i.Statement.V = nil
		return ch.supply(i, Missing, nil)
	})
}

// ownSupply lets partners take back what they supplied, and nothing else.
func (ch *change) ownSupply(i *Item) error {
	if ch.actor.Kind != Partner {
		return nil
	}
	docs, err := ch.s.loadDocuments(ch.ctx, ch.tx, ch.Case.ID)
	if err != nil {
		return err
	}
	if doc := currentDocument(docs, i.ID); doc == nil || doc.ActorKind != Partner || doc.ActorID != ch.actor.ID {
		return problem.New(problem.Conflict, "supplied_by_other", "This was supplied by somebody else. You can replace it, and not remove it.")
	}
	return nil
}

// Open reads a document's bytes for somebody who may see it, and records who
// saw it. The caller closes the reader. Errors: document_not_found,
// store_unavailable.
func (s *Service) Open(ctx context.Context, actor Actor, caseID, documentID string) (*Document, io.ReadSeekCloser, error) {
	doc, err := s.visibleDocument(ctx, actor, caseID, documentID)
	if err != nil {
		return nil, nil, err
	}
	r, _, err := s.store.Get(ctx, doc.ObjectKey)
	if err != nil {
		return nil, nil, problem.New(problem.Unavailable, "store_unavailable", "The document can't be read just now. Try again.").
			After(5 * time.Second).WithCause(err)
	}
	if err := s.recordView(ctx, actor, doc); err != nil {
		_ = r.Close()
		return nil, nil, err
	}
	return doc, r, nil
}

func (s *Service) recordView(ctx context.Context, actor Actor, doc *Document) error {
	return s.quietly(ctx, actor, doc.CaseID, func(ch *change) error {
		return ch.do(actView, Facts{"document": doc.ID, "sha256": doc.SHA256})
	})
}

// visibleDocument finds a document that the actor may see: customers those of
// their case, partners those that they supplied themselves.
func (s *Service) visibleDocument(ctx context.Context, actor Actor, caseID, documentID string) (*Document, error) {
	if _, err := s.Case(ctx, actor, caseID); err != nil {
		return nil, err
	}
	q := s.db.From(ctx).NewSelect().Model((*Document)(nil)).Where("d.id = ?", documentID).Where("d.case_id = ?", caseID)
	if actor.Kind == Partner {
		q = q.Where("d.actor_kind = ?", Partner).Where("d.actor_id = ?", actor.ID)
	}
	docs := []*Document{}
	if err := q.Scan(ctx, &docs); err != nil {
		return nil, fmt.Errorf("find document: %w", err)
	}
	if len(docs) == 0 {
		return nil, problem.New(problem.NotFound, "document_not_found", "The case holds no such document.")
	}
	return docs[0], nil
}

// loadDocuments reads the case's documents, all versions, oldest first.
func (s *Service) loadDocuments(ctx context.Context, db bun.IDB, caseID string) ([]*Document, error) {
	docs := []*Document{}
	if err := db.NewSelect().Model(&docs).Where("d.case_id = ?", caseID).Order("d.created_at", "d.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	return docs, nil
}

// KnownObjects says which object keys some document refers to, for the sweep of
// orphans.
func (s *Service) KnownObjects(ctx context.Context, keys []string) (map[string]bool, error) {
	if len(keys) == 0 {
		return map[string]bool{}, nil
	}
	found := []string{}
	err := s.db.From(ctx).NewSelect().Model((*Document)(nil)).Distinct().Column("object_key").
		Where("object_key IN (?)", bun.List(keys)).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("look up objects: %w", err)
	}
	known := make(map[string]bool, len(found))
	for _, k := range found {
		known[k] = true
	}
	return known, nil
}

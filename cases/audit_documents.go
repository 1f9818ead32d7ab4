package cases

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"regain/storage"
)

// DocumentsReport is what a verification of documents read and found.
type DocumentsReport struct {
	Documents int
	Bytes     int64
	Findings  []AuditFinding
}

// VerifyDocuments reads the object of every document and compares its size and
// SHA-256 with the row. It reports and goes on; a store that can't be reached is an
// error, because then nothing can be said.
func (s *Service) VerifyDocuments(ctx context.Context) (*DocumentsReport, error) {
	report := &DocumentsReport{Findings: []AuditFinding{}}
	after := ""
	for {
		batch := []*Document{}
		if err := s.db.From(ctx).NewSelect().Model(&batch).Where("d.id > ?", after).Order("d.id").Limit(auditBatch).Scan(ctx); err != nil {
			return report, fmt.Errorf("read documents: %w", err)
		}
		for _, d := range batch {
			if err := s.verifyDocument(ctx, d, report); err != nil {
				return report, err
			}
		}
		if len(batch) < auditBatch {
			return report, nil
		}
		after = batch[len(batch)-1].ID
	}
}

func (s *Service) verifyDocument(ctx context.Context, d *Document, report *DocumentsReport) error {
	report.Documents++
	report.Bytes += d.Size
	found := func(code, detail string) {
		report.Findings = append(report.Findings, AuditFinding{CaseID: d.CaseID, Code: code, Detail: "document " + d.ID + ": " + detail})
	}
	var sum [32]byte
	if n, err := hex.Decode(sum[:], []byte(d.SHA256)); err != nil || n != len(sum) {
		found("document_altered", "its row has no SHA-256")
		return nil //nolint:nilerr // it is a finding
	}
	err := storage.Verify(ctx, s.store, d.ObjectKey, d.Size, sum)
	switch {
	case err == nil:
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrInvalid):
		found("document_missing", "its object is not there")
	case errors.Is(err, storage.ErrMismatch):
		found("document_altered", "its object has another size or content")
	default:
		return fmt.Errorf("read document %s: %w", d.ID, err)
	}
	return nil
}

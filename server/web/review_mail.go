package web

import (
	"context"

	"regain/problem"
	"regain/storage"
)

// readMail opens a saved message for its reader, as text. Like every look at a document
// it is an event of the case. What can't be read is left to be saved and opened elsewhere.
func (p *Pages) readMail(ctx context.Context, data *reviewPage) error {
	if data.Shown == nil || data.Shown.Type != "eml" {
		return nil
	}
	_, r, err := p.services.Cases.Open(ctx, data.reader, data.ID, data.Shown.ID)
	if problem.Is(err, "store_unavailable") {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if mail, err := storage.ReadMail(r); err == nil {
		data.Mail = mail
	}
	return nil
}

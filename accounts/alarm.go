package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"regain/notify"
)

// TellAdmins writes to every admin who can sign in, in the caller's transaction. Key
// is unique for what is told.
func (s *Service) TellAdmins(ctx context.Context, tx bun.IDB, key, template string, data map[string]string) error {
	return s.tellRole(ctx, tx, Admin, notify.Message{Key: key, Template: template, Data: data})
}

// tellRole sends a mail to everyone who has the role and can sign in.
func (s *Service) tellRole(ctx context.Context, tx bun.IDB, role Role, m notify.Message) error {
	staff, err := s.staffWith(ctx, role)
	if err != nil || len(staff) == 0 {
		return err
	}
	messages := make([]notify.Message, len(staff))
	for i, member := range staff {
		messages[i] = m
		messages[i].Key, messages[i].Channel, messages[i].To = m.Key+"/"+member.ID, notify.Email, member.Email
	}
	return s.options.Outbox.Enqueue(ctx, tx, messages...)
}

// TellLeadsOfLate writes to every lead that a review takes too long: once in an hour,
// of the first case, with the way to all of them at link. More mail would be read less.
func (s *Service) TellLeadsOfLate(ctx context.Context, tx bun.IDB, reference string, due, at time.Time, locale, link string) error {
	return s.tellRole(ctx, tx, Lead, notify.Message{
		Key: "late/" + at.UTC().Truncate(time.Hour).Format(time.RFC3339), Locale: locale, Template: "review_late",
		Data: map[string]string{"reference": reference, "due": due.UTC().Format(time.RFC3339), "link": link},
	})
}

// WebhookAlarm tells admins of webhooks that were disabled because they do not work;
// the mail leads to the page of webhooks of the server at publicURL.
func (s *Service) WebhookAlarm(publicURL string) func(ctx context.Context, tx bun.IDB, e notify.Endpoint) error {
	return func(ctx context.Context, tx bun.IDB, e notify.Endpoint) error {
		since := *e.DisabledAt
		if e.FailingSince != nil {
			since = *e.FailingSince
		}
		return s.TellAdmins(ctx, tx, fmt.Sprintf("webhook/%s/%d", e.ID, e.DisabledAt.UnixMicro()), "webhook_disabled", map[string]string{
			"host": e.Host(), "description": e.Description, "since": since.UTC().Format(time.RFC3339), "link": publicURL + "/staff/webhooks",
		})
	}
}

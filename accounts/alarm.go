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
	admins, err := s.Admins(ctx)
	if err != nil {
		return err
	}
	messages := make([]notify.Message, len(admins))
	for i, a := range admins {
		messages[i] = notify.Message{Key: key + "/" + a.ID, Channel: notify.Email, To: a.Email, Template: template, Data: data}
	}
	return s.options.Outbox.Enqueue(ctx, tx, messages...)
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

package cases

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"regain/notify"
	"regain/problem"
)

// Reply is one message to the customers of several cases: exactly one of the two is set.
type Reply struct {
	// Body is sent to all as it is.
	Body string
	// Bodies are by language: each customer gets that of their own.
	Bodies map[string]string
}

// mostLanguages bounds the languages of one reply.
const mostLanguages = 20

var languageTag = regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)

func (in Reply) trimmed() Reply {
	out := Reply{Body: strings.TrimSpace(in.Body)}
	for locale, body := range in.Bodies {
		if out.Bodies == nil {
			out.Bodies = map[string]string{}
		}
		out.Bodies[locale] = strings.TrimSpace(body)
	}
	return out
}

func (in Reply) check() error {
	var bad []problem.Field
	add := func(f *problem.Field) {
		if f != nil {
			bad = append(bad, *f)
		}
	}
	switch {
	case in.Body != "" && len(in.Bodies) > 0:
		add(&problem.Field{Pointer: "/body", Code: "one_of", Message: "Give either one text, or one for each language."})
	case len(in.Bodies) > mostLanguages:
		add(&problem.Field{Pointer: "/bodies", Code: "too_many", Message: fmt.Sprintf("Give texts in %d languages at most.", mostLanguages)})
	case len(in.Bodies) == 0:
		add(problem.CheckText("/body", in.Body, 1, maxMessage, problem.ManyLines))
	}
	for locale, body := range in.Bodies {
		if !languageTag.MatchString(locale) {
			add(&problem.Field{Pointer: "/bodies", Code: "not_a_choice", Message: "Name languages as en, pt-BR or zh-Hans."})
			continue
		}
		add(problem.CheckText("/bodies/"+locale, body, 1, maxMessage, problem.ManyLines))
	}
	return problem.InvalidFields(bad)
}

// to is what the customer of a case is sent.
func (in Reply) to(c *Case) (string, error) {
	if len(in.Bodies) == 0 {
		return in.Body, nil
	}
	if body, ok := in.Bodies[c.Locale]; ok {
		return body, nil
	}
	return "", problem.New(problem.Conflict, "language_missing", "There is no text in this customer's language.")
}

// ReplyMany writes to the customers of several cases, to each as Write does. A case that
// is refused is told of and keeps none of the others back; what is sent stays sent.
// Errors: role_required, invalid_fields.
func (s *Service) ReplyMany(ctx context.Context, actor Actor, caseIDs []string, in Reply) (*BulkAct, error) {
	in, caseIDs, err := checkReply(actor, caseIDs, in)
	if err != nil {
		return nil, err
	}
	act := s.newBulkAct(actor, BulkReply)
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		return act.do(ctx, tx, caseIDs, func(step *BulkStep) error {
			return s.quietly(ctx, actor, step.CaseID, func(ch *change) error {
				body, err := in.to(ch.Case)
				if err != nil {
					return err
				}
				m, err := ch.say(Message, body, nil)
				if err == nil {
					step.Message = m.ID
				}
				return err
			})
		})
	})
	if err != nil {
		return nil, err
	}
	return act, nil
}

func checkReply(actor Actor, caseIDs []string, in Reply) (Reply, []string, error) {
	if !actor.Reviews() {
		return in, nil, problem.New(problem.Forbidden, "role_required", "This takes the role of a reviewer or a lead.")
	}
	in = in.trimmed()
	if err := in.check(); err != nil {
		return in, nil, err
	}
	caseIDs, err := bulkCases(caseIDs)
	return in, caseIDs, err
}

// ReplyPreview is what ReplyMany would send.
type ReplyPreview struct {
	// Languages are those of the customers who would get it, those of most first.
	Languages []*ReplyLanguage
	// Refused are the cases that would be left out, with the code of the problem.
	Refused []BulkStep
}

// ReplyLanguage is a language of customers.
type ReplyLanguage struct {
	Locale string
	// Cases is how many customers speak it; Unreachable how many of them have no proved
	// contact, and read it when they come back.
	Cases, Unreachable int
	Words              string
	// Letter is the message that tells of it, to one of them; nil when none can be reached.
	Letter *notify.Rendered
}

// PreviewReplies says what ReplyMany would send to how many in which language, and
// changes nothing. Errors: role_required, invalid_fields.
func (s *Service) PreviewReplies(ctx context.Context, actor Actor, caseIDs []string, in Reply) (*ReplyPreview, error) {
	in, caseIDs, err := checkReply(actor, caseIDs, in)
	if err != nil {
		return nil, err
	}
	out := &ReplyPreview{}
	for _, id := range caseIDs {
		err := s.previewReply(ctx, actor, id, in, out)
		if refused, ok := problem.As(err); ok {
			out.Refused = append(out.Refused, BulkStep{CaseID: id, Refused: refused.Code})
		} else if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out.Languages, func(a, b *ReplyLanguage) int { return b.Cases - a.Cases })
	return out, nil
}

func (s *Service) previewReply(ctx context.Context, actor Actor, id string, in Reply, out *ReplyPreview) error {
	ch, err := s.imagine(ctx, actor, id)
	if err != nil {
		return err
	}
	if _, err := ch.permit(actWrite); err != nil {
		return err
	}
	body, err := in.to(ch.Case)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(out.Languages, func(l *ReplyLanguage) bool { return l.Locale == ch.Case.Locale })
	if at < 0 {
		at = len(out.Languages)
		out.Languages = append(out.Languages, &ReplyLanguage{Locale: ch.Case.Locale, Words: body})
	}
	l := out.Languages[at]
	l.Cases++
	shown, err := ch.preview(body, "message_received", nil)
	switch {
	case err != nil:
		return err
	case shown.Letter == nil:
		l.Unreachable++
	case l.Letter == nil:
		l.Letter = shown.Letter
	}
	return nil
}

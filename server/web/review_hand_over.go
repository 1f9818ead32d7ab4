package web

import (
	"context"

	"regain/accounts"
	"regain/server"
	"regain/server/api"
)

// readHandOver lists whom the case can be given to, where that form is open.
func (p *Pages) readHandOver(ctx context.Context, data *reviewPage) error {
	if data.Do != "hand" || !data.MayRelease() {
		return nil
	}
	all, more, err := api.Reviewers(ctx, p.services.Staff, api.MostListed)
	if err != nil {
		return err
	}
	data.MoreHandTo = more
	for _, s := range all {
		if s.ID != data.details.Case.ClaimedBy {
			label, err := p.withAbsence(ctx, s)
			if err != nil {
				return err
			}
			data.HandTo = append(data.HandTo, Option{Value: s.ID, Label: label})
		}
	}
	return nil
}

// withAbsence is a reviewer's name, with until when they are away.
func (p *Pages) withAbsence(ctx context.Context, s accounts.Staff) (string, error) {
	if s.AwayUntil == nil {
		return s.Name, nil
	}
	v := &View{Locale: server.Locale(ctx), pages: p}
	said, err := v.T("people.away_until", "day", v.LastDay(*s.AwayUntil))
	return s.Name + " (" + said + ")", err
}

// runHandOver gives the case to another reviewer, with a note for them.
func runHandOver(ctx context.Context, p *Pages, r actRequest) error {
	to, err := api.Assignee(ctx, p.services.Staff, r.get("to"))
	if err != nil {
		return err
	}
	_, err = p.services.Cases.HandOver(ctx, r.actor, r.caseID, r.version, to, r.get("note"))
	return err
}

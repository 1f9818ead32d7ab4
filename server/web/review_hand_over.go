package web

import (
	"context"

	"regain/server/api"
)

// readHandOver lists whom the case can be given to, where that form is open.
func (p *Pages) readHandOver(ctx context.Context, data *reviewPage) error {
	if data.Do != "hand" || !data.MayRelease() {
		return nil
	}
	all, err := api.Reviewers(ctx, p.services.Staff)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.ID != data.details.Case.ClaimedBy {
			data.HandTo = append(data.HandTo, Option{Value: s.ID, Label: s.Name})
		}
	}
	return nil
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

package web

import "context"

// runFollow makes the reader follow the case, runUnfollow ends it.
func runFollow(ctx context.Context, p *Pages, r actRequest) error {
	return p.services.Cases.Follow(ctx, r.actor, r.caseID)
}

func runUnfollow(ctx context.Context, p *Pages, r actRequest) error {
	return p.services.Cases.Unfollow(ctx, r.actor, r.caseID)
}

package api

import (
	"context"
	"slices"

	"regain/cases"
)

// People are the names of members of staff by their ids, for those ids that a view for
// staff holds.
type People map[string]string

// people finds the names in one query; empty ids and those of nobody are left out.
func (a caseAPI) people(ctx context.Context, ids []string) (People, error) {
	return peopleNamed(ctx, a.staff, ids)
}

func peopleNamed(ctx context.Context, staff Staff, ids []string) (People, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	return staff.StaffNames(ctx, slices.DeleteFunc(ids, func(id string) bool { return id == "" }))
}

// staffOf are the ids of the members of staff who hold the case, put it away or decided something in it.
func staffOf(d *cases.Details) []string {
	ids := []string{d.Case.ClaimedBy, d.Case.SnoozedBy}
	for _, v := range d.Decisions {
		ids = append(ids, v.StaffID)
	}
	for _, v := range d.ItemDecided {
		ids = append(ids, v.StaffID)
	}
	return ids
}

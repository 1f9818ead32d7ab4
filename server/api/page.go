package api

import (
	"maps"

	"regain/database"
	"regain/problem"
)

// PageQuery is embedded in the input of a list by time that is read a page at a time.
type PageQuery struct {
	Cursor string `query:"cursor" maxLength:"300" doc:"Where the page before ended; it is in next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// page is the page that is asked for.
func (q PageQuery) page() (database.Page, error) {
	page, err := database.NewTimePage(q.Limit, q.Cursor)
	if err != nil {
		return page, errCursor()
	}
	return page, nil
}

func errCursor() error {
	return problem.New(problem.Malformed, "cursor_unknown", "This cursor is not one of this list. Begin without one.")
}

// next is the address of the page after, with what else the list was asked for; empty
// at the end.
func (q PageQuery) next(path, cursor string, query map[string]any) string {
	if cursor == "" {
		return ""
	}
	all := map[string]any{"limit": q.Limit, "cursor": cursor}
	maps.Copy(all, query)
	return nextPage(path, all)
}

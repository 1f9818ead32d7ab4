package api

import (
	"fmt"
	"maps"
	"net/url"

	"regain/database"
	"regain/problem"
)

// PageQuery is embedded in the input of a list by time that is read a page at a time.
type PageQuery struct {
	Cursor string `query:"cursor" maxLength:"300" doc:"Where the page before ended; it is in next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// TextPageQuery is PageQuery for a list by a name or an address.
type TextPageQuery struct {
	Cursor string `query:"cursor" maxLength:"1000" doc:"Where the page before ended; it is in next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// page is the page that is asked for.
func (q PageQuery) page() (database.Page, error) {
	return knownPage(database.NewTimePage(q.Limit, q.Cursor))
}

func (q TextPageQuery) page() (database.Page, error) {
	return knownPage(database.NewTextPage(q.Limit, q.Cursor))
}

func knownPage(page database.Page, err error) (database.Page, error) {
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
	return pageAfter(path, cursor, q.Limit, query)
}

func (q TextPageQuery) next(path, cursor string, query map[string]any) string {
	return pageAfter(path, cursor, q.Limit, query)
}

func pageAfter(path, cursor string, limit int, query map[string]any) string {
	if cursor == "" {
		return ""
	}
	all := map[string]any{"limit": limit, "cursor": cursor}
	maps.Copy(all, query)
	return nextPage(path, all)
}

// nextPage is the address of a list's next page. What is empty or false is not said.
func nextPage(path string, query map[string]any) string {
	q := url.Values{}
	for name, v := range query {
		if v != "" && v != false {
			q.Set(name, fmt.Sprint(v))
		}
	}
	return path + "?" + q.Encode()
}

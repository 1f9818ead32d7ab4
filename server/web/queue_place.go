package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"regain/cases"
)

// queuePlace is a part of the queue and a place in it, as an address names it. What is
// searched for, which names people, is not in the address: that holds the id of the
// search, which its searcher alone can read and which ends with the day. So nothing of
// it comes into histories, into logs of proxies, or to whoever is sent a link. (Our own
// log has no addresses at all, see server/observe.go.)
type queuePlace struct {
	Query cases.QueueQuery
	// Kept is the search or the saved view that the place is in; nil for neither.
	Kept   *cases.SavedView
	Cursor string
}

// placeInQueue reads an address. Where it names no view, a reviewer begins with what is
// theirs, or, when that is nothing, with what waits.
func (p *Pages) placeInQueue(ctx context.Context, actor cases.Actor, address url.Values, counts map[cases.View]int) (queuePlace, error) {
	place := queuePlace{Cursor: address.Get("cursor")}
	if id := address.Get("saved"); id != "" {
		kept, err := p.services.Cases.SavedView(ctx, actor, id)
		if err != nil {
			return place, err
		}
		place.Kept, place.Query = kept, cases.QueueQuery{View: kept.Query.V.View, Order: kept.Query.V.Order, Filter: kept.Query.V.Filter}
	} else {
		place.Query.Filter = filterFrom(address.Get)
	}
	if order := address.Get("order"); order != "" {
		place.Query.Order = cases.QueueOrder(order)
	}
	if view := address.Get("view"); view != "" {
		place.Query.View = cases.View(view)
	}
	if place.Query.View == "" {
		place.Query.View = cases.ViewUnassigned
		if counts[cases.ViewMine] > 0 {
			place.Query.View = cases.ViewMine
		}
	}
	if !place.Dated() {
		place.Query.Filter.Within = ""
	}
	return place, nil
}

// filterFrom reads a filter from the fields of a form or an address.
func filterFrom(get func(name string) string) cases.QueueFilter {
	return cases.QueueFilter{
		Policy: get("policy"), Scenario: get("scenario"), Locale: get("language"), Holder: get("holder"), Raised: get("raised") != "", Tag: strings.Join(cases.TagIDs(get("tag")), ","),
		Within: cases.QueueWithin(get("within")), Age: cases.QueueAge(get("age")),
	}
}

// filterFields are a filter as the fields of a form or an address, texts left out.
func filterFields(f cases.QueueFilter) map[string]string {
	raised := ""
	if f.Raised {
		raised = "yes"
	}
	return map[string]string{
		"raised": raised, "tag": f.Tag,
		"policy": f.Policy, "scenario": f.Scenario, "language": f.Locale, "holder": f.Holder, "within": string(f.Within), "age": string(f.Age),
	}
}

// values are the address of the place, without its cursor.
func (q *queuePlace) values() url.Values {
	out := url.Values{}
	if q.Kept != nil {
		out.Set("saved", q.Kept.ID)
		if q.Query.View != q.Kept.Query.V.View {
			out.Set("view", string(q.Query.View))
		}
		if q.Query.Order != q.Kept.Query.V.Order {
			out.Set("order", string(q.Query.Order))
		}
		return out
	}
	out.Set("view", string(q.Query.View))
	for name, value := range filterFields(q.Query.Filter) {
		if value != "" {
			out.Set(name, value)
		}
	}
	if q.Query.Order != "" {
		out.Set("order", string(q.Query.Order))
	}
	return out
}

// At is the address's query with the cursor, for forms in the list.
func (q *queuePlace) At() string {
	values := q.values()
	if q.Cursor != "" {
		values.Set("cursor", q.Cursor)
	}
	return values.Encode()
}

// Path is the whole address.
func (q *queuePlace) Path() string { return queuePath + "?" + q.At() }

// page is the address of another page of the same list; empty without a cursor.
func (q *queuePlace) page(cursor string) string {
	if cursor == "" {
		return ""
	}
	other := *q
	other.Cursor = cursor
	return other.Path()
}

// inView is the address of the same filter in another view. A view that was saved under
// a name is left.
func (q *queuePlace) inView(view cases.View) string {
	other := queuePlace{Query: cases.QueueQuery{View: view, Filter: q.Query.Filter}, Kept: q.Kept}
	if q.Name() != "" {
		other.Kept, other.Query.Filter = nil, cases.QueueFilter{}
	}
	if !other.Dated() {
		other.Query.Filter.Within = ""
	}
	return other.Path()
}

// turned is the address of the list in the other order.
func (q *queuePlace) turned() string {
	other := *q
	other.Cursor, other.Query.Order = "", cases.OrderLast
	if q.Descending() {
		other.Query.Order = cases.OrderFirst
	}
	return other.Path()
}

// Descending says whether what is due last comes first.
func (q *queuePlace) Descending() bool {
	return q.Query.Order == cases.OrderLast || q.Query.Order == cases.OrderOwn && q.Query.View == cases.ViewEnded
}

// Dated says whether the cases of the view are due at some time.
func (q *queuePlace) Dated() bool {
	return !slices.Contains([]cases.View{cases.ViewEnded, cases.ViewAll}, q.Query.View)
}

// Name is that of the saved view that the reader is in; empty elsewhere.
func (q *queuePlace) Name() string {
	if q.Kept == nil {
		return ""
	}
	return q.Kept.Name
}

// Filtered says whether any filter is in force.
func (q *queuePlace) Filtered() bool { return q.Query.Filter != cases.QueueFilter{} }

// Words says whether words are searched for.
func (q *queuePlace) Words() bool {
	return q.Query.Filter.Text != "" || q.Query.Filter.Organisation != ""
}

// form has the filter that is in force in its fields.
func (q *queuePlace) form() *Form {
	f := NewForm("text", q.Query.Filter.Text, "organisation", q.Query.Filter.Organisation, "name", q.Name())
	for name, value := range filterFields(q.Query.Filter) {
		if value != "" {
			f.Values.Set(name, value)
		}
	}
	return f
}

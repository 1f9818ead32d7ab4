package cases

// Row is one row of the table of transitions, for tests.
type Row struct {
	Action string
	From   []State
	To     State // empty: as it was
	By     []ActorKind
}

// Table is the table of transitions.
func Table() []Row {
	var rows []Row
	for _, t := range transitions() {
		rows = append(rows, Row{string(t.action), t.from, t.to, t.by})
	}
	return rows
}

// Seal computes the event's hash over what it says now, as somebody would who
// wants to hide what they altered.
func (e *Event) Seal(prev string) { e.seal(prev) }

package cases

// Actions are all things that can be done to a case, as events name them, in the order
// of a case's life: whoever shows events has words for each.
func Actions() []string {
	var all []string
	for _, t := range transitions() {
		all = append(all, string(t.action))
	}
	return all
}

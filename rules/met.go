package rules

// Met judges requirement roots, all of which are needed, by how many slots of
// each item are filled: those provided at submit, those accepted at approval.
// It returns what is missing: items that fall short, and groups of which too few
// children are met. Optional requirements are never missing.
func Met(reqs []Requirement, slotsOf func(Requirement) int) (bool, []Requirement) {
	var missing []Requirement
	for _, r := range reqs {
		missing = append(missing, unmet(r, slotsOf)...)
	}
	return len(missing) == 0, missing
}

// unmet gives what r lacks. Groups that need all children name the children,
// others name themselves.
func unmet(r Requirement, slotsOf func(Requirement) int) []Requirement {
	if r.Optional {
		return nil
	}
	switch r.Kind {
	case Item:
		if slotsOf(r) >= r.Count {
			return nil
		}
		return []Requirement{r}
	case AllOf:
		_, missing := Met(r.Children, slotsOf)
		return missing
	}
	need := 1
	if r.Kind == AtLeast {
		need = r.AtLeast
	}
	for _, c := range r.Children {
		if len(unmet(c, slotsOf)) == 0 {
			need--
		}
	}
	if need <= 0 {
		return nil
	}
	return []Requirement{r}
}

// Items gives the items of the tree under reqs, in order.
func Items(reqs []Requirement) []Requirement {
	var out []Requirement
	EachItem(reqs, func(r *Requirement) { out = append(out, *r) })
	return out
}

// EachItem is Items without a copy of each.
func EachItem(reqs []Requirement, do func(r *Requirement)) {
	for n := range reqs {
		if r := &reqs[n]; r.Kind == Item {
			do(r)
		} else {
			EachItem(r.Children, do)
		}
	}
}

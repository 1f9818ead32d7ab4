package rules

// Satisfied judges check nodes, all of which are needed, by what the reviewer
// ticked. fallback says that some preference was met only by a lower choice,
// which takes a reason. missing are the ids of checks that would be needed in
// the preferred way.
func Satisfied(nodes []CheckNode, ticked map[string]bool) (ok, fallback bool, missing []string) {
	ok = true
	for _, n := range nodes {
		nodeOK, nodeFallback, nodeMissing := n.satisfied(ticked)
		ok = ok && nodeOK
		fallback = fallback || nodeFallback
		missing = append(missing, nodeMissing...)
	}
	return ok, fallback, missing
}

func (n CheckNode) satisfied(ticked map[string]bool) (ok, fallback bool, missing []string) {
	switch n.Kind {
	case CheckLeaf:
		if ticked[n.ID] {
			return true, false, nil
		}
		return false, false, []string{n.ID}
	case CheckAllOf:
		return Satisfied(n.Children, ticked)
	}
	for i, c := range n.Children {
		childOK, childFallback, childMissing := c.satisfied(ticked)
		if childOK {
			return true, childFallback || (n.Kind == CheckPrefer && i > 0), nil
		}
		if i == 0 {
			missing = childMissing
		}
	}
	return false, false, missing
}

// Leaves gives the checks in the tree under nodes, each id once, in order.
func Leaves(nodes []CheckNode) []CheckNode {
	seen := map[string]bool{}
	var out []CheckNode
	var walk func([]CheckNode)
	walk = func(nodes []CheckNode) {
		for _, n := range nodes {
			if n.Kind == CheckLeaf && !seen[n.ID] {
				seen[n.ID] = true
				out = append(out, n)
			}
			walk(n.Children)
		}
	}
	walk(nodes)
	return out
}

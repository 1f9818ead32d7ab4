package rules

import "regain/rules/diagram"

// The templates are a policy's requirements, checks, fields and handling with
// their conditions: what a decision is filled in from.

// gate is a condition on something being there. A nil gate is always open.
type gate struct {
	cond *condition
	root diagram.Node // boolean, in Policy.frozen
}

// selector picks one of several values by conditions, in order.
type selector struct {
	arms      []*condition
	otherwise bool // there is one value more than arms
	place     at
	what      string
	root      diagram.Node // Terminal(i) picks value i
}

// chosen is a value that may depend on conditions: one value, or several with a
// selector.
type chosen[T any] struct {
	values []T
	by     *selector
	set    bool
}

// requirementRule is one entry of collect.
type requirementRule struct {
	requirement Requirement // without count, children, fields, checks
	when        *gate
	atMost      *counter
	children    []*requirementRule
	checks      []*checkRule
	material    *materialRule
	place       at
}

// counter limits a requirement's count by an integer fact.
type counter struct {
	fact  *Fact
	place at
	root  diagram.Node // Terminal(count)
}

// materialRule is a material with its conditional parts.
type materialRule struct {
	material *Material
	fields   []*fieldRule
	checks   []*checkRule
	readOff  []ReadOff
	validity []*validityRule
	place    at
	used     bool
}

// fieldRule is one field of a statement.
type fieldRule struct {
	field        Field
	when         *gate
	optionalWhen *gate
	place        at
}

// checkRule is one entry of checks. A choice has Kind "" and picks a child.
type checkRule struct {
	node     CheckNode
	when     *gate
	choose   *selector
	children []*checkRule
	place    at
}

// handlingRule is a handling block; unset values come from the block above.
type handlingRule struct {
	requestMethod    chosen[string]
	reviewWithin     chosen[Duration]
	customerDeadline chosen[length]
	waitingPeriod    chosen[length]
	approvals        chosen[int]
	distinctRoles    chosen[[]string]
	restore          chosen[[]string]
	retention        chosen[retention]
}

// scenarioRule is a scenario with its conditions.
type scenarioRule struct {
	scenario  *Scenario
	cond      *condition
	otherwise bool
	children  []*scenarioRule
	collect   []*requirementRule
	handling  *handlingRule // own and inherited values together
	place     at
	group     diagram.Node // of the children: Terminal(i) is child i, 0 when none
}

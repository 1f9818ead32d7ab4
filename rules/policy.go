package rules

import (
	"sync"

	"regain/rules/diagram"
)

// Policy is a compiled policy: immutable and safe for concurrent use. What its
// methods return is shared and must not be changed.
type Policy struct {
	id, edition, source, language string
	locales                       []string
	bundle                        Bundle
	hash                          string
	facts                         []*Fact
	factIndex                     map[string]int
	materials                     []*Material
	materialByID                  map[string]*Material
	checks                        []*Check
	roots                         []*Scenario
	scenarios                     []*Scenario
	prog                          *program
	layout                        *layout
	frozen                        *diagram.Frozen
	nodes                         int            // of all diagrams together
	domain                        *domain        // what can happen, in frozen
	askYes                        []diagram.Node // by fact: where it is asked, if it has an ask_when
	scratches                     sync.Pool      // of *diagram.Scratch
	scenarioByID                  map[string]*Scenario
	decided                       decided
	calendar                      *Calendar
}

// ID is the policy's id, such as "huawei-id".
func (p *Policy) ID() string { return p.id }

// Edition is the edition of the source that the policy follows.
func (p *Policy) Edition() string { return p.edition }

// Source says where the policy comes from.
func (p *Policy) Source() string { return p.source }

// Notes are what is shown with every scenario that collects materials.
func (p *Policy) Notes() []Text { return p.prog.notes }

// Hash is the content hash of the policy's files, see Bundle.Hash.
func (p *Policy) Hash() string { return p.hash }

// Language is the locale of the base file's texts.
func (p *Policy) Language() string { return p.language }

// Locales are all locales that the policy has texts for, its own language first.
func (p *Policy) Locales() []string { return p.locales }

// Bundle gives the files that the policy was compiled from.
func (p *Policy) Bundle() Bundle { return p.bundle }

// Calendar says when reviewers work; Monday to Friday in UTC unless the policy says
// otherwise.
func (p *Policy) Calendar() *Calendar { return p.calendar }

// Facts are the questions in asking order.
func (p *Policy) Facts() []*Fact { return p.facts }

// Fact finds a fact by id; nil if there is none.
func (p *Policy) Fact(id string) *Fact {
	if i, ok := p.factIndex[id]; ok {
		return p.facts[i]
	}
	return nil
}

// Materials is the catalogue in the file's order.
func (p *Policy) Materials() []*Material { return p.materials }

// Material finds a material by id; nil if there is none.
func (p *Policy) Material(id string) *Material { return p.materialByID[id] }

// Checks is the catalogue of checks in the file's order.
func (p *Policy) Checks() []*Check { return p.checks }

// Scenarios are the roots of the scenario tree.
func (p *Policy) Scenarios() []*Scenario { return p.roots }

// Scenario finds a scenario by its id or by one that it had before; nil if there
// is none.
func (p *Policy) Scenario(id string) *Scenario { return p.scenarioByID[id] }

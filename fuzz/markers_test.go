package fuzz

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A marker is a word that is planted in personal data: whose it is, and of which kind.
// An answer that shows a marker to somebody who must not see it has leaked.
//
//	zq000042c  what case 42's customer typed
const markerForm = "zq%06d%c"

var markerPattern = regexp.MustCompile(`(?i)zq(\d{6})([a-z])`)

// The kinds of what is planted.
const (
	ofAccount  = 'a' // the account: the case's customer, its partners, staff
	ofCustomer = 'c' // what the customer typed: the customer and staff
	ofPartner  = 'p' // what a partner typed, by the partner's own number: the partner, its organisation, its case's customer and staff
	ofOwed     = 'o' // what the partner is told: the customer, the case's partners, staff
	forBoth    = 'w' // what staff wrote to the customer: the customer, the case's partners, staff
	ofStaff    = 's' // what staff wrote to staff
)

func marker(number int, kind rune) string { return fmt.Sprintf(markerForm, number, kind) }

// found is a marker in some bytes.
type found struct {
	number int
	kind   rune
}

func markersIn(text []byte) []found {
	var all []found
	for _, m := range markerPattern.FindAllSubmatch(text, -1) {
		number, err := strconv.Atoi(string(m[1]))
		if err != nil {
			continue
		}
		f := found{number, rune(strings.ToLower(string(m[2]))[0])}
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}

// maySee is the rule that answers are held to, written down apart from the product.
func (w *world) maySee(p *person, f found) bool {
	c := w.claimOf(f)
	switch {
	case p.role == "customer":
		return c != nil && p.claim == c && f.kind != ofStaff
	case p.invited() && f.kind == ofPartner:
		return p.number == f.number
	case p.invited():
		return c != nil && p.claim == c && slices.Contains([]rune{ofAccount, ofOwed, forBoth}, f.kind)
	case slices.Contains([]string{"reviewer", "lead", "auditor", program}, p.role):
		return c != nil && c.filed
	}
	return false
}

// invited says whether somebody acts on an invitation: by its link, or for the
// organisation whose address it went to.
func (p *person) invited() bool { return p.role == "partner" || p.role == "organisation" }

// claimOf is the case that a marker belongs to; nil when it was never made.
func (w *world) claimOf(f found) *claim {
	for _, c := range w.claims {
		if c.number == f.number {
			return c
		}
		for _, p := range c.partners {
			if f.kind == ofPartner && p.number == f.number {
				return c
			}
		}
	}
	return nil
}

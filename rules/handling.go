package rules

import (
	"fmt"
	"time"
)

// Duration is a length of time in words of a calendar, such as "2 business days".
type Duration struct {
	N    int    `json:"n"`
	Unit string `json:"unit"` // "business days", "days" or "hours"
}

// The units of a Duration.
const (
	BusinessDays = "business days"
	Days         = "days"
	Hours        = "hours"
)

// String gives the duration as a policy writes it.
func (d Duration) String() string { return fmt.Sprintf("%d %s", d.N, d.Unit) }

// IsZero says whether nothing is set.
func (d Duration) IsZero() bool { return d == Duration{} }

// Handling is how a case of the scenario is worked. In a partial decision only
// the values that are already certain are set.
type Handling struct {
	// RequestMethod is how the source says the request is made ("service_ticket").
	RequestMethod string `json:"request_method,omitempty"`
	// ReviewWithin is the promised time of a review.
	ReviewWithin Duration `json:"review_within,omitzero"`
	// CustomerDeadline is how long the customer has to supply what is asked.
	CustomerDeadline time.Duration `json:"customer_deadline,omitempty"`
	// WaitingPeriod passes between approval and hand-back.
	WaitingPeriod time.Duration `json:"waiting_period,omitempty"`
	// Approvals is how many different people must approve.
	Approvals int `json:"approvals,omitempty"`
	// DistinctRoles must each be among the approvers.
	DistinctRoles []string `json:"distinct_roles,omitempty"`
	// Restore names what is replaced at the hand-back ("replace_phone").
	Restore []string `json:"restore,omitempty"`
	// Retention is how long data is kept, by end ("approved", "denied", "abandoned").
	Retention map[string]time.Duration `json:"retention,omitempty"`
}

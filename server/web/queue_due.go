package web

import (
	"time"

	"regain/server/api"
)

// due says how long there is still time, or how long it is over.
type due struct {
	// Key is the words for it in staff.due, N their number. Empty when nothing is due.
	Key string
	N   int
	// Tone is the colour: bad, wait or none.
	Tone string
	At   time.Time
}

// dueOf says what a case in a list waits for.
func dueOf(e api.QueueEntry, now time.Time) due {
	switch {
	case e.EndedAt != nil:
		return due{Key: "ended", At: *e.EndedAt}
	case e.SupplyBy != nil:
		d := dueIn(*e.SupplyBy, now)
		d.Key, d.Tone = "customer_"+d.Key, ""
		return d
	case e.ReviewBy != nil:
		return dueIn(*e.ReviewBy, now)
	}
	return due{}
}

// soon is when what is due becomes urgent.
const soon = 4 * time.Hour

// dueIn rounds as people do: what is due in three hours and fifty minutes is said to
// be due in three hours, so that nobody counts on time that is not there; what is late
// is late by at least what is said.
func dueIn(at, now time.Time) due {
	left := at.Sub(now)
	d := due{At: at, Key: "in"}
	switch {
	case left < 0:
		left, d.Key, d.Tone = -left, "late", "bad"
	case left < soon:
		d.Tone = "bad"
	case left < 24*time.Hour:
		d.Tone = "wait"
	}
	switch {
	case left < time.Hour:
		d.Key, d.N = d.Key+"_minutes", int(left/time.Minute)
	case left < 24*time.Hour:
		d.Key, d.N = d.Key+"_hours", int(left/time.Hour)
	default:
		d.Key, d.N = d.Key+"_days", int(left/(24*time.Hour))
	}
	return d
}

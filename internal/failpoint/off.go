//go:build !failpoints

// Package failpoint names the places at which tests kill the server: between two
// steps that must not come apart. Only a binary built with the tag failpoints can
// be killed there; in every other the calls are empty and compiled away.
package failpoint

import "time"

// Enabled says whether this binary was built with the tag.
const Enabled = false

// Hit marks a place. Detail tells its uses apart, such as the route of a call.
func Hit(_, _ string) {}

// Now is the clock, which tests set wrong.
func Now() time.Time { return time.Now() }

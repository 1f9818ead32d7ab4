package storage

import (
	"fmt"
	"strings"
)

// Limits of a key, in bytes. They fit every file system and S3 server.
const (
	maxKey     = 512
	maxSegment = 128
)

// CheckKey returns ErrInvalid unless key is one or more segments joined by
// '/', each of 1 to 128 lower-case letters, digits, '-', '_' and '.', not
// beginning with '.', in all at most 512 bytes. Lower case only, since some
// file systems do not tell cases apart; so no key can name a parent folder, a
// hidden file or anything that a server would normalise.
func CheckKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("storage: %w: a key has 1 to %d bytes, not %d", ErrInvalid, maxKey, len(key))
	}
	for segment := range strings.SplitSeq(key, "/") {
		if !validSegment(segment) {
			return fmt.Errorf("storage: %w: key %.80q has the bad segment %.80q", ErrInvalid, key, segment)
		}
	}
	return nil
}

func validSegment(s string) bool {
	if s == "" || len(s) > maxSegment || s[0] == '.' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

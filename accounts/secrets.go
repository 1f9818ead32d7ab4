package accounts

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
)

// MinMasterKey is the shortest master key, in bytes.
const MinMasterKey = 32

// Secrets are the keys that the parts of the product need, each for one purpose
// and derived from one master key. Changing the master key voids codes that are
// under way, begins all limits anew, and makes waiting messages unreadable;
// passwords and sessions do not depend on it.
type Secrets struct {
	limits [32]byte
	codes  [32]byte
	outbox [32]byte
	master [32]byte
}

// DeriveSecrets derives the keys from the master key, which must be random and
// have at least MinMasterKey bytes.
func DeriveSecrets(master []byte) (Secrets, error) {
	if len(master) < MinMasterKey {
		return Secrets{}, fmt.Errorf("the master key must have at least %d bytes", MinMasterKey)
	}
	var s Secrets
	for purpose, key := range map[string]*[32]byte{
		"limits": &s.limits, "codes": &s.codes, "outbox": &s.outbox, "further": &s.master,
	} {
		if err := derive(master, purpose, key); err != nil {
			return Secrets{}, err
		}
	}
	return s, nil
}

func derive(master []byte, purpose string, key *[32]byte) error {
	derived, err := hkdf.Key(sha256.New, master, nil, "regain/v1/"+purpose, len(key))
	if err != nil {
		return fmt.Errorf("derive the key for %s: %w", purpose, err)
	}
	copy(key[:], derived)
	return nil
}

// Outbox is the key for notify.Options.
func (s Secrets) Outbox() [32]byte { return s.outbox }

// For derives the key of another purpose, such as "csrf"; the same name gives the
// same key.
func (s Secrets) For(purpose string) ([32]byte, error) {
	if s == (Secrets{}) {
		return [32]byte{}, errors.New("the secrets are not set")
	}
	var key [32]byte
	err := derive(s.master[:], purpose, &key)
	return key, err
}

// String keeps the keys out of prints.
func (Secrets) String() string { return "[secrets]" }

// GoString keeps the keys out of prints.
func (Secrets) GoString() string { return "[secrets]" }

// LogValue keeps the keys out of logs.
func (Secrets) LogValue() slog.Value { return slog.StringValue("[secrets]") }

// keyed is the HMAC of parts under a key. Each part's length goes before it, so
// that no two lists of parts are one text.
func keyed(key [32]byte, parts ...string) string {
	mac := hmac.New(sha256.New, key[:])
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		_, _ = mac.Write(length[:]) // a hash never fails
		_, _ = mac.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

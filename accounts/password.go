package accounts

import (
	"context"
	"crypto/rand"
	_ "embed" // the list of common passwords
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"regain/problem"
)

// Lengths of passwords, in code points after NFKC. There are no rules on what
// characters they are made of: those make passwords worse.
const (
	MinPassword      = 8
	MinStaffPassword = 12
	MaxPassword      = 128
)

// hashMemory is OWASP's, in KiB, for two passes in one lane.
const hashMemory = 19 * 1024

func hashParams(memory uint32) *argon2id.Params {
	return &argon2id.Params{Memory: memory, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// hashWait is how long a sign-in waits for its turn to hash.
const hashWait = 5 * time.Second

//go:embed common_passwords.txt
var commonPasswordList string

// commonPasswords is the list as a set, in the form that simplified gives.
var commonPasswords = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(commonPasswordList) {
		if word := simplified(line); word != "" && !strings.HasPrefix(word, "#") {
			set[word] = true
		}
	}
	return set
})

// CheckPassword says what is wrong with a new password, at the pointer
// "/password"; nothing if it may be used. Email is its owner's.
func CheckPassword(password, email string, least int) []problem.Field {
	fault := func(code, format string, args ...any) []problem.Field {
		return []problem.Field{{Pointer: "/password", Code: code, Message: fmt.Sprintf(format, args...)}}
	}
	password = norm.NFKC.String(password)
	switch n := utf8.RuneCountInString(password); {
	case n < least:
		return fault("too_short", "Use at least %d characters.", least)
	case n > MaxPassword:
		return fault("too_long", "Use at most %d characters.", MaxPassword)
	case strings.ContainsRune(password, 0) || !utf8.ValidString(password):
		return fault("invalid_characters", "Use characters that can be typed.")
	}
	word := simplified(password)
	local, _, _ := strings.Cut(email, "@")
	switch {
	case email != "" && (word == simplified(email) || word == simplified(local)):
		return fault("same_as_email", "Use something other than your e-mail address.")
	case commonPasswords()[word] || isMonotonous(word):
		return fault("too_common", "This password is easy to guess. Use another one, such as four words that do not belong together.")
	}
	return nil
}

// simplified is the form in which guessable passwords are compared.
func simplified(s string) string {
	return cases.Fold().String(norm.NFKC.String(strings.TrimSpace(s)))
}

// isMonotonous finds one or two characters repeated, and plain sequences.
func isMonotonous(s string) bool {
	runes := []rune(s)
	distinct := map[rune]bool{}
	up, down := true, true
	for i, r := range runes {
		distinct[r] = true
		if i > 0 {
			step := r - runes[i-1]
			wraps := (runes[i-1] == '9' && r == '0') || (runes[i-1] == '0' && r == '9')
			up = up && (step == 1 || wraps)
			down = down && (step == -1 || wraps)
		}
	}
	return len(distinct) <= 2 || up || down
}

// passwords hashes and compares, a bounded number at once. Safe for concurrent use.
type passwords struct {
	slots  chan struct{}
	params *argon2id.Params
	// dummy is compared with where there is no hash, at the same cost.
	dummy string
}

func newPasswords(atOnce int, memory uint32) (*passwords, error) {
	params := hashParams(memory)
	dummy, err := dummyHash(params)
	if err != nil {
		return nil, fmt.Errorf("make a dummy password: %w", err)
	}
	return &passwords{slots: make(chan struct{}, atOnce), params: params, dummy: dummy}, nil
}

// argonVersion is that of RFC 9106.
const argonVersion = 0x13

// dummyHash looks as if some password had been hashed. It takes no hashing to make, which
// would be a sixth of the time that the server takes to start.
func dummyHash(params *argon2id.Params) (string, error) {
	salt, key := make([]byte, params.SaltLength), make([]byte, params.KeyLength)
	for _, random := range [][]byte{salt, key} {
		if _, err := rand.Read(random); err != nil {
			return "", err
		}
	}
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argonVersion,
		params.Memory, params.Iterations, params.Parallelism, encode(salt), encode(key)), nil
}

// hash returns the stored form of a password that CheckPassword let pass.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(norm.NFKC.String(password), p.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// matches compares; with an empty hash it does the same work and says no.
func (p *passwords) matches(ctx context.Context, password, hash string) (bool, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	if len(password) > MaxPassword*utf8.UTFMax { // hash no megabytes
		password, known = "", false
	}
	same, err := argon2id.ComparePasswordAndHash(norm.NFKC.String(password), hash)
	if err != nil {
		return false, fmt.Errorf("compare a password: %w", err)
	}
	return same && known, nil
}

// enter waits for a turn. Under a flood of sign-ins it refuses, rather than take
// 19 MiB for each of them.
func (p *passwords) enter(ctx context.Context) (leave func(), err error) {
	timer := time.NewTimer(hashWait)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, problem.New(problem.Unavailable, "sign_in_busy", "Many people sign in just now. Please try again.").After(hashWait)
	}
}

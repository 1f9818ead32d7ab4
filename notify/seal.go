package notify

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// payload is the personal part of a message: a column of its own, so that it can
// be wiped, and sealed, since codes and links in it open doors until they expire.
type payload struct {
	To   string            `json:"to"`
	Data map[string]string `json:"data"`
}

// The first byte of a stored payload says how it is written.
const (
	payloadPlain  byte = 0
	payloadSealed byte = 1
)

var errUnreadable = errors.New("message cannot be read with this key")

// sealer encrypts payloads with AES-256-GCM, bound to the id of their row. Without
// a key it writes them as they are.
type sealer struct {
	aead   cipher.AEAD
	random io.Reader
}

func newSealer(key [32]byte, random io.Reader) (sealer, error) {
	if key == ([32]byte{}) {
		return sealer{random: random}, nil
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return sealer{}, fmt.Errorf("outbox key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealer{}, fmt.Errorf("outbox key: %w", err)
	}
	return sealer{aead: aead, random: random}, nil
}

func (s sealer) seal(id string, p payload) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return s.sealed(id, plain)
}

// sealed is what plain undoes.
func (s sealer) sealed(id string, plain []byte) ([]byte, error) {
	if s.aead == nil {
		return append([]byte{payloadPlain}, plain...), nil
	}
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return s.aead.Seal(append([]byte{payloadSealed}, nonce...), nonce, plain, []byte(id)), nil
}

func (s sealer) open(id string, stored []byte) (payload, error) {
	var p payload
	plain, err := s.plain(id, stored)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(plain, &p); err != nil {
		return p, errUnreadable
	}
	return p, nil
}

func (s sealer) plain(id string, stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return nil, errUnreadable
	}
	kind, rest := stored[0], stored[1:]
	if kind == payloadPlain && s.aead == nil {
		return rest, nil
	}
	if kind != payloadSealed || s.aead == nil || len(rest) < s.aead.NonceSize() {
		return nil, errUnreadable
	}
	nonce, sealed := rest[:s.aead.NonceSize()], rest[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, sealed, []byte(id))
	if err != nil {
		return nil, errUnreadable
	}
	return plain, nil
}

package server

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// sealer protects stored responses. They hold personal data, and some hold a
// session's token: a retry after a lost answer must get the same token, since the
// one-time code behind it is spent. So each is encrypted with AES-256-GCM under a
// key derived from the server's secret and from the client's own idempotency key,
// of which only a keyed hash is kept. Neither the database alone, nor the database
// with the server's secret, opens a stored response: that takes the client's key.
type sealer struct{ secret []byte }

// rowID names the record of one key of one caller.
func (s sealer) rowID(scope, key string) string {
	mac := hmac.New(sha256.New, s.secret)
	_, _ = fmt.Fprintf(mac, "idempotency\x00%d\x00%s%s", len(scope), scope, key)
	return hex.EncodeToString(mac.Sum(nil))
}

func (s sealer) aead(scope, key string) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, s.secret, []byte(key), "regain stored response\x00"+scope, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (s sealer) seal(scope, key, id string, plain []byte) ([]byte, error) {
	aead, err := s.aead(scope, key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(rand.Reader, nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, plain, []byte(id)), nil
}

func (s sealer) open(scope, key, id string, sealed []byte) ([]byte, error) {
	aead, err := s.aead(scope, key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("a stored response is too short")
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(id))
}

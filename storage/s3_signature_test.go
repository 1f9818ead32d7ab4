package storage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"
)

// TestSignedContent: the signature covers the SHA-256 itself where others could change both
// the content and a weaker sum, and where no weaker sum is known.
func TestSignedContent(t *testing.T) {
	content := []byte("content")
	sum := sha256.Sum256(content)
	whole := hex.EncodeToString(sum[:])
	known := section{SectionReader: io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))}
	for _, c := range []struct {
		endpoint string
		plain    bool
		content  io.Reader
		want     string
	}{
		{"127.0.0.1:9000", true, known, unsignedContent},
		{"[::1]:9000", true, known, unsignedContent},
		{"localhost", true, known, unsignedContent},
		{"store.example:9000", false, known, unsignedContent}, // over TLS
		{"127.0.0.1:9000", true, bytes.NewReader(content), whole},
		{"store.example:9000", true, known, whole},
		{"10.0.0.7:9000", true, known, whole},
		{"[fd00::7]", true, known, whole},
		{"localhost.example:9000", true, known, whole},
	} {
		config := S3Config{Endpoint: c.endpoint, Plain: c.plain}
		store := &S3{exposed: config.exposed()}
		if got := store.signedContent(c.content, sum); got != c.want {
			t.Errorf("%s, plain %v, %T: the signature covers %q, not %q", c.endpoint, c.plain, c.content, got, c.want)
		}
	}
}

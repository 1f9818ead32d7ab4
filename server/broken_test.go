package server

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"regain/database/databasetest"
)

// TestAnswerThatBreaksOff: a file that fails half way does not look whole to whoever saves it.
func TestAnswerThatBreaksOff(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t), testConfig(), func(s *Server) {
		s.Raw(Route{
			ID: "broken-file", Method: http.MethodGet, Path: "/api/v1/broken", Roles: Everyone(), Effect: Reads, Tag: "Test", Summary: "A file that breaks off",
		}, func(c *gin.Context) error {
			if _, err := io.WriteString(c.Writer, strings.Repeat("a line\n", 4096)); err != nil {
				return err
			}
			return errors.New("the database went away")
		})
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/api/v1/broken", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("%d bytes of it read like the whole", len(got))
	}
	if !strings.Contains(b.log.String(), "the database went away") {
		t.Errorf("nobody is told why: %s", b.log)
	}
}

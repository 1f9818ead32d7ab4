package database

import (
	"strings"
	"testing"
)

func TestPostgresURL(t *testing.T) {
	for _, c := range []struct {
		url, network, address, tlsName string
	}{
		{"postgres://u:p@db.example.org/regain", "tcp", "db.example.org:5432", "db.example.org"},
		{"postgresql://u:p@db.example.org:6543/regain?sslmode=verify-full", "tcp", "db.example.org:6543", "db.example.org"},
		{"postgres://u:p@10.0.0.7/regain", "tcp", "10.0.0.7:5432", "10.0.0.7"},
		{"postgres://u:p@[2001:db8::7]:5433/regain", "tcp", "[2001:db8::7]:5433", "2001:db8::7"},
		{"postgres://u:p@db.example.org/regain?sslmode=disable", "tcp", "db.example.org:5432", ""},
		{"postgres://u@localhost/regain", "tcp", "localhost:5432", ""},
		{"postgres://u@127.0.0.1:7/regain", "tcp", "127.0.0.1:7", ""},
		{"postgres://u@[::1]/regain", "tcp", "[::1]:5432", ""},
		{"postgres://u@localhost/regain?sslmode=verify-full", "tcp", "localhost:5432", "localhost"},
		{"postgres:///regain?host=/run/postgresql&port=5433", "unix", "/run/postgresql/.s.PGSQL.5433", ""},
	} {
		target, err := parsePostgresURL(strings.Replace(c.url, ":///", "://u@/", 1))
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if target.network != c.network || target.address != c.address || target.user != "u" || target.database != "regain" {
			t.Errorf("%s: %+v", c.url, target)
		}
		switch {
		case (target.tls != nil) != (c.tlsName != ""):
			t.Errorf("%s: TLS %v", c.url, target.tls != nil)
		case target.tls != nil && (target.tls.ServerName != c.tlsName || target.tls.InsecureSkipVerify):
			t.Errorf("%s: TLS for %q, unverified %v", c.url, target.tls.ServerName, target.tls.InsecureSkipVerify)
		}
	}
}

func TestPostgresURLRefusals(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://u:secret@db.example.org/regain?sslmode=require":                       "sslmode=require",
		"postgres://u:secret@db.example.org/regain?sslmode=verify-ca":                     "sslmode=verify-ca",
		"postgres://u:secret@db.example.org/regain?sslmode=prefer":                        "sslmode=prefer",
		"postgres://u:secret@localhost/regain?sslmode=allow":                              "sslmode=allow",
		"postgres://u:secret@db.example.org/regain?sslmode=verify-full&sslrootcert=/none": "sslrootcert",
		"postgres://u:secret@db.example.org/regain?sslcert=/none":                         "sslcert",
		"postgres://u:secret@db.example.org/regain?ssl=true":                              `unknown parameter "ssl"`,
		"postgres://u:secret@db.example.org":                                              "want postgres://",
		"postgres://db.example.org/regain":                                                "want postgres://",
		"postgres://u:secret@db.example.org:port/regain":                                  "invalid port",
		"postgres://u:secret%zz@db.example.org/regain":                                    "invalid URL escape",
	} {
		_, err := parsePostgresURL(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", url, err, want)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error holds the password: %v", err)
		}
	}
}

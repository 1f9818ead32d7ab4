package database

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// postgresTarget is what a postgres:// URL says.
type postgresTarget struct {
	network, address         string // as for net.Dial
	user, password, database string
	application              string
	tls                      *tls.Config // nil: no TLS
}

// parsePostgresURL reads the URL. Its errors never hold the URL itself, which
// may carry a password.
func parsePostgresURL(raw string) (postgresTarget, error) {
	parsed, err := url.Parse(raw)
	if err != nil {
		var urlError *url.Error
		if errors.As(err, &urlError) {
			err = urlError.Err
		}
		return postgresTarget{}, fmt.Errorf("database URL: %w", err)
	}
	query := parsed.Query()
	target := postgresTarget{network: "tcp", database: strings.TrimPrefix(parsed.Path, "/"), application: "regain"}
	if parsed.User != nil {
		target.user = parsed.User.Username()
		target.password, _ = parsed.User.Password()
	}
	host, port := parsed.Hostname(), parsed.Port()
	for name, values := range query {
		value := values[len(values)-1]
		switch name {
		case "host":
			host = value
		case "port":
			port = value
		case "application_name":
			target.application = value
		case "sslmode", "sslrootcert", "sslcert", "sslkey":
		default:
			return postgresTarget{}, fmt.Errorf("database URL: unknown parameter %q", name)
		}
	}
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = "5432"
	}
	if target.user == "" || target.database == "" {
		return postgresTarget{}, errors.New("database URL: want postgres://user:password@host:port/name")
	}
	if strings.HasPrefix(host, "/") {
		target.network, target.address = "unix", host+"/.s.PGSQL."+port
		return target, nil
	}
	target.address = net.JoinHostPort(host, port)
	target.tls, err = postgresTLS(host, query)
	return target, err
}

// postgresTLS decides how the server proves itself. The modes of libpq that
// encrypt without knowing to whom are refused rather than taken for safe.
func postgresTLS(host string, query url.Values) (*tls.Config, error) {
	mode := query.Get("sslmode")
	if mode == "" {
		mode = "verify-full"
		if isLoopback(host) {
			mode = "disable"
		}
	}
	switch mode {
	case "disable":
		return nil, nil
	case "verify-full":
	default:
		return nil, fmt.Errorf("database URL: sslmode=%s does not check whom the connection reaches: "+
			"use sslmode=verify-full (with sslrootcert=FILE for a private authority), "+
			"or sslmode=disable where the network itself is trusted", mode)
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if file := query.Get("sslrootcert"); file != "" && file != "system" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("database URL: sslrootcert: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("database URL: sslrootcert holds no certificate")
		}
	}
	if cert, key := query.Get("sslcert"), query.Get("sslkey"); cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("database URL: sslcert and sslkey: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

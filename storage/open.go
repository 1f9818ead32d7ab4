package storage

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// OpenStore opens the store that an address names:
//
//	file:/var/lib/regain/documents   a folder ("file:data" is relative)
//	s3://KEY:SECRET@host:port/bucket an S3 server, over TLS
//
// For S3, KEY and SECRET are percent-encoded; without them the environment's
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or MINIO_ACCESS_KEY and
// MINIO_SECRET_KEY) are used. Query parameters: region (default us-east-1),
// secure=false (no TLS), ca (a PEM file of the authorities to trust instead of
// the system's), create=false (a missing bucket is an error).
//
// Errors: ErrInvalid, ErrUnavailable. None repeats the address, which may hold
// a secret.
func OpenStore(ctx context.Context, address string) (Store, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		// The parser's error quotes the address.
		return nil, fmt.Errorf("storage: %w: the address is not a URL", ErrInvalid)
	}
	switch parsed.Scheme {
	case "file":
		return openDiskURL(parsed)
	case "s3":
		config, err := parseS3(parsed)
		if err != nil {
			return nil, err
		}
		return OpenS3(ctx, config)
	}
	return nil, fmt.Errorf("storage: %w: neither file: nor s3: begins the address", ErrInvalid)
}

func openDiskURL(address *url.URL) (Store, error) {
	dir := address.Path
	if address.Opaque != "" {
		unescaped, err := url.PathUnescape(address.Opaque)
		if err != nil {
			return nil, fmt.Errorf("storage: %w: the folder's name is badly encoded", ErrInvalid)
		}
		dir = unescaped
	}
	if dir == "" || address.Host != "" || address.User != nil || address.RawQuery != "" {
		return nil, fmt.Errorf("storage: %w: a folder's address is file:/path", ErrInvalid)
	}
	return OpenDisk(filepath.FromSlash(dir))
}

func parseS3(address *url.URL) (S3Config, error) {
	bucket := strings.Trim(address.Path, "/")
	if address.Host == "" || bucket == "" || strings.Contains(bucket, "/") || address.Fragment != "" {
		return S3Config{}, fmt.Errorf("storage: %w: an S3 address is s3://KEY:SECRET@host:port/bucket", ErrInvalid)
	}
	config := S3Config{Endpoint: address.Host, Bucket: bucket}
	if address.User != nil {
		config.AccessKey = address.User.Username()
		config.SecretKey, _ = address.User.Password()
		if config.AccessKey == "" || config.SecretKey == "" {
			return S3Config{}, fmt.Errorf("storage: %w: give both key and secret, or neither", ErrInvalid)
		}
	}
	for name, values := range address.Query() {
		if err := config.set(name, values[len(values)-1]); err != nil {
			return S3Config{}, err
		}
	}
	return config, nil
}

func (c *S3Config) set(name, value string) error {
	flag := func(target *bool) error {
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("storage: %w: %s must be true or false", ErrInvalid, name)
		}
		*target = !b
		return nil
	}
	switch name {
	case "region":
		c.Region = value
		return nil
	case "ca":
		c.CAFile = value
		return nil
	case "secure":
		return flag(&c.Plain)
	case "create":
		return flag(&c.NoCreate)
	}
	return fmt.Errorf("storage: %w: an S3 address knows region, secure, ca and create", ErrInvalid)
}

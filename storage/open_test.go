package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regain/internal/testservers"
	"regain/storage"
)

func TestOpenStoreFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, address := range []string{"file:" + dir + "/one", "file://" + dir + "/two", "file:three", "file:" + dir + "/with%20space"} {
		store, err := storage.OpenStore(t.Context(), address)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		putBytes(t, store, "key", []byte("x"))
	}
	for _, name := range []string{"one", "two", "three", "with space"} {
		if _, err := os.Stat(filepath.Join(dir, name, "objects", "key")); err != nil {
			t.Error(err)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.OpenStore(t.Context(), "file:"+file); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a file as folder: %v", err)
	}
}

func TestOpenStoreRefuses(t *testing.T) {
	for _, address := range []string{
		"", "/var/lib", "ftp://a/b", "http://KEY:hIdDeN@host/bucket", "file:", "file:?x=1", "file://host/dir",
		"s3://KEY:hIdDeN@/bucket", "s3://KEY:hIdDeN@host", "s3://KEY:hIdDeN@host/", "s3://KEY:hIdDeN@host/a/b",
		"s3://KEY@host/bucket", "s3://:hIdDeN@host/bucket", "s3://KEY:hIdDeN@host/bucket?secure=hIdDeN",
		"s3://KEY:hIdDeN@host/bucket?hIdDeN=1", "s3://KEY:hIdDeN@host:port/bucket", "s3://KEY:hIdDeN%zz@host/bucket",
		"s3://KEY:hIdDeN@host/bucket#hIdDeN", "s3://KEY:hIdDeN@host/bucket\x7f", "s3://KEY:hId DeN@ho st/bucket",
		"s3://KEY:hIdDeN@host/bucket?ca=/no/such/file",
	} {
		_, err := storage.OpenStore(t.Context(), address)
		if !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		} else if strings.Contains(err.Error(), "DeN") {
			t.Errorf("%q: the error tells: %v", address, err)
		}
	}
}

// TestNoSecretsInErrors goes through failures of a reachable and of an
// unreachable server.
func TestNoSecretsInErrors(t *testing.T) {
	server := testservers.MinIO(t)
	bad := server
	bad.SecretKey = "wrongsecretwrongsecret"
	nowhere := server
	nowhere.Endpoint = "127.0.0.1:1"
	addresses := map[string]string{
		"wrong secret":   bad.URL("bucket"),
		"unreachable":    nowhere.URL("bucket"),
		"bad bucket":     server.URL("Bad..Bucket"),
		"no such bucket": server.URL(server.Bucket()) + "&create=false",
		"TLS to plain":   strings.Replace(server.URL("bucket"), "secure=false", "secure=true", 1),
		"default is TLS": strings.Replace(server.URL("bucket"), "secure=false", "region=us-east-1", 1),
	}
	for name, address := range addresses {
		_, err := storage.OpenStore(t.Context(), address)
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, secret := range []string{server.SecretKey, bad.SecretKey, server.AccessKey} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error tells a secret: %v", name, err)
			}
		}
	}
}

func TestCredentialsFromEnvironment(t *testing.T) {
	server := testservers.MinIO(t)
	t.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
	store, err := storage.OpenStore(t.Context(), "s3://"+server.Endpoint+"/"+server.Bucket()+"?secure=false")
	if err != nil {
		t.Fatal(err)
	}
	putBytes(t, store, "key", []byte("x"))
}

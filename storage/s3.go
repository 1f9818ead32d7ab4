package storage

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// User metadata of an object. The sum lets an operator verify a bucket without
// the database; the put tells the outcome of an upload whose answer was lost.
const (
	metaSum = "sha256"
	metaPut = "put"
)

// attempts is how often a request is sent before a failure is reported.
const attempts = 3

// S3Config says where the objects are kept.
type S3Config struct {
	// Endpoint is host or host:port, without a scheme.
	Endpoint string
	// Bucket is for Regain alone: Sweep removes what it does not know.
	Bucket string
	Region string // "us-east-1" when empty
	// AccessKey and SecretKey; when both are empty the environment's
	// AWS_ACCESS_KEY_ID … or MINIO_ACCESS_KEY … are used.
	AccessKey, SecretKey string
	// Plain turns TLS off, for a server on the same machine or network.
	Plain bool
	// CAFile names a PEM file with the certificate authorities to trust
	// instead of the system's; empty for the system's.
	CAFile string
	// NoCreate forbids making the bucket when it is missing.
	NoCreate bool
}

// S3 is a Store in one bucket of an S3 server.
type S3 struct {
	core      minio.Core
	bucket    string
	transport *http.Transport
	// exposed says that others may change what is sent.
	exposed bool
}

// OpenS3 connects to the server and makes the bucket when it is missing,
// unless NoCreate.
//
// Errors: ErrInvalid for a bad configuration, ErrUnavailable when the server
// cannot be reached or refuses.
func OpenS3(ctx context.Context, config S3Config) (*S3, error) {
	if config.Endpoint == "" || config.Bucket == "" {
		return nil, fmt.Errorf("storage: open S3 store: %w: an endpoint and a bucket are needed", ErrInvalid)
	}
	if config.Region == "" {
		config.Region = "us-east-1"
	}
	transport := newTransport()
	if config.CAFile != "" {
		roots, err := readRoots(config.CAFile)
		if err != nil {
			return nil, fmt.Errorf("storage: open S3 store: %w: %w", ErrInvalid, err)
		}
		transport.TLSClientConfig.RootCAs = roots
	}
	client, err := minio.New(config.Endpoint, &minio.Options{
		Creds:      config.credentials(),
		Secure:     !config.Plain,
		Region:     config.Region,
		Transport:  transport,
		MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("storage: open S3 store: %w: %w", ErrInvalid, cleaned(err))
	}
	s := &S3{core: minio.Core{Client: client}, bucket: config.Bucket, transport: transport, exposed: config.exposed()}
	if err := s.ensureBucket(ctx, config); err != nil {
		s.transport.CloseIdleConnections()
		return nil, err
	}
	return s, nil
}

func (c S3Config) credentials() *credentials.Credentials {
	if c.AccessKey == "" && c.SecretKey == "" {
		return credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.EnvMinio{}})
	}
	return credentials.NewStaticV4(c.AccessKey, c.SecretKey, "")
}

// exposed says that what is sent travels over a network as it is.
func (c S3Config) exposed() bool {
	host := c.Endpoint
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	address := net.ParseIP(strings.Trim(host, "[]"))
	sameMachine := host == "localhost" || address != nil && address.IsLoopback()
	return c.Plain && !sameMachine
}

func (s *S3) ensureBucket(ctx context.Context, config S3Config) error {
	found, err := s.core.BucketExists(ctx, s.bucket)
	if err != nil {
		return failed(ctx, "open bucket", s.bucket, ErrUnavailable, cleaned(err))
	}
	if found {
		return nil
	}
	if config.NoCreate {
		return failed(ctx, "open bucket", s.bucket, ErrUnavailable, errors.New("it is missing and must not be made"))
	}
	err = s.core.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{Region: config.Region})
	if err == nil || errorCode(err) == minio.BucketAlreadyOwnedByYou {
		return nil
	}
	return failed(ctx, "make bucket", s.bucket, ErrUnavailable, cleaned(err))
}

// Close drops idle connections.
func (s *S3) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// Put implements Store. The object goes up in one request that the server carries out only
// while the key is free, and whose signature covers a checksum of the content, so that the
// server itself refuses other content. A trailing checksum would do neither on every server.
func (s *S3) Put(ctx context.Context, key string, r io.Reader, size int64, sum [32]byte) error {
	if err := checkPut(key, size); err != nil {
		return err
	}
	content, exact, err := newContent(ctx, r, size)
	if err != nil {
		return fmt.Errorf("storage: put %s: %w", key, err)
	}
	options, id := putOptions(r, sum)
	_, err = s.core.PutObject(ctx, s.bucket, key, content, size, "", s.signedContent(r, sum), options)
	switch {
	case err == nil:
		return nil
	case exact.err != nil:
		// The content's own fault, which the transport words in its way.
		return putError(ctx, key, exact.err)
	case ctx.Err() != nil:
		return failed(ctx, "put", key, ctx.Err(), nil)
	}
	return s.putOutcome(ctx, key, id, err)
}

// newContent wraps r for a request; the result can be rewound when r can. The server
// verifies the sum.
func newContent(ctx context.Context, r io.Reader, size int64) (io.Reader, *exactReader, error) {
	exact := &exactReader{ctx: ctx, r: r, size: size, left: size}
	seeker, ok := r.(io.Seeker)
	if !ok {
		return exact, exact, nil
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, nil, &contentError{err}
	}
	exact.start = start
	return &rewindable{exactReader: exact, seeker: seeker}, exact, nil
}

// checksummed is content whose CRC-32C is known.
type checksummed interface{ CRC32C() uint32 }

func putOptions(r io.Reader, sum [32]byte) (minio.PutObjectOptions, string) {
	id := rand.Text()
	name, value := checksumHeader(r, sum)
	options := minio.PutObjectOptions{
		UserMetadata:         map[string]string{metaSum: hex.EncodeToString(sum[:]), metaPut: id, name: value},
		DisableContentSha256: true, // no chunk signatures: the SHA-256 is given
	}
	options.SetMatchETagExcept("*")
	return options, id
}

// checksumMismatch is MinIO's word for what others call a BadDigest.
const checksumMismatch = "XAmzContentChecksumMismatch"

// unsignedContent stands in a signature for content that it does not cover by itself.
const unsignedContent = "UNSIGNED-PAYLOAD"

// signedContent is what the signature says of the content: its SHA-256, where a CRC alone
// would let others put in what they like, or where none is known. Else the CRC-32C,
// which is signed as a header, tells the server of every accident, and spares it the SHA-256: on a large
// document that is a quarter of its work. Clients of S3 do so over TLS in general.
func (s *S3) signedContent(r io.Reader, sum [32]byte) string {
	if _, known := r.(checksummed); known && !s.exposed {
		return unsignedContent
	}
	return hex.EncodeToString(sum[:])
}

// checksumHeader is a header, not a trailer: kept by the server, and what a bucket with
// object lock asks for. A CRC-32C costs the server a tenth of a SHA-256.
func checksumHeader(r io.Reader, sum [32]byte) (name, value string) {
	known, ok := r.(checksummed)
	if !ok {
		return "x-amz-checksum-sha256", base64.StdEncoding.EncodeToString(sum[:])
	}
	return "x-amz-checksum-crc32c", base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, known.CRC32C()))
}

// putOutcome turns the error of a Put into the Store's. A request may have
// succeeded although its answer was lost, and its repetition then finds the
// key taken: the object's own metadata tells.
func (s *S3) putOutcome(ctx context.Context, key, id string, cause error) error {
	switch errorCode(cause) {
	case minio.BadDigest, minio.XAmzContentSHA256Mismatch, checksumMismatch:
		return failed(ctx, "put", key, ErrMismatch, cleaned(cause))
	case minio.AccessDenied, minio.NoSuchBucket:
		return failed(ctx, "put", key, ErrUnavailable, cleaned(cause))
	}
	found, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	switch {
	case err == nil && metadata(found, metaPut) == id:
		return nil
	case err == nil, errorCode(cause) == minio.PreconditionFailed:
		return failed(ctx, "put", key, ErrExists, nil)
	}
	return failed(ctx, "put", key, ErrUnavailable, cleaned(cause))
}

func metadata(info minio.ObjectInfo, name string) string {
	for k, v := range info.UserMetadata {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// Get implements Store. The request for the whole object is sent at once, so
// that the usual download costs one round trip.
func (s *S3) Get(ctx context.Context, key string) (io.ReadSeekCloser, Info, error) {
	if err := CheckKey(key); err != nil {
		return nil, Info{}, err
	}
	body, found, _, err := s.core.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, Info{}, s.readError(ctx, "get", key, err)
	}
	info := Info{Key: key, Size: found.Size, Modified: found.LastModified.UTC()}
	return &s3Object{ctx: ctx, store: s, key: key, etag: found.ETag, size: found.Size, body: body}, info, nil
}

// Stat implements Store.
func (s *S3) Stat(ctx context.Context, key string) (Info, error) {
	if err := CheckKey(key); err != nil {
		return Info{}, err
	}
	found, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return Info{}, s.readError(ctx, "stat", key, err)
	}
	return Info{Key: key, Size: found.Size, Modified: found.LastModified.UTC()}, nil
}

func (s *S3) readError(ctx context.Context, operation, key string, err error) error {
	switch errorCode(err) {
	case minio.NoSuchKey, minio.NoSuchVersion, minio.MethodNotAllowed:
		// The last is how a delete marker answers.
		return failed(ctx, operation, key, ErrNotFound, nil)
	}
	return failed(ctx, operation, key, ErrUnavailable, cleaned(err))
}

// Delete implements Store. In a bucket with versions a plain removal only hides
// the object, and what must be erased would stay: every version goes.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	options := minio.ListObjectsOptions{Prefix: key, Recursive: true, WithVersions: true}
	for version := range s.core.ListObjectsIter(ctx, s.bucket, options) {
		if version.Err != nil {
			return failed(ctx, "delete", key, ErrUnavailable, cleaned(version.Err))
		}
		if version.Key != key {
			break // keys are sorted, this one comes before all that it begins
		}
		err := s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{VersionID: version.VersionID})
		if err != nil && errorCode(err) != minio.NoSuchKey && errorCode(err) != minio.NoSuchVersion {
			return failed(ctx, "delete", key, ErrUnavailable, cleaned(err))
		}
	}
	if err := ctx.Err(); err != nil {
		return failed(ctx, "delete", key, err, nil)
	}
	return nil
}

// List implements Store.
func (s *S3) List(ctx context.Context, after string, n int) ([]Info, error) {
	if n < 1 {
		return nil, fmt.Errorf("storage: list: %w: page of %d", ErrInvalid, n)
	}
	var found []Info
	options := minio.ListObjectsOptions{Recursive: true, StartAfter: after, MaxKeys: min(n, 1000)}
	for object := range s.core.ListObjectsIter(ctx, s.bucket, options) {
		if object.Err != nil {
			return nil, failed(ctx, "list after", after, ErrUnavailable, cleaned(object.Err))
		}
		if CheckKey(object.Key) != nil {
			continue
		}
		found = append(found, Info{Key: object.Key, Size: object.Size, Modified: object.LastModified.UTC()})
		if len(found) == n {
			return found, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, failed(ctx, "list after", after, err, nil)
	}
	return found, nil
}

// Check implements Store.
func (s *S3) Check(ctx context.Context) error {
	found, err := s.core.BucketExists(ctx, s.bucket)
	if err == nil && !found {
		err = errors.New("the bucket is missing")
	}
	if err != nil {
		return failed(ctx, "check bucket", s.bucket, ErrUnavailable, cleaned(err))
	}
	return nil
}

// errorCode is the S3 code of a server's answer, "" when it did not answer.
func errorCode(err error) string {
	var response minio.ErrorResponse
	if !errors.As(err, &response) {
		return ""
	}
	if response.StatusCode == http.StatusPreconditionFailed {
		return minio.PreconditionFailed
	}
	return response.Code
}

// cleaned drops the address from a transport's error: an operator knows it, and
// nothing of a URL belongs into a log.
func cleaned(err error) error {
	var transport *url.Error
	if errors.As(err, &transport) {
		if strings.Contains(transport.Err.Error(), transport.URL) {
			return errors.New("the server closed the connection") // the client's words for an io.EOF
		}
		return transport.Err
	}
	var response minio.ErrorResponse
	if errors.As(err, &response) && response.Code != "" {
		return fmt.Errorf("the server answered %d %s", response.StatusCode, response.Code)
	}
	return err
}

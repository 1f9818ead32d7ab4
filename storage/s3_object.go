package storage

import (
	"context"
	"errors"
	"io"

	"github.com/minio/minio-go/v7"
)

// s3Object reads an object from any offset. It keeps one response open and asks
// for another only when a read continues elsewhere.
type s3Object struct {
	ctx   context.Context
	store *S3
	key   string
	etag  string
	size  int64

	offset int64 // of the next Read
	body   io.ReadCloser
	at     int64 // where body stands
	closed bool
}

// Read implements io.Reader.
func (o *s3Object) Read(p []byte) (int, error) {
	if o.closed {
		return 0, errors.New("storage: read of a closed object")
	}
	if err := o.ctx.Err(); err != nil {
		return 0, failed(o.ctx, "read", o.key, err, nil)
	}
	if o.offset >= o.size {
		return 0, io.EOF
	}
	if err := o.reach(); err != nil {
		return 0, err
	}
	n, err := o.body.Read(p)
	o.offset += int64(n)
	o.at = o.offset
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && o.offset == o.size:
		return n, io.EOF
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	o.drop()
	return n, failed(o.ctx, "read", o.key, ErrUnavailable, cleaned(err))
}

// reach makes body stand at offset.
func (o *s3Object) reach() error {
	if o.body != nil && o.at == o.offset {
		return nil
	}
	o.drop()
	var options minio.GetObjectOptions
	if o.offset > 0 {
		if err := options.SetRange(o.offset, 0); err != nil {
			return failed(o.ctx, "read", o.key, ErrInvalid, err)
		}
	}
	if o.etag != "" {
		if err := options.SetMatchETag(o.etag); err != nil {
			return failed(o.ctx, "read", o.key, ErrInvalid, err)
		}
	}
	body, _, _, err := o.store.core.GetObject(o.ctx, o.store.bucket, o.key, options)
	if errorCode(err) == minio.PreconditionFailed {
		return failed(o.ctx, "read", o.key, ErrNotFound, nil)
	}
	if err != nil {
		return o.store.readError(o.ctx, "read", o.key, err)
	}
	o.body, o.at = body, o.offset
	return nil
}

// Seek implements io.Seeker. It only notes the offset.
func (o *s3Object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.offset
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, errors.New("storage: seek before the start")
	}
	o.offset = offset
	return offset, nil
}

// Close implements io.Closer.
func (o *s3Object) Close() error {
	o.closed = true
	o.drop()
	return nil
}

func (o *s3Object) drop() {
	if o.body != nil {
		_ = o.body.Close()
		o.body = nil
	}
}

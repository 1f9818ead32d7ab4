package web

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"

	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
	"regain/server/api"
)

// maxUploadField bounds a field that comes with a file, in bytes.
const maxUploadField = 16 << 10

// takeUpload receives the file of a form and attaches it to an item. The form's
// address comes from {{.UploadTo}}; its fields come before the file, whose field is
// "file". read makes what can be read off the document from those fields; nil where
// nothing is asked. The form that is returned holds the fields, for refuse.
//
// As everywhere, the bytes are durable before any row names them, and the call's
// transaction begins only then.
func (p *Pages) takeUpload(c *gin.Context, caseID, itemID string, read func(f *Form) map[string]any) (*cases.Document, *Form, error) {
	ctx := c.Request.Context()
	actor := api.ActorOf(ctx)
	file, err := openUpload(c)
	if err != nil {
		return nil, NewForm(), err
	}
	up, err := p.services.Cases.Receive(ctx, actor, caseID, itemID, cases.Incoming{Name: file.part.FileName(), Content: file.part})
	if errors.Is(err, context.Canceled) {
		return nil, file.form, truncated(err) // the browser went away, which is no fault of ours
	}
	if err != nil {
		return nil, file.form, err
	}
	defer up.Discard()
	if err := file.end(); err != nil {
		return nil, file.form, err
	}
	if err := server.BodyKnown(ctx, file.digest(up.SHA256)); err != nil {
		return nil, file.form, err
	}
	var readOff map[string]any
	if read != nil {
		readOff = read(file.form)
	}
	doc, err := p.services.Cases.Attach(ctx, actor, caseID, itemID, up, readOff)
	return doc, file.form, err
}

// uploadForm is a form with a file that is still arriving.
type uploadForm struct {
	parts *multipart.Reader
	part  *multipart.Part
	form  *Form
}

func openUpload(c *gin.Context) (*uploadForm, error) {
	media, _, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return nil, problem.New(problem.UnsupportedType, "upload_expected", "Send the file as multipart/form-data, or as application/octet-stream.")
	}
	parts, err := c.Request.MultipartReader()
	if err != nil {
		return nil, truncated(err)
	}
	u := &uploadForm{parts: parts, form: &Form{Values: url.Values{}}}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, fileMissing()
		}
		if err != nil {
			return nil, truncated(err)
		}
		if part.FormName() != "file" {
			if err := u.addField(part); err != nil {
				return nil, err
			}
			continue
		}
		if part.FileName() == "" { // sent without having chosen a file
			return nil, fileMissing()
		}
		u.part = part
		return u, nil
	}
}

func (u *uploadForm) addField(part *multipart.Part) error {
	raw, err := io.ReadAll(io.LimitReader(part, maxUploadField+1))
	if err != nil {
		return truncated(err)
	}
	if len(raw) > maxUploadField {
		return problem.Newf(problem.TooLarge, "body_too_large", "The body is larger than %d bytes, which is the most that is read here.", maxUploadField)
	}
	u.form.Values.Add(part.FormName(), cleanValue(string(raw)))
	return nil
}

// end makes sure that the whole form has arrived.
func (u *uploadForm) end() error {
	_, err := u.parts.NextPart()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		return problem.New(problem.Malformed, "unknown_part", "The part file is the form's last.")
	}
	return truncated(err)
}

// digest covers all that was sent, each part with its length before it.
func (u *uploadForm) digest(content [32]byte) [32]byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(u.part.FileName()), []byte(u.form.Values.Encode()), content[:]} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}

func fileMissing() error {
	return problem.InvalidFields([]problem.Field{{Pointer: "/file", Code: "file_missing", Message: "Choose a file first."}})
}

func truncated(err error) error {
	return problem.New(problem.Malformed, "upload_truncated", "The form ended before it was complete, or can't be read. Send it again.").WithCause(err)
}

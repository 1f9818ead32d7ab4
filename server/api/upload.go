package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"regain/cases"
	"regain/problem"
	"regain/server"
)

const (
	// maxUpload bounds the body of an upload, beyond which no policy's limit helps;
	// the item's own limit is applied while the file is read.
	maxUpload = 256 << 20
	// maxRepeated bounds what is read of a refused upload to see whether it repeats one.
	maxRepeated = 32 << 20
	// maxReadOff bounds the part read_off.
	maxReadOff = 16 << 10
)

// uploads and downloads are limited because each costs disk, or an event of the case.
func uploads() server.Limit   { return server.Limit{N: 300, Per: hour, By: server.ByCaller} }
func downloads() server.Limit { return server.Limit{N: 1200, Per: hour, By: server.ByCaller} }

const uploadDescription = "As multipart/form-data with the part file and, before it, an optional part read_off (JSON) with what can be read off the document; " +
	"or as application/octet-stream with the file's name in Content-Disposition. " +
	"The type is judged by the name and by the content, and must be one that the item takes. " +
	"A file that was there is kept as an earlier version. Too large files are refused while they arrive, and large ones are never held in memory."

// slot is where an upload goes.
type slot struct {
	caseID, itemID string
	base           string // begins the address of the new document
}

// upload receives one file and attaches it. The bytes are durable before any row names
// them, and the call's transaction begins only then.
func (a caseAPI) upload(c *gin.Context, to slot) error {
	ctx := c.Request.Context()
	file, err := openUpload(c.Request)
	if err != nil {
		return err
	}
	actor := actorOf(ctx)
	up, err := a.cases.Receive(ctx, actor, to.caseID, to.itemID, cases.Incoming{Name: file.name, Size: file.size, Content: file})
	if errors.Is(err, context.Canceled) {
		return truncated(err) // the caller hung up while sending, which is no fault of ours
	}
	if err != nil {
		return file.refused(c.Request, err)
	}
	defer up.Discard()
	if err := file.end(); err != nil {
		return err
	}
	if err := server.BodyKnown(ctx, file.digest(up.SHA256)); err != nil {
		return err
	}
	doc, err := a.cases.Attach(ctx, actor, to.caseID, to.itemID, up, file.readOff)
	if err != nil {
		return err
	}
	view := documentView(doc, to.base)
	c.Header("Location", view.Download)
	c.JSON(http.StatusCreated, view)
	return nil
}

// incomingFile is a file that is still arriving.
type incomingFile struct {
	name    string
	size    int64 // in bytes, where it was announced
	content io.Reader
	begun   bool // something of the content was read
	readOff map[string]any
	rawRead []byte
	parts   *server.Form // nil when the body is the file
}

// Read implements io.Reader.
func (f *incomingFile) Read(p []byte) (int, error) {
	f.begun = true
	return f.content.Read(p)
}

// refused is the answer to an upload that was refused before its bytes were looked at.
// That may be because the very same call has been carried out, and the item is no longer
// open since: then its first answer is repeated, as for every call with a key. What
// was announced as too large was never carried out.
func (f *incomingFile) refused(r *http.Request, refusal error) error {
	if f.begun || r.Header.Get("Idempotency-Key") == "" || problem.Is(refusal, "file_too_large") {
		return refusal
	}
	h := sha256.New()
	if n, err := io.Copy(h, io.LimitReader(f.content, maxRepeated+1)); err != nil || n > maxRepeated {
		return refusal
	}
	if err := f.end(); err != nil {
		return refusal
	}
	if err := server.BodyKnown(r.Context(), f.digest([32]byte(h.Sum(nil)))); err != nil {
		return err
	}
	return refusal
}

func openUpload(r *http.Request) (*incomingFile, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == "multipart/form-data":
		return openForm(r)
	case err == nil && media == "application/octet-stream":
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
		if err != nil || params["filename"] == "" {
			return nil, problem.New(problem.Malformed, "file_name_missing", "Send the file's name: Content-Disposition: attachment; filename=\"…\".")
		}
		return &incomingFile{name: params["filename"], size: max(r.ContentLength, 0), content: r.Body}, nil
	}
	return nil, problem.New(problem.UnsupportedType, "upload_expected", "Send the file as multipart/form-data, or as application/octet-stream.")
}

// openForm reads up to the part file. Parts after it are refused: what is said of a
// file must be known before its bytes are.
func openForm(r *http.Request) (*incomingFile, error) {
	parts, err := server.OpenForm(r)
	if err != nil {
		return nil, malformedForm(err)
	}
	f := &incomingFile{parts: parts}
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return nil, malformedForm(err)
		}
		switch part.FormName() {
		case "file":
			f.name, f.content = part.FileName(), parts.Content(part)
			return f, nil
		case "read_off":
			if err := f.takeReadOff(part); err != nil {
				return nil, err
			}
		default:
			return nil, problem.New(problem.Malformed, "unknown_part", "The form has the parts read_off and file, in this order, and no others.")
		}
	}
}

func (f *incomingFile) takeReadOff(part io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(part, maxReadOff+1))
	if err != nil {
		return malformedForm(err)
	}
	if len(raw) > maxReadOff {
		return problem.Newf(problem.TooLarge, "body_too_large", "The part read_off is larger than %d bytes.", maxReadOff)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&f.readOff); err != nil {
		return problem.New(problem.Malformed, "malformed_json", "The part read_off is not a JSON object.")
	}
	f.rawRead = raw
	return nil
}

// end makes sure that nothing follows the file, and that nothing is missing.
func (f *incomingFile) end() error {
	if f.parts == nil {
		return nil
	}
	_, err := f.parts.NextRawPart()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		return problem.New(problem.Malformed, "unknown_part", "The part file is the form's last.")
	}
	return malformedForm(err)
}

func malformedForm(err error) error {
	var most *http.MaxBytesError
	switch {
	case errors.As(err, &most):
		return err
	case errors.Is(err, io.EOF):
		return problem.New(problem.Malformed, "file_missing", "The form has no part file.")
	}
	return truncated(err)
}

func truncated(err error) error {
	return problem.New(problem.Malformed, "upload_truncated", "The form ended before it was complete, or can't be read. Send it again.").WithCause(err)
}

// digest covers all that was sent, so that a repeated Idempotency-Key is known to be
// for the same upload: each part with its length before it.
func (f *incomingFile) digest(content [32]byte) [32]byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(f.name), f.rawRead, content[:]} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}

func (a caseAPI) describeUpload(op *huma.Operation) {
	file := &huma.Schema{Type: "string", Format: "binary"}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {
			Schema: &huma.Schema{Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{
				"read_off": {Type: "object", Description: "What can be read off the document, by id; before the file.", AdditionalProperties: true},
				"file":     {Type: "string", Format: "binary", Description: "The file, with its name; last."},
			}},
			Encoding: map[string]*huma.Encoding{"read_off": {ContentType: "application/json"}},
		},
		"application/octet-stream": {Schema: file},
	}}
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "Content-Disposition", In: "header", Description: "The file's name, for application/octet-stream.",
		Schema: &huma.Schema{Type: "string"}, Example: `attachment; filename="letter.pdf"`,
	})
	registry := a.server.OpenAPI().Components.Schemas
	op.Responses["201"] = &huma.Response{
		Description: "The document.",
		Headers:     map[string]*huma.Param{"Location": {Description: "Where to download it.", Schema: &huma.Schema{Type: "string", Format: "uri-reference"}}},
		Content:     map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(reflect.TypeFor[DocumentView](), true, "DocumentView")}},
	}
}

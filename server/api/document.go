package api

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"regain/accounts"
	"regain/cases"
	"regain/server"
	"regain/storage"
)

// DocumentView is one version of a file.
type DocumentView struct {
	ID       string         `json:"id"`
	Item     string         `json:"item" doc:"The id of the item that it was supplied for."`
	Name     string         `json:"name" example:"letter.pdf" doc:"The file's name, made safe to show."`
	Type     string         `json:"type" enum:"pdf,jpeg,png,eml"`
	Size     int64          `json:"size" doc:"In bytes."`
	SHA256   string         `json:"sha256" doc:"The content's hash in hexadecimal."`
	Version  int            `json:"version" doc:"Within the item, from 1."`
	State    string         `json:"state" enum:"current,replaced,removed"`
	ReadOff  map[string]any `json:"read_off,omitempty" doc:"What its supplier read off it."`
	From     string         `json:"from" enum:"customer,partner" doc:"Who supplied it."`
	Created  time.Time      `json:"created_at"`
	Download string         `json:"download" format:"uri-reference"`
}

func documentView(d *cases.Document, base string) DocumentView {
	return DocumentView{
		ID: d.ID, Item: d.ItemID, Name: d.Name, Type: d.Type, Size: d.Size, SHA256: d.SHA256, Version: d.Version,
		State: string(d.State), ReadOff: d.ReadOff.V, From: string(d.ActorKind), Created: d.CreatedAt.UTC(), Download: base + d.ID,
	}
}

type reuseIn struct {
	ItemPath
	Body struct {
		Document string         `json:"document" maxLength:"64" doc:"The id of a file of this case."`
		ReadOff  map[string]any `json:"read_off,omitempty" doc:"What can be read off it, for this item."`
	}
}

type documentOut struct {
	Location string `header:"Location"`
	Body     DocumentView
}

func (a caseAPI) registerDocuments() {
	a.server.Raw(server.Route{
		ID: "upload-document", Method: post, Path: itemsPath + "documents", Roles: customers(), Effect: server.Changes,
		Limit: uploads(), MaxBody: maxUpload, Upload: true, Status: http.StatusCreated, Tag: tagItems,
		Summary: "Supply a document for an item", Description: uploadDescription, Describe: a.describeUpload,
		Foresees: a.foreseeSupply, Customer: "case",
	}, func(c *gin.Context) error {
		return a.upload(c, slot{caseID: c.Param("case"), itemID: c.Param("item"), base: casesPath + c.Param("case") + "/documents/"})
	})

	server.JSON(a.server, server.Route{
		ID: "reuse-document", Method: post, Path: itemsPath + "documents/reuse", Roles: customers(), Effect: server.Changes,
		Status: http.StatusCreated, Tag: tagItems,
		Summary: "Use a file of the case for another item, too", Description: "One bank statement can prove three months.",
	}, func(ctx context.Context, in *reuseIn) (*documentOut, error) {
		doc, err := a.cases.Reuse(ctx, actorOf(ctx), in.Case, in.Item, in.Body.Document, in.Body.ReadOff)
		if err != nil {
			return nil, err
		}
		view := documentView(doc, casesPath+in.Case+"/documents/")
		return &documentOut{Location: view.Download, Body: view}, nil
	})

	a.server.Raw(server.Route{
		ID: "download-document", Method: get, Path: casesPath + "{case}/documents/{document}", Roles: caseReaders(), Scope: accounts.ScopeDocuments, Effect: server.Reads, Limit: downloads(), Tag: tagItems,
		Summary: "A document's bytes", Description: "Every look at a document is an event of the case. Ranges are answered.", Describe: describeDownload,
	}, func(c *gin.Context) error { return a.download(c, c.Param("case"), c.Param("document")) })
}

// foreseeSupply reads what an upload depends on together with the caller's session.
func (a caseAPI) foreseeSupply(ctx context.Context, path func(string) string) context.Context {
	return a.cases.ForeseeSupply(ctx, path("case"))
}

// download hands a document out under headers that keep a browser from showing,
// running or guessing it.
func (a caseAPI) download(c *gin.Context, caseID, documentID string) error {
	ctx := c.Request.Context()
	doc, r, err := a.cases.Open(ctx, actorOf(ctx), caseID, documentID)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	w := &contentWriter{ResponseWriter: c.Writer, header: c.Writer.Header().Clone()}
	maps.Copy(w.header, storage.DownloadHeader(doc.Name, doc.Type))
	w.header.Set("ETag", `"`+doc.SHA256+`"`)
	http.ServeContent(w, c.Request, "", doc.CreatedAt, r)
	return w.refusal()
}

func describeDownload(op *huma.Operation) {
	file := func(description string) *huma.Response {
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{
			"application/pdf": {}, "image/jpeg": {}, "image/png": {}, "message/rfc822": {},
		}}
	}
	op.Responses["200"] = file("The document, to be saved. Its ETag is the SHA-256 of its content.")
	op.Responses["206"] = file("The range that was asked for.")
	op.Responses["304"] = &huma.Response{Description: "The caller has it already."}
}

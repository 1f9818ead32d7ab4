package web

import (
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"

	"regain/server"
	"regain/server/api"
	"regain/storage"
)

// sendLetter answers with the letter to sign, filled in for the case, in the reader's
// language, to be saved.
func (p *Pages) sendLetter(c *gin.Context, caseID, itemID string) error {
	ctx := c.Request.Context()
	letter, err := p.services.Cases.Letter(ctx, api.ActorOf(ctx), caseID, itemID, server.Locale(ctx))
	if err != nil {
		return err
	}
	maps.Copy(c.Writer.Header(), storage.DownloadHeader(letter.FileName, "html"))
	c.Data(http.StatusOK, "text/html; charset=utf-8", letter.HTML)
	return nil
}

// sendDocument answers with a document's bytes, to be saved. Every look at one is an
// event of its case.
func (p *Pages) sendDocument(c *gin.Context, caseID, documentID string) error {
	ctx := c.Request.Context()
	doc, r, err := p.services.Cases.Open(ctx, api.ActorOf(ctx), caseID, documentID)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	h := c.Writer.Header()
	maps.Copy(h, storage.DownloadHeader(doc.Name, doc.Type))
	h.Set("ETag", `"`+doc.SHA256+`"`)
	http.ServeContent(c.Writer, c.Request, "", doc.CreatedAt, r)
	return nil
}

package api

import (
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"regain/server"
	"regain/storage"
)

func (a caseAPI) registerLetters() {
	a.server.Raw(server.Route{
		ID: "download-letter", Method: get, Path: itemsPath + "letter", Roles: caseReaders(), Effect: server.Reads, Tag: tagItems,
		Summary:     "The letter to sign, filled in for the case",
		Description: "A page without scripts, to be printed, signed, sealed and uploaded.", Describe: describeLetter,
	}, func(c *gin.Context) error { return a.letter(c, c.Param("case"), c.Param("item")) })
}

func (a caseAPI) letter(c *gin.Context, caseID, itemID string) error {
	ctx := c.Request.Context()
	locale := ""
	if c.Query("locale") != "" || c.GetHeader("Accept-Language") != "" {
		locale = server.Locale(ctx)
	}
	letter, err := a.cases.Letter(ctx, actorOf(ctx), caseID, itemID, locale)
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	maps.Copy(h, storage.DownloadHeader(letter.FileName, "html"))
	h.Set("Content-Type", "text/html; charset=utf-8")
	c.Status(http.StatusOK)
	_, err = c.Writer.Write(letter.HTML)
	return err
}

func describeLetter(op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "locale", In: "query", Description: "The letter's language; the case's own when absent.", Schema: &huma.Schema{Type: "string"}, Example: "zh-Hans",
	})
	op.Responses["200"] = &huma.Response{Description: "The letter, to be saved", Content: map[string]*huma.MediaType{"text/html": {}}}
}

package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"regain/problem"
	"regain/server"
)

// What the pages are made of. dist is filled by `make assets` from npm packages;
// without it the pages have only the style of their own.
//
//go:embed all:templates words assets all:dist
var files embed.FS

// asset is a file that pages need, under an address with its digest, so that it may
// be kept for ever.
type asset struct {
	name, address, mediaType string
	content                  []byte
	// compressed is the content in gzip, made when it is first asked for; nil when
	// that would not be shorter.
	compressed func() []byte
}

// assets are all of them: by name, and by address without "/assets/".
type assets struct {
	byName, byAddress map[string]*asset
	icons, drawings   map[string]bool
	// whole says that dist is filled.
	whole bool
}

// bundles are what pages load, each from the files that match, in this order. What
// is not there is left out.
var bundles = []struct {
	name   string
	join   func(names []string, parts [][]byte) []byte
	files  []string
	unless string // left out when this file is there
}{
	{name: "plain.css", join: joinStyles, files: []string{"assets/plain.css", "assets/css/*.css"}, unless: "dist/tabler.css"},
	{name: "style.css", join: joinStyles, files: []string{"dist/tabler.css", "assets/css/*.css"}},
	{name: "app.mjs", join: joinModules, files: []string{"assets/js/*.mjs"}},
	{name: "htmx.js", join: joinStyles, files: []string{"dist/htmx.js"}},
	{name: "sprite.svg", join: joinSprite, files: []string{"dist/icons.svg", "assets/examples/*.svg"}},
}

func joinStyles(_ []string, parts [][]byte) []byte { return bytes.Join(parts, []byte("\n")) }

// joinModules puts each module into a block, so that their names do not meet. None
// of them imports or exports.
func joinModules(_ []string, parts [][]byte) []byte {
	var out bytes.Buffer
	for _, part := range parts {
		out.WriteString("{\n")
		out.Write(part)
		out.WriteString("}\n")
	}
	return out.Bytes()
}

// joinSprite puts the icons and the drawings into one sprite, each drawing under the name
// of its file.
func joinSprite(names []string, parts [][]byte) []byte {
	var out bytes.Buffer
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">` + "\n")
	for n, part := range parts {
		_, body, _ := bytes.Cut(part, []byte(">"))
		body, _, _ = bytes.Cut(body, []byte("</svg>"))
		if path.Base(names[n]) == "icons.svg" {
			out.Write(bytes.TrimSpace(body))
			continue
		}
		fmt.Fprintf(&out, "\n"+`<symbol id="%s%s" viewBox="0 0 160 110">%s</symbol>`, drawingPrefix, strings.TrimSuffix(path.Base(names[n]), ".svg"), body)
	}
	out.WriteString("\n</svg>\n")
	return out.Bytes()
}

// drawingPrefix keeps drawings apart from icons.
const drawingPrefix = "example-"

func loadAssets(fsys fs.FS) (*assets, error) {
	a := &assets{byName: map[string]*asset{}, byAddress: map[string]*asset{}, icons: map[string]bool{}, drawings: map[string]bool{}}
	_, err := fs.Stat(fsys, "dist/tabler.css")
	a.whole = err == nil
	for _, b := range bundles {
		if _, err := fs.Stat(fsys, b.unless); b.unless != "" && err == nil {
			continue
		}
		names, content, err := readParts(fsys, b.files)
		if err != nil {
			return nil, err
		}
		if len(content) == 0 {
			continue
		}
		joined := b.join(names, content)
		if strings.HasSuffix(b.name, ".css") {
			joined = []byte(withAutoTheme(string(joined)))
		}
		a.add(b.name, digest(joined), joined)
	}
	if err := a.addFolders(fsys); err != nil {
		return nil, err
	}
	a.readSprite()
	return a, nil
}

func readParts(fsys fs.FS, patterns []string) (names []string, parts [][]byte, err error) {
	for _, pattern := range patterns {
		found, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, nil, err
		}
		for _, name := range found {
			content, err := fs.ReadFile(fsys, name)
			if err != nil {
				return nil, nil, err
			}
			names, parts = append(names, name), append(parts, content)
		}
	}
	return names, parts, nil
}

// addFolders adds what pages load by themselves and only where they need it: the
// modules in assets/modules, and pdf.js. The files of a folder share one digest,
// since they find each other by name.
func (a *assets) addFolders(fsys fs.FS) error {
	for _, folder := range []string{"assets/modules", "dist/pdf"} {
		names, contents, err := readParts(fsys, []string{folder + "/*"})
		if err != nil {
			return err
		}
		sum := digest(bytes.Join(contents, nil))
		for i, name := range names {
			a.add(path.Base(name), sum, contents[i])
		}
	}
	return nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

func (a *assets) add(name, sum string, content []byte) {
	added := &asset{name: name, address: sum + "/" + name, mediaType: mediaTypeOf(path.Ext(name)), content: content}
	added.compressed = sync.OnceValue(func() []byte { return server.Compress(content) })
	a.byName[name], a.byAddress[added.address] = added, added
}

var symbolPattern = regexp.MustCompile(`<symbol id="([^"]+)"`)

// readSprite learns which icons and drawings there are.
func (a *assets) readSprite() {
	sprite := a.byName["sprite.svg"]
	if sprite == nil {
		return
	}
	for _, m := range symbolPattern.FindAllSubmatch(sprite.content, -1) {
		if name, drawing := strings.CutPrefix(string(m[1]), drawingPrefix); drawing {
			a.drawings[name] = true
		} else {
			a.icons[name] = true
		}
	}
}

// address is where an asset is to be had; empty when the program was built without it.
func (a *assets) address(name string) string {
	if found := a.byName[name]; found != nil {
		return "/assets/" + found.address
	}
	return ""
}

// style is the address of the style sheet.
func (a *assets) style() string {
	if a.whole {
		return a.address("style.css")
	}
	return a.address("plain.css")
}

// icon is the address of an icon, and whether it is as it should be: without a sprite there
// are no icons, and one that is older than the templates lacks some.
func (a *assets) icon(name string) (address string, known bool) {
	if !a.whole {
		return "", true
	}
	if !a.icons[name] {
		return "", false
	}
	return a.address("sprite.svg") + "#" + name, true
}

// mediaTypeOf is a table of our own: the system's differs from machine to machine.
func mediaTypeOf(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	}
	return "application/octet-stream"
}

func (p *Pages) showAsset(c *gin.Context) error {
	found := p.assets.byAddress[c.Param("digest")+"/"+c.Param("file")]
	if found == nil {
		return problem.New(problem.NotFound, "not_found", "There is nothing at this address.")
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	if found.name == "pdf.worker.mjs" {
		// A worker obeys its own answer's policy. This one loads decoders, fonts and encodings from beside it.
		c.Header("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'")
	}
	sendCompressed(c, http.StatusOK, found.mediaType, found.content, found.compressed)
	return nil
}

// sendCompressed answers in gzip where the client takes it.
func sendCompressed(c *gin.Context, status int, mediaType string, content []byte, compressed func() []byte) {
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if server.AcceptsGzip(c.Request.Header.Values("Accept-Encoding")) {
		if short := compressed(); short != nil {
			c.Header("Content-Encoding", "gzip")
			server.SayTiming(c)
			c.Data(status, mediaType, short)
			return
		}
	}
	server.SayTiming(c)
	c.Data(status, mediaType, content)
}

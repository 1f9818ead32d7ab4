package storage

import (
	"net/http"
	"strings"
)

// DownloadHeader is the header under which a document is handed out. Browsers
// save it and never show, run or guess it: the type is fixed and sniffing
// forbidden, a page would be without rights, other sites cannot embed it, and
// no cache keeps it. Typ is "pdf", "jpeg", "png" or "eml".
//
// Serve the object itself with http.ServeContent, which adds ranges:
//
//	maps.Copy(w.Header(), storage.DownloadHeader(name, typ))
//	http.ServeContent(w, r, "", info.Modified, object)
func DownloadHeader(name, typ string) http.Header {
	h := http.Header{}
	h.Set("Content-Type", ContentType(typ))
	h.Set("Content-Disposition", contentDisposition(DisplayName(name)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	return h
}

// contentDisposition writes RFC 6266: the name in ASCII for old clients, and
// in UTF-8 for all others where the two differ.
func contentDisposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%`, r) {
			return '_'
		}
		return r
	}, name)
	value := `attachment; filename="` + plain + `"`
	if plain != name {
		value += "; filename*=UTF-8''" + percentEncoded(name)
	}
	return value
}

// percentEncoded leaves the attr-char of RFC 5987 as they are.
func percentEncoded(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}

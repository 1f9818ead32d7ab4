package web

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestAutoTheme(t *testing.T) {
	for css, want := range map[string]string{
		`a{b:c}`:                            `a{b:c}`,
		`[data-bs-theme=dark]{--x:1}p{q:r}`: `[data-bs-theme=dark]{--x:1}@media(prefers-color-scheme:dark){[data-bs-theme=auto]{--x:1}}p{q:r}`,
		`[data-bs-theme=dark] .x,body[data-bs-theme=dark] .y{a:b}`:    `[data-bs-theme=dark] .x,body[data-bs-theme=dark] .y{a:b}@media(prefers-color-scheme:dark){[data-bs-theme=auto] .x{a:b}}`,
		`@media(min-width:1px){[data-bs-theme=dark]{a:b}}`:            `@media(min-width:1px){[data-bs-theme=dark]{a:b}@media(prefers-color-scheme:dark){[data-bs-theme=auto]{a:b}}}`,
		`:root:not([data-bs-theme=dark]) .x{a:b}`:                     `:root:not([data-bs-theme=dark]) .x{a:b}`,
		`a::before{content:"}{"}[data-bs-theme=dark] a{b:url("x;}")}`: `a::before{content:"}{"}[data-bs-theme=dark] a{b:url("x;}")}@media(prefers-color-scheme:dark){[data-bs-theme=auto] a{b:url("x;}")}}`,
		`/* { [data-bs-theme=dark] */a{b:c}`:                          `/* { [data-bs-theme=dark] */a{b:c}`,
		`@charset "utf-8";[data-bs-theme=dark]{a:b}`:                  `@charset "utf-8";[data-bs-theme=dark]{a:b}@media(prefers-color-scheme:dark){[data-bs-theme=auto]{a:b}}`,
		`@keyframes k{from{a:b}to{c:d}}`:                              `@keyframes k{from{a:b}to{c:d}}`,
	} {
		if got := withAutoTheme(css); got != want {
			t.Errorf("%s\n got %s\nwant %s", css, got, want)
		}
	}
}

// TestPagesWithoutNode: a program that was built without npm has a style of its own,
// all scripts of its own, and no dead addresses.
func TestPagesWithoutNode(t *testing.T) {
	fsys := fstest.MapFS{}
	for _, name := range []string{"assets/plain.css", "assets/css/1-tokens.css", "assets/css/3-parts.css", "assets/js/frame.mjs"} {
		content, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: content}
	}
	a, err := loadAssets(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if a.whole || !strings.HasSuffix(a.style(), "/plain.css") || a.address("htmx.js") != "" || a.address("app.mjs") == "" {
		t.Errorf("%v %q %q %q", a.whole, a.style(), a.address("htmx.js"), a.address("app.mjs"))
	}
	if icon, known := a.icon("clock"); icon != "" || !known {
		t.Errorf("an icon: %q %t", icon, known)
	}
	if !strings.Contains(string(a.byName["plain.css"].content), ".card{") {
		t.Error("the style has no cards")
	}
}

func TestOwnPath(t *testing.T) {
	for path, want := range map[string]string{
		"/help": "/help", "/r/x?a=b": "/r/x?a=b", "": "/", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "/\t/evil": "/", "help": "/", "javascript:alert(1)": "/",
	} {
		if got := ownPath(path); got != want {
			t.Errorf("%q leads to %q, not %q", path, got, want)
		}
	}
}

func TestInvitationToken(t *testing.T) {
	for pasted, want := range map[string]string{
		"abc": "abc", "http://x.example/invitation#abc": "abc", "<https://x.example/pt-BR/invitation#abc>": "abc", "see\nhttps://x/invitation#abc .": "abc", "": "",
	} {
		if got := pastedToken(pasted); got != want {
			t.Errorf("%q: %q", pasted, got)
		}
	}
}

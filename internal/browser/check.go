package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"regain/internal/testservers"
)

// axeRun runs every rule of axe-core on the page as it is and tells what breaks one.
const axeRun = `axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.flatMap(v =>
	v.nodes.map(n => v.id + ": " + n.target.join(" ") + " – " + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? v.help))))`

// CheckAccessible fails the test for everything that axe-core finds on the page as it
// is now, open menus and errors included. what names the state in the message.
func (p *Page) CheckAccessible(what string) {
	p.t.Helper()
	source, err := os.ReadFile(filepath.Join(testservers.RepositoryRoot(), "server", "web", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		testservers.Unavailable(p.t, "axe-core is not installed (make assets installs it): %v", err)
	}
	p.setScripts(true) // the rules are a script themselves
	defer p.setScripts(!p.options.NoScript)
	if !Eval[bool](p, `typeof window.axe === "object"`) {
		Eval[bool](p, string(source)+`;true`)
	}
	for _, found := range Eval[[]string](p, axeRun) {
		p.t.Errorf("%s, %s: %s", what, p.mode(), found)
	}
}

func (p *Page) mode() string {
	scheme := "light"
	if Eval[bool](p, `getComputedStyle(document.documentElement).colorScheme.includes("dark")`) {
		scheme = "dark"
	}
	return fmt.Sprintf("%s at %d", scheme, Eval[int](p, `innerWidth`))
}

// CheckFits fails the test when the page is wider than a window of 320 pixels, and
// names what sticks out.
func (p *Page) CheckFits(what string) {
	p.t.Helper()
	p.Resize(320, 640)
	defer p.Resize(p.options.Width, p.options.Height)
	wide := Eval[[]string](p, `(() => {
		const limit = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= limit) return [];
		return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > limit + 1)
			.slice(0, 5).map(e => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().right));
	})()`)
	if len(wide) > 0 || Eval[bool](p, `document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
		p.t.Errorf("%s is wider than 320 pixels: %s", what, strings.Join(wide, ", "))
	}
}

// Weight is what the page and its assets weigh on the line, in bytes, and how many
// requests beside the page itself that took.
func (p *Page) Weight() (bytes int64, assets int) {
	for _, l := range p.Loads() {
		bytes += l.Bytes
		if l.Type != "Document" {
			assets++
		}
	}
	return bytes, assets
}

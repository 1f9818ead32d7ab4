package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"regain/internal/testservers"
)

// axeRun runs rules of axe-core on the page as it is, once nothing on it moves, and tells what breaks one. Of what axe
// prepares for its rules, the media alone are asked for: all style sheets, which take most of the time, are for an
// experimental rule that is not run.
const axeRun = `Promise.race([new Promise(done => setTimeout(done, 5000)),
	Promise.allSettled(document.getAnimations().filter(a => a.effect.getComputedTiming().endTime < Infinity).map(a => a.finished))]).then(() => axe.run(document, {resultTypes: ["violations"], preload: {assets: ["media"]}, ...%s})).then(found => found.violations.flatMap(v =>
	v.nodes.map(n => v.id + ": " + n.target.join(" ") + " – " + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? v.help))))`

// checkTimeout bounds it: the rules take seconds on the longest pages, and a busy machine ten times as long.
const checkTimeout = 5 * time.Minute

// The rules: all, or those alone that ask for colours.
const (
	allRules    = `{}`
	colourRules = `{runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}}`
)

// sameLayout says whether everything is where it was when it was asked last, and shown or not as it was.
const sameLayout = `(() => {
	const before = window.regainLayout;
	window.regainLayout = [...document.querySelectorAll("*")].map(e => {
		const at = e.getBoundingClientRect();
		return [e.tagName, at.x, at.y, at.width, at.height, e.checkVisibility({visibilityProperty: true})].join();
	}).join(";");
	return window.regainLayout === before;
})()`

// CheckEverywhere looks at the page as it is now on a phone and on a wide screen, in light and in dark: it is
// accessible, and it fits 320 pixels.
func (p *Page) CheckEverywhere(what string) {
	p.t.Helper()
	for _, width := range []int64{390, 1280} {
		p.Resize(width, 844)
		p.CheckThemes(what)
	}
	p.CheckFits(what)
}

// CheckThemes looks at the page as it is now in light and in dark, and takes a picture of each. Where all stands as it
// stood in the light, the dark can break nothing but the rules of colours, which are the only ones then to be asked.
func (p *Page) CheckThemes(what string) {
	p.t.Helper()
	dark := p.options.Dark
	p.Prefer(false)
	Eval[bool](p, sameLayout)
	p.CheckAccessible(what)
	p.Screenshot(p.shot(what))
	p.Prefer(true)
	rules := allRules
	if Eval[bool](p, sameLayout) {
		rules = colourRules
	}
	p.check(what, rules)
	p.Screenshot(p.shot(what))
	p.Prefer(dark)
}

// shot is the name of a picture of the page as it is looked at now.
func (p *Page) shot(what string) string {
	scheme := "light"
	if p.options.Dark {
		scheme = "dark"
	}
	return fmt.Sprintf("%s-%d-%s", strings.ReplaceAll(what, " ", "-"), p.width, scheme)
}

// CheckAccessible fails the test for everything that axe-core finds on the page as it
// is now, open menus and errors included. what names the state in the message.
func (p *Page) CheckAccessible(what string) {
	p.t.Helper()
	p.check(what, allRules)
}

func (p *Page) check(what, rules string) {
	p.t.Helper()
	source, err := axe()
	if err != nil {
		testservers.Unavailable(p.t, "axe-core is not installed (make assets installs it): %v", err)
	}
	p.setScripts(true) // the rules are a script themselves
	defer p.setScripts(!p.options.NoScript)
	if !Eval[bool](p, `typeof window.axe === "object"`) {
		Eval[bool](p, source+`;true`)
	}
	for _, found := range evalWithin[[]string](p, checkTimeout, fmt.Sprintf(axeRun, rules)) {
		p.t.Errorf("%s, %s: %s", what, p.mode(), found)
	}
}

// axe is the script of axe-core, read once.
var axe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile(filepath.Join(testservers.RepositoryRoot(), "server", "web", "node_modules", "axe-core", "axe.min.js"))
	return string(source), err
})

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

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, stepTimeout)
	defer cancel()
	p.try(what, chromedp.Do(ctx, steps...))
}

// Go opens an address and waits until it is loaded.
func (p *Page) Go(url string) {
	p.t.Helper()
	p.do("open "+url, chromedp.Navigate(url))
}

// Before runs a script before those of every page that is opened from now on.
func (p *Page) Before(js string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js})
	p.try("run a script first", err)
}

// GoCold opens an address as somebody does who was never here, and begins to count what it loads.
func (p *Page) GoCold(url string) {
	p.t.Helper()
	if strings.Contains(url, "#") {
		p.Go("about:blank") // or else an address that differs by its end alone would not be loaded
	}
	p.ForgetLoads()
	p.setCache(false)
	p.Go(url)
	p.WaitFor(`document.readyState === "complete"`)
	p.setCache(true)
}

func (p *Page) setCache(on bool) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: !on})
	p.try("set the cache", err)
}

// Online tells pages that the device has lost its line, or has one again.
func (p *Page) Online(on bool) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !on, DownloadThroughput: -1, UploadThroughput: -1})
	p.try("set the line", err)
}

// Back goes back as the browser's button does. The page may come out of the browser's
// memory as it was left: wait for what it shows.
func (p *Page) Back() {
	p.t.Helper()
	Eval[bool](p, `(history.back(), true)`)
}

// Click clicks what a CSS selector finds, as a person does: once it can be seen.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.do("click "+selector, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Follow clicks what leads to another page, or to the same one anew, and waits for it.
func (p *Page) Follow(selector string) {
	p.t.Helper()
	Eval[bool](p, `(window.regainLeft = true)`)
	p.Click(selector)
	p.WaitFor(`!window.regainLeft && document.readyState === "complete"`)
}

// Type puts text into a field in the place of what is there.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.WaitFor(`document.querySelector(` + quote(selector) + `) !== null`)
	Eval[bool](p, `(document.querySelector(`+quote(selector)+`).value = "", true)`)
	p.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Select chooses an option of a list by its value.
func (p *Page) Select(selector, value string) {
	p.t.Helper()
	p.do("choose in "+selector, chromedp.SetValue(chromedp.CSS(selector), value))
}

// DoubleClick clicks twice as fast as people can.
func (p *Page) DoubleClick(selector string) {
	p.t.Helper()
	p.do("double-click "+selector, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.DoubleClick(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press sends keys to what has the focus; kb has the names of special ones.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do("press keys", chromedp.KeyEvent(keys))
}

// Choose chooses files in a field for files.
func (p *Page) Choose(selector string, files ...string) {
	p.t.Helper()
	p.do("choose files", chromedp.SetUploadFiles(chromedp.CSS(selector), files))
}

// Text is the visible text of what a selector finds.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return Eval[string](p, `(document.querySelector(`+quote(selector)+`)?.innerText ?? "")`)
}

// Shows waits until the page shows a text somewhere.
func (p *Page) Shows(text string) {
	p.t.Helper()
	p.WaitFor(`document.body.innerText.includes(` + quote(text) + `)`)
}

// Has says whether a selector finds anything now.
func (p *Page) Has(selector string) bool {
	p.t.Helper()
	return Eval[bool](p, `document.querySelector(`+quote(selector)+`) !== null`)
}

// Address is where the window is.
func (p *Page) Address() string {
	p.t.Helper()
	return Eval[string](p, `location.href`)
}

// Eval evaluates JavaScript and waits for a promise that it gives.
func Eval[T any](p *Page, js string) T {
	p.t.Helper()
	return evalWithin[T](p, stepTimeout, js)
}

func evalWithin[T any](p *Page, most time.Duration, js string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, most)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	p.try("evaluate "+short(js), err)
	return v
}

// WaitFor waits until a condition in JavaScript holds, across navigations.
func (p *Page) WaitFor(condition string) {
	p.t.Helper()
	deadline := time.Now().Add(stepTimeout)
	for {
		ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(`+condition+`)`))
		cancel()
		if err == nil && holds {
			return
		}
		if time.Now().After(deadline) { // an error in between comes from a page that is just leaving
			text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
			p.try("wait for "+short(condition), fmt.Errorf("not in %s (%w); the page says:\n%.1500s", stepTimeout, errOrNone(err), text))
		}
		time.Sleep(30 * time.Millisecond)
	}
}

type none struct{}

func (none) Error() string { return "no error" }

func errOrNone(err error) error {
	if err == nil {
		return none{}
	}
	return err
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 120 {
		return s[:120] + "…"
	}
	return s
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

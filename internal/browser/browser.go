// Package browser shows pages in a real Chromium, for tests: one browser for a test
// process, and for each test a window with cookies and caches of its own.
//
//	p := browser.Open(t, browser.Options{Width: 390})
//	p.Go(h.URL + "/help")
//	p.Click("main a.btn")
//	p.WaitFor(`document.querySelector("h1")?.textContent === "Start"`)
//	p.CheckAccessible("the start")
//
// When the test ends, the window is closed, and everything that went wrong in it
// unasked (refused by the content policy, written to the console as an error, an
// asset that could not be loaded) fails the test. A package that uses it has
//
//	func TestMain(m *testing.M) { testservers.Main(m) }
package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"regain/internal/testservers"
)

// stepTimeout bounds each thing that a test does, and is generous: two cores may
// serve several browsers.
const stepTimeout = 60 * time.Second

// startTimeout bounds the browser's start, beside which others compile.
const startTimeout = 2 * time.Minute

// Options are how a window is.
type Options struct {
	// Width and Height are in CSS pixels; 1280 × 900.
	Width, Height int64
	// Dark is what the reader's system prefers.
	Dark bool
	// NoScript switches the pages' scripts off.
	NoScript bool
	// Language is what the browser asks for; English.
	Language string
}

// Page is a window.
type Page struct {
	t       testing.TB
	ctx     context.Context
	options Options
	// width and height are the window's at the moment.
	width, height int64

	mu      sync.Mutex
	faults  []string
	loads   map[network.RequestID]*Load
	allowed []string
}

// Load is one thing that a page has loaded.
type Load struct {
	URL, Type string
	Status    int64
	// Bytes came over the line, headers included.
	Bytes int64
}

var shared struct {
	once sync.Once
	ctx  context.Context
	err  error
}

// Open opens a window. Without Chromium the test is skipped, or fails where CI=true.
func Open(t testing.TB, o Options) *Page {
	t.Helper()
	if o.Width == 0 {
		o.Width = 1280
	}
	if o.Height == 0 {
		o.Height = 900
	}
	if o.Language == "" {
		o.Language = "en"
	}
	path := find()
	if path == "" {
		testservers.Unavailable(t, "Chromium is not installed (scripts/packages installs it)")
	}
	shared.once.Do(func() { shared.ctx, shared.err = start(path) })
	if shared.err != nil {
		t.Fatalf("start %s: %v", path, shared.err)
	}
	ctx, cancel := chromedp.NewContext(shared.ctx, chromedp.WithNewBrowserContext())
	p := &Page{t: t, ctx: ctx, options: o, loads: map[network.RequestID]*Load{}}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // before the test's own folders go
		cancel()
		p.reportFaults()
	})
	p.prepare()
	return p
}

// find prefers Chromium without what shows windows to people: the same pages in half the time.
func find() string {
	for _, name := range []string{"chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path := testservers.FindTool(name); path != "" {
			return path
		}
	}
	return ""
}

func start(path string) (context.Context, error) {
	folder, err := os.MkdirTemp("", "regain-browser-")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(folder), chromedp.WSURLReadTimeout(startTimeout),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"), chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 { // Chromium's sandbox does not run as root
		options = append(options, chromedp.NoSandbox)
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	testservers.AtEnd(func() {
		_ = chromedp.Cancel(ctx)
		end()
		endAllocator()
		_ = os.RemoveAll(folder)
	})
	return ctx, chromedp.Do(ctx)
}

// prepare makes the window as the options say, and listens for faults.
func (p *Page) prepare() {
	p.t.Helper()
	p.try("open a window", chromedp.Do(p.ctx))
	p.try("listen", chromedp.Listen(p.ctx, p.hear))
	_, err := chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	p.try("watch the network", err)
	_, err = chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: p.media()})
	p.try("set what the system prefers", err)
	_, err = chromedp.Call(p.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": p.options.Language}})
	p.try("set the language", err)
	p.setScripts(!p.options.NoScript)
	p.Resize(p.options.Width, p.options.Height)
}

func (p *Page) setScripts(on bool) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	p.try("set scripts", err)
}

func (p *Page) media() []*emulation.MediaFeature {
	scheme := "light"
	if p.options.Dark {
		scheme = "dark"
	}
	return []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
}

// Prefer changes what the reader's system prefers.
func (p *Page) Prefer(dark bool) {
	p.t.Helper()
	if dark == p.options.Dark {
		return
	}
	p.options.Dark = dark
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: p.media()})
	p.try("set what the system prefers", err)
}

// AsPrinted shows the page as it would be printed.
func (p *Page) AsPrinted() {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: p.media()})
	p.try("show as printed", err)
}

// Cookie gives the window a cookie of a site, such as the one of a session that was
// opened without it.
func (p *Page) Cookie(site string, c *http.Cookie) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: site, Path: "/", HTTPOnly: new(true)})
	p.try("set a cookie", err)
}

// ForgetCookies takes all cookies from the window, as if nobody had come in.
func (p *Page) ForgetCookies() {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.ClearBrowserCookies, cdp.Empty{})
	p.try("forget cookies", err)
}

// Resize gives the window another size, in CSS pixels.
func (p *Page) Resize(width, height int64) {
	p.t.Helper()
	if width == p.width && height == p.height {
		return
	}
	p.try("resize", chromedp.Do(p.ctx, chromedp.EmulateViewport(width, height)))
	p.width, p.height = width, height
}

// Allow names a part of the text of a fault that the test brings about on purpose.
func (p *Page) Allow(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, text)
}

func (p *Page) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// An answer such as 422 to a form is no fault; assets are looked at below.
		if e.Entry.Level == "error" && !strings.Contains(e.Entry.Text, "the server responded with a status of 4") {
			p.faults = append(p.faults, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		p.faults = append(p.faults, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			p.faults = append(p.faults, "console: "+words(e.Args))
		}
	case *network.EventResponseReceived:
		p.loads[e.RequestID] = &Load{URL: e.Response.URL, Type: string(e.Type), Status: e.Response.Status}
		if e.Response.Status >= 400 && strings.Contains(e.Response.URL, "/assets/") {
			p.faults = append(p.faults, fmt.Sprintf("%d: %s", e.Response.Status, e.Response.URL))
		}
	case *network.EventLoadingFinished:
		if load := p.loads[e.RequestID]; load != nil {
			load.Bytes = int64(e.EncodedDataLength)
		}
	}
}

func words(args []*runtime.RemoteObject) string {
	var out []string
	for _, a := range args {
		out = append(out, fmt.Sprintf("%s %s", a.Value, a.Description))
	}
	return strings.Join(out, " ")
}

func (p *Page) reportFaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fault := range p.faults {
		wanted := false
		for _, allowed := range p.allowed {
			wanted = wanted || strings.Contains(fault, allowed)
		}
		if !wanted {
			p.t.Errorf("in the browser: %s", fault)
		}
	}
}

// Loads are what the window has loaded over the line since it was opened or since
// ForgetLoads, without what came out of its cache.
func (p *Page) Loads() []Load {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Load
	for _, l := range p.loads {
		if !strings.HasPrefix(l.URL, "data:") && l.Bytes > 0 {
			out = append(out, *l)
		}
	}
	return out
}

// ForgetLoads begins to count anew.
func (p *Page) ForgetLoads() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loads = map[network.RequestID]*Load{}
}

func (p *Page) try(what string, err error) {
	p.t.Helper()
	if err == nil {
		return
	}
	if folder := os.Getenv("REGAIN_BROWSER_FAILURES"); folder != "" {
		if err := p.saveTo(filepath.Join(folder, strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name())+".png")); err != nil {
			p.t.Logf("no picture: %v", err)
		}
	}
	p.t.Fatalf("%s: %v", what, err)
}

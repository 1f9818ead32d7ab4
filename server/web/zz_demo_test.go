package web_test

import (
	"fmt"
	"os"
	"testing"

	"regain/internal/browser"
)

func TestZZDemo(t *testing.T) {
	base := os.Getenv("ZZ_URL")
	if base == "" {
		t.Skip()
	}
	p := browser.Open(t, browser.Options{Language: os.Getenv("ZZ_LANG"), Width: 390, Height: 844, Dark: true})
	p.Allow("")
	p.Go(base + "/staff/sign-in")
	p.Type("#f-email", os.Getenv("ZZ_USER"))
	p.Type("#f-password", os.Getenv("ZZ_PASS"))
	p.Follow("main form button")
	for _, view := range []string{"mine", "unassigned", "second_approval", "appeals", "waiting", "ended"} {
		p.Go(base + "/staff/queue?view=" + view)
		paths := browser.Eval[[]string](p, `[...document.querySelectorAll("tbody th a")].map(a => a.getAttribute("href"))`)
		t.Log(view, len(paths))
		for n, path := range paths {
			if n > 2 {
				break
			}
			p.Go(base + path)
			p.WaitFor(`[...document.querySelectorAll("[data-screen]")].every(s => s.dataset.shown)`)
			p.WaitFor(`true`)
			p.Screenshot(fmt.Sprintf("demo-%s-%d", view, n))
			p.CheckFits(path)
			p.CheckAccessible(path)
		}
	}
}

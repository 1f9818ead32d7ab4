package web_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regain/internal/browser"
)

// What goes wrong for people: impatience, several tabs, bad lines, big photos, sessions
// that end.

// TestDoubleClicks: every button that sends something is clicked twice at once; it has its
// effect once, and no error is shown.
func TestDoubleClicks(t *testing.T) {
	h := open(t)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	count := func(table string) int {
		t.Helper()
		n, err := h.DB.NewSelect().Table(table).Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	twice := func(selector, shows, table string, want int) {
		t.Helper()
		browser.Eval[bool](p, `(window.regainLeft = true)`)
		p.DoubleClick(selector)
		p.WaitFor(`!window.regainLeft && document.readyState === "complete"`)
		p.Shows(shows)
		if p.Has("[data-errors]") || p.Has("[data-problem]") {
			t.Errorf("after two clicks on %s: %s", selector, p.Text("main"))
		}
		if got := count(table); got != want {
			t.Errorf("after two clicks on %s: %d %s, want %d", selector, got, table, want)
		}
	}
	p.Go(h.URL + "/start/account")
	p.Type("#f-account", "ana.lima")
	p.Click("#f-lost-1")
	p.Type("#f-new_email", "ana@example.com")
	before := time.Now().Add(-time.Second)
	twice("main form button", "We sent a code to", "cases", 1)
	p.Type("#f-code", h.letter("ana@example.com", codeInLetter, before))
	twice(`main form:first-of-type button`, "How did you buy", "cases", 1)
	p.Click("input[value=reseller]")
	twice("main form button", "Question 2", "cases", 1)
	way{answers: map[string]string{"account_type": "enterprise", "real_name_authenticated": "yes", "enterprise_country": "CN"}}.answer(t, p)
	p.Shows("What we need from you")
	p.Click(`.cannot a`)
	p.WaitFor(`location.pathname.endsWith("/unavailable")`)
	p.Type("#f-reason", "It was lost in a fire.")
	twice("main form button", "It was lost in a fire.", "items", 3)
	twice(`form[action$="/available"] button`, "0 of 3 ready", "items", 3)
	p.Follow(`a[href$="/request/invite/reseller"]`)
	p.Type("#f-organisation", "Nuvem Parceira Ltda.")
	p.Type("#f-email", "ops@parceira.example")
	twice("main form button", "Asked, not here yet", "invitations", 1)
	twice(`form[action$="/invite/reseller"] button`, "Nuvem Parceira Ltda.", "invitations", 1)
	p.Go(h.URL + "/request/messages")
	p.Type("#f-body", "Is a photo enough?")
	twice("main form button", "Is a photo enough?", "messages", 1)
	p.Go(h.URL + "/request/withdraw")
	twice("main form button", "You withdrew this request", "cases", 1)
}

// TestDoubleClickOnSend: a request is sent once, and an appeal too.
func TestDoubleClickOnSend(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual()).supply()
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Cookie(h.URL, v.cookie())
	p.Go(h.URL + "/request/check")
	p.DoubleClick(`form[action$="/request/check"] button`)
	p.Shows("We have your request")
	var events int
	err := h.DB.NewSelect().Table("events").ColumnExpr("COUNT(*)").Where("type = ?", "submit").Scan(t.Context(), &events)
	if err != nil || events != 1 {
		t.Errorf("sent %d times, %v", events, err)
	}
}

// TestTwoTabs: what one tab does not know of is not undone by it, and nothing breaks.
func TestTwoTabs(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual()).supply()
	one := browser.Open(t, browser.Options{Width: 390, Height: 844})
	other := browser.Open(t, browser.Options{Width: 390, Height: 844})
	for _, p := range []*browser.Page{one, other} {
		p.Cookie(h.URL, v.cookie())
	}
	one.Go(h.URL + "/request/check")
	one.Shows("Send the request")
	other.Go(h.URL + "/request/items")
	other.Click(`section[id^=item-] form[action$="/remove"] button`)
	other.Shows("3 of 4 ready")
	one.Follow(`form[action$="/request/check"] button`) // made before that
	one.Shows("There is a problem")
	one.Shows("changed since you opened the page")
	one.Follow(`form[action$="/request/check"] button`) // made anew: now it says what is missing
	one.Shows("Real-name authentication certificate: ")

	one.Go(h.URL + "/request/questions/card_added")
	other.Go(h.URL + "/request/questions/customer_type")
	other.Click("input[value=partner]")
	other.Follow("main form button")
	other.Shows("In which country")
	one.Click("input[value=no]")
	one.Follow("main form button") // that question is not asked any more
	one.Shows("In which country")

	one.Select("main select", "BR")
	one.Follow("main form button")
	one.Shows("Partner certificate")
	item := browser.Eval[string](one, firstToDo+`.id`)
	other.Go(h.URL + "/request/questions/customer_type")
	other.Click("input[value=direct]")
	other.Follow("main form button")
	one.Choose("#"+item+" > form input[type=file]", file(t, "letter.pdf", 3))
	one.WaitFor(`document.querySelector("#` + item + ` .failed")?.innerText.length > 10`)
	if said := one.Text("#" + item + " .failed"); !strings.Contains(said, "not asked for") {
		t.Errorf("says %q", said)
	}
}

// TestSessionEndsUnderTheCustomer: what was typed goes along while one comes back in, and
// is sent once; a file that was chosen then says how to go on.
func TestSessionEndsUnderTheCustomer(t *testing.T) {
	for _, script := range []bool{true, false} {
		h := open(t)
		v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
		v.open("/request/later")
		reference := referenceText.FindString(v.text())
		p := browser.Open(t, browser.Options{Width: 390, Height: 844, NoScript: !script})
		p.Cookie(h.URL, v.cookie())
		p.Go(h.URL + "/request/messages")
		p.Type("#f-body", "A long thought that nobody wants to type twice.")
		endSessions(t, h)
		p.Follow("main form button")
		p.Shows("Your session has ended")
		p.Shows("What you typed is kept")
		p.Type("#f-reference", strings.ToLower(reference))
		before := time.Now().Add(-time.Millisecond)
		p.Follow("main form button")
		p.Type("#f-code", h.letter("ana@example.com", codeInLetter, before))
		p.Follow("main form button")
		p.Shows("Nothing that you typed was lost")
		p.Follow("main form button")
		p.Shows("A long thought that nobody wants to type twice.")
		if n, err := h.DB.NewSelect().Table("messages").Count(t.Context()); err != nil || n != 1 {
			t.Errorf("%d messages, %v", n, err)
		}
		if !script {
			continue
		}
		p.Go(h.URL + "/request/items")
		endSessions(t, h)
		section := browser.Eval[string](p, firstToDo+`.id`)
		p.Choose("#"+section+" > form input[type=file]", file(t, "passport.pdf", 4))
		p.WaitFor(`document.querySelector(".failed")?.innerText.includes("Your session has ended")`)
		p.CheckAccessible("an upload without a session")
		p.Follow(".file-tools a.btn-primary")
		p.Shows("Your session has ended. Please come in again.")
	}
}

func endSessions(t *testing.T, h *house) {
	t.Helper()
	if _, err := h.DB.ExecContext(t.Context(), "DELETE FROM sessions"); err != nil {
		t.Fatal(err)
	}
}

// TestPhonePhotos: three photos as phones take them go up together, one after the other,
// while the line breaks once; each is there once.
func TestPhonePhotos(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
	l := newLine(t, h.URL)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Allow("net::ERR_") // the line breaks on purpose
	p.Cookie(l.URL, v.cookie())
	p.Go(l.URL + "/request/items")
	l.breaks.Store(1)
	l.pause.Store(int64(3 * time.Millisecond))
	var photos []string
	for n := range 3 {
		photos = append(photos, bigPhoto(t, n))
	}
	card := browser.Eval[string](p, `[...document.querySelectorAll("section[id^=item-]")].find(s => s.querySelector("input[multiple]")).id`)
	p.Choose("#"+card+" > form input[type=file]", photos...)
	p.WaitFor(`document.querySelectorAll("#` + card + ` [data-list] .file").length === 3`)
	p.CheckAccessible("photos on their way")
	p.Screenshot("page-items-uploading-390-light")
	p.WaitFor(`document.querySelector("#` + card + ` .st")?.innerText.includes("2 of 3")`)
	p.WaitFor(`document.querySelector("#` + card + ` .st")?.innerText.includes("Ready")`)
	p.WaitFor(`document.querySelectorAll("#` + card + ` [data-list] .file").length === 0`)
	for n := range 3 {
		p.Shows(fmt.Sprintf("IMG_204%d.jpg", n))
	}
	if n, err := h.DB.NewSelect().Table("documents").Count(t.Context()); err != nil || n != 3 {
		t.Errorf("%d versions, %v", n, err)
	}
}

// bigPhoto is a photo of some megabytes.
func bigPhoto(t *testing.T, n int) string {
	return noise(t, fmt.Sprintf("IMG_204%d.jpg", n), 3000, 2000, 2_500_000, 9_000_000)
}

// noise is a photo that can hardly be compressed, with a size between two others.
func noise(t *testing.T, name string, width, height, least, most int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(width), 7+uint64(len(name))))
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(random.Uint32())
	}
	var content bytes.Buffer
	if err := jpeg.Encode(&content, picture, &jpeg.Options{Quality: 70}); err != nil {
		t.Fatal(err)
	}
	if size := content.Len(); size < least || size > most {
		t.Fatalf("the photo has %d bytes", size)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSentAgainAfterAWhile: a second click is none, but who stopped a page that did not come can send the form again.
func TestSentAgainAfterAWhile(t *testing.T) {
	h := open(t)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Go(h.URL + "/start/account")
	browser.Eval[bool](p, `(window.went = 0, addEventListener("submit", event => { if (!event.defaultPrevented) went++; event.preventDefault(); }), true)`)
	p.Click("main form button")
	p.Click("main form button")
	p.WaitFor(`went === 1`)
	browser.Eval[bool](p, `(now => { Date.now = () => now() + 15000; return true; })(Date.now.bind(Date))`)
	p.Click("main form button")
	p.WaitFor(`went === 2`)
}

// TestSentWithoutALine: a form that is sent while the device is offline stays as it is, and says so.
func TestSentWithoutALine(t *testing.T) {
	h := open(t)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Go(h.URL + "/start/account")
	p.Type("#f-account", "ana.lima")
	p.Online(false)
	p.WaitFor(`!navigator.onLine`)
	p.Click("main form button")
	p.Shows("You are offline. Nothing was sent")
	p.CheckAccessible("offline")
	if typed := browser.Eval[string](p, `document.getElementById("f-account").value`); typed != "ana.lima" {
		t.Errorf("what was typed is %q", typed)
	}
	p.Online(true)
	p.WaitFor(`!document.getElementById("offline")`)
	p.Follow("main form button")
	p.Shows("There is a problem")
}

// TestWhatWasDoneIsReadOut: a screen reader is told of what a page says at its top, too.
func TestWhatWasDoneIsReadOut(t *testing.T) {
	h := open(t)
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Go(h.URL + "/start/account")
	p.Type("#f-account", "ana.lima")
	p.Click("#f-lost-1")
	p.Type("#f-new_email", "ana@example.com")
	p.Follow("main form button")
	p.WaitFor(`document.getElementById("live").textContent.includes("We sent a code to ana@example.com")`)
}

// TestPhotoThatIsTooLarge: it is made smaller before it is sent, and says so.
func TestPhotoThatIsTooLarge(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Cookie(h.URL, v.cookie())
	p.Go(h.URL + "/request/items")
	browser.Eval[bool](p, `(window.said = [], new MutationObserver(all => said.push(...all.flatMap(m => [...m.addedNodes].map(n => n.textContent)))).observe(document.getElementById("live"), {childList: true}), true)`)
	section := browser.Eval[string](p, firstToDo+`.id`)
	p.Choose("#"+section+" > form input[type=file]", noise(t, "IMG_9000.jpg", 6000, 4500, 11_000_000, 40_000_000))
	p.Shows("1 of 4 ready")
	p.Shows("IMG_9000.jpg")
	p.WaitFor(`said.some(words => words.includes("made smaller"))`)
	var size int64
	if err := h.DB.NewSelect().Table("documents").Column("size").Scan(t.Context(), &size); err != nil || size > 10<<20 || size < 1<<20 {
		t.Errorf("%d bytes, %v", size, err)
	}
}

// TestPhotoOfManyPixels: cameras make photos of more pixels than are taken, in files that are not too large.
func TestPhotoOfManyPixels(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Cookie(h.URL, v.cookie())
	p.Go(h.URL + "/request/items")
	section := browser.Eval[string](p, firstToDo+`.id`)
	var content bytes.Buffer
	if err := jpeg.Encode(&content, image.NewGray(image.Rect(0, 0, 6000, 4500)), nil); err != nil {
		t.Fatal(err)
	}
	p.Choose("#"+section+" > form input[type=file]", plainFile(t, "IMG_9001.jpg", content.String()))
	p.Shows("1 of 4 ready")
	p.Shows("IMG_9001.jpg")
}

// TestPhotoOfAnotherFormat: what chats and phones keep photos as is made a JPEG where the browser can.
func TestPhotoOfAnotherFormat(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Cookie(h.URL, v.cookie())
	p.Go(h.URL + "/request/items")
	section := browser.Eval[string](p, firstToDo+`.id`)
	choose := func(name, typ, content string) {
		browser.Eval[bool](p, `(async () => {
			const canvas = Object.assign(document.createElement("canvas"), {width: 60, height: 40});
			canvas.getContext("2d").fillRect(10, 10, 20, 20);
			const content = `+content+`;
			const files = new DataTransfer();
			files.items.add(new File([content], "`+name+`", {type: "`+typ+`"}));
			const input = document.querySelector("#`+section+` > form input[type=file]");
			input.files = files.files;
			input.dispatchEvent(new Event("change", {bubbles: true}));
			return true;
		})()`)
	}
	choose("IMG_1.HEIC", "image/heic", `"no browser here reads this"`)
	p.WaitFor(`document.querySelector("#` + section + ` .failed")?.innerText.includes("HEIC")`)
	choose("chat.webp", "image/webp", `await new Promise(done => canvas.toBlob(done, "image/webp"))`)
	p.Shows("1 of 4 ready")
	p.Shows("chat.jpg")
}

// TestMoreFilesThanPlaces: what became of every file is told, also when the list was full before their turn.
func TestMoreFilesThanPlaces(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Cookie(h.URL, v.cookie())
	p.Go(h.URL + "/request/items")
	p.Click("details.bulk > summary")
	var files []string
	for n := range uint64(6) {
		files = append(files, file(t, fmt.Sprintf("scan-%d.pdf", n+1), n+1))
	}
	p.Choose("details.bulk input[type=file]", files...)
	p.Shows("Everything is here")
	p.WaitFor(`document.querySelectorAll(".failed").length === 2`)
	for n := range 6 {
		p.WaitFor(fmt.Sprintf(`document.querySelector("[data-list]").innerText.includes("scan-%d.pdf")`, n+1))
	}
	if said := p.Text(".failed"); !strings.Contains(said, "no place left") {
		t.Errorf("says %q", said)
	}
	p.CheckAccessible("more files than places")
}

// TestFilesThatFail: each says why, and what to do, and lets another one be chosen.
func TestFilesThatFail(t *testing.T) {
	h := open(t)
	v := visit(t, h.Harness).begin("ana@example.com").answers(individual())
	p := browser.Open(t, browser.Options{Width: 390, Height: 844})
	p.Cookie(h.URL, v.cookie())
	p.Go(h.URL + "/request/items")
	section := browser.Eval[string](p, firstToDo+`.id`)
	input := "#" + section + " > form input[type=file]"
	for _, test := range []struct{ file, says string }{
		{file(t, "scan.pdf", 11_000_000), "too large. Up to 10 MB"},
		{plainFile(t, "empty.pdf", ""), "The file is empty. Choose another one."},
		{plainFile(t, "damaged.pdf", "%PDF-1.7 and nothing more"), "The file is damaged"},
		{plainFile(t, "letter.docx", "PK"), "Send one of the types that are named above"},
	} {
		p.Choose(input, test.file)
		p.WaitFor(`document.querySelector("#` + section + ` .failed")?.innerText.length > 10`)
		if said := p.Text("#" + section + " .failed"); !strings.Contains(said, test.says) {
			t.Errorf("%s: says %q", filepath.Base(test.file), said)
		}
		p.WaitFor(`document.getElementById("live").textContent.includes("` + filepath.Base(test.file) + `")`)
		p.Click("#" + section + " [data-list] button")
		p.WaitFor(`!document.querySelector("#` + section + ` .failed")`)
	}
	// Who just chooses another one is not reminded of what was refused.
	for _, name := range []string{"first.pdf", "second.pdf"} {
		p.Choose(input, plainFile(t, name, ""))
		p.WaitFor(`document.querySelector("#` + section + ` .failed") && document.querySelector("#` + section + ` [data-list]").innerText.includes("` + name + `")`)
	}
	if said := p.Text("#" + section + " [data-list]"); strings.Contains(said, "first.pdf") {
		t.Errorf("what was refused before is still said: %q", said)
	}
	p.Choose(input, file(t, "good.pdf", 5))
	p.Shows("good.pdf")
	p.Shows("1 of 4 ready")
	if p.Has("#" + section + " .failed") {
		t.Error("a refusal stands beside what is ready")
	}
}

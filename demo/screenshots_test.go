package demo_test

import (
	"cmp"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"regain/accounts"
	"regain/cases"
	"regain/database"
	"regain/database/databasetest"
	"regain/demo"
	"regain/internal/browser"
	"regain/notify"
)

// look is how a page is looked at.
type look struct {
	width    int64
	dark     bool
	language string
}

var (
	phone        = look{width: 390}
	phoneDark    = look{width: 390, dark: true}
	phoneChinese = look{width: 390, language: "zh-Hans"}
	phoneBrazil  = look{width: 390, language: "pt-BR"}
	desk         = look{width: 1280}
	deskDark     = look{width: 1280, dark: true}
	deskChinese  = look{width: 1280, language: "zh-Hans"}
	deskBrazil   = look{width: 1280, language: "pt-BR"}
)

// name is what the look adds to a picture's.
func (l look) name() string {
	name := "-390"
	if l.width != 390 {
		name = "-1280"
	}
	if l.language != "" {
		name += "-" + l.language
	}
	if l.dark {
		name += "-dark"
	}
	return name
}

// picture is a page to take pictures of.
type picture struct {
	name string
	// path is the page's: {case} is the story's case, {item} one of its items.
	path string
	// who looks: nobody, "customer" or "partner" of the story, or a member of staff.
	who, story, item string
	looks            []look
	// status is the page's; 200 by default.
	status int
	// then brings the page into the state that is wanted.
	then func(*browser.Page)
}

// TestScreenshots takes the pictures of make screenshots: every page of the product with
// the demo's data. A page that looks wrong to the browser itself fails: an asset that is
// missing, a script that ends with an error, something that the content policy refuses.
func TestScreenshots(t *testing.T) {
	if os.Getenv("REGAIN_SCREENSHOTS") == "" {
		t.Skip("make screenshots takes pictures")
	}
	s := newStage(t, databasetest.SQLite(t), now)
	s.fill(t.Context(), t)
	s.Deliver(t)
	only := os.Getenv("REGAIN_PICTURES") // the beginning of the names of those to take
	windows := map[look]*browser.Page{}
	taken := map[string]bool{}
	for _, p := range pictures() {
		if !strings.HasPrefix(p.name, only) {
			continue
		}
		for _, l := range p.looks {
			window := look{width: l.width, dark: l.dark}
			if windows[window] == nil {
				windows[window] = browser.Open(t, browser.Options{Width: l.width, Height: map[int64]int64{390: 844, 1280: 860}[l.width], Dark: l.dark})
			}
			if path := s.take(t, windows[window], p, l); path != "" {
				taken[path] = true
			}
		}
	}
	if only == "" {
		s.wantEveryPage(t, taken)
	}
}

// take takes one picture and returns the pattern of its page's path, unless the page is
// not there.
func (s *stage) take(t *testing.T, w *browser.Page, p picture, l look) string {
	t.Helper()
	path := s.place(t, p)
	pattern := s.pattern(path)
	if pattern == "" {
		t.Logf("%s: there is no page at %s", p.name, path)
		return ""
	}
	cookie := s.Server.SessionCookie(s.session(t, p), 0)
	w.Cookie(s.URL, &cookie)
	if l.language == "" {
		l.language = "en"
	}
	w.Go(s.URL + "/" + l.language + path)
	if p.then != nil {
		p.then(w)
	}
	if status := browser.Eval[int](w, `performance.getEntriesByType("navigation")[0].responseStatus`); status != cmp.Or(p.status, http.StatusOK) {
		t.Errorf("%s, %s: %d", p.name, path, status)
		return pattern
	}
	if l.language == "en" {
		l.language = ""
	}
	w.Screenshot(p.name + l.name())
	return pattern
}

// place is the address of a picture's page.
func (s *stage) place(t *testing.T, p picture) string {
	t.Helper()
	if strings.Contains(p.path, "{letter}") {
		letters, err := s.Mailbox.List(t.Context(), notify.LetterQuery{To: "ops@parceira.example", Limit: 1})
		must(t, err)
		return strings.ReplaceAll(p.path, "{letter}", letters[0].ID)
	}
	if strings.Contains(p.path, "{person}") {
		away, err := s.Accounts.StaffByEmail(t.Context(), "tomas@staff.example")
		must(t, err)
		return strings.ReplaceAll(p.path, "{person}", away.ID)
	}
	if strings.Contains(p.path, "{organisation}") {
		o, err := s.Accounts.OrganisationNamed(t.Context(), demo.Organisation())
		must(t, err)
		return strings.ReplaceAll(p.path, "{organisation}", o.ID)
	}
	if p.story == "" {
		return s.ofPrograms(t, p.path)
	}
	id := s.Demo.Case(p.story)
	path := strings.ReplaceAll(p.path, "{case}", id)
	if strings.Contains(path, "{invitation}") {
		path = strings.ReplaceAll(path, "{invitation}", s.details(t, p.story).Invitations[0].ID)
	}
	if p.item == "" {
		return path
	}
	for _, i := range s.details(t, p.story).Items {
		if i.Requirement == p.item {
			return strings.ReplaceAll(path, "{item}", i.ID)
		}
	}
	t.Fatalf("%s: the case has no item %s", p.name, p.item)
	return ""
}

// ofPrograms fills in what there is one of.
func (s *stage) ofPrograms(t *testing.T, path string) string {
	t.Helper()
	page, err := database.NewTimePage(1, "")
	must(t, err)
	hooks, err := s.Webhooks.Endpoints(t.Context())
	must(t, err)
	failed, _, err := s.Webhooks.Deliveries(t.Context(), hooks[0].ID, notify.DeliveryQuery{State: notify.DeliveryFailed, Page: page})
	must(t, err)
	runs, _, err := s.Harness.Cases.AuditRuns(t.Context(), cases.Actor{Kind: cases.Staff, ID: "ada", Roles: []string{cases.RoleAuditor}}, page)
	must(t, err)
	staff, err := s.Accounts.ListStaff(t.Context(), "", 100)
	must(t, err)
	rei := ""
	for _, m := range staff {
		if m.Email == "rei@staff.example" {
			rei = m.ID
		}
	}
	return strings.NewReplacer("{webhook}", hooks[0].ID, "{message}", failed[0].MessageID, "{run}", runs[0].ID, "{rei}", rei).Replace(path)
}

func (s *stage) details(t *testing.T, story string) *cases.Details {
	t.Helper()
	d, err := s.Harness.Cases.Details(t.Context(), cases.SystemActor(), s.Demo.Case(story))
	must(t, err)
	return d
}

var braces = regexp.MustCompile(`\\\{[^}]*\\\}`)

// pattern finds the page that a path belongs to; empty when there is none.
func (s *stage) pattern(path string) string {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	if path == "/nothing" {
		return path
	}
	found := ""
	for _, r := range s.Server.Routes() {
		whole := regexp.MustCompile("^" + braces.ReplaceAllString(regexp.QuoteMeta(r.Path), "[^/]+") + "$")
		if r.Method == http.MethodGet && whole.MatchString(path) && (found == "" || !strings.Contains(r.Path, "{")) {
			found = r.Path
		}
	}
	return found
}

// session opens a session of whoever looks.
func (s *stage) session(t *testing.T, p picture) string {
	t.Helper()
	var kind accounts.Kind
	var subject string
	switch p.who {
	case "":
		return "nobody"
	case "customer":
		kind, subject = accounts.Customer, s.Demo.Case(p.story)
	case "partner":
		kind, subject = accounts.Partner, s.details(t, p.story).Invitations[0].ID
	case "member":
		o, err := s.Accounts.OrganisationNamed(t.Context(), "Nuvem Parceira Ltda.")
		must(t, err)
		kind, subject = accounts.OrganisationMember, o.Members[0].ID
	default:
		list, err := s.Accounts.ListStaff(t.Context(), "", 100)
		must(t, err)
		at := slices.IndexFunc(list, func(m accounts.Staff) bool { return m.Email == p.who+"@staff.example" })
		if at < 0 {
			t.Fatalf("nobody is called %s", p.who)
		}
		kind, subject = accounts.StaffMember, list[at].ID
	}
	token, err := s.Accounts.OpenSession(t.Context(), kind, subject, 0)
	must(t, err)
	return token
}

// wantEveryPage names the pages that no picture was taken of.
func (s *stage) wantEveryPage(t *testing.T, taken map[string]bool) {
	t.Helper()
	noPage := regexp.MustCompile(`^/(api/v1|assets|healthz|readyz|metrics)|/(letter|original|preview|content|download|events|file)$|/documents/\{document\}$|^/staff/lead/\{table\}$|\.\w+$`)
	for _, r := range s.Server.Routes() {
		if r.Method == http.MethodGet && !taken[r.Path] && (!noPage.MatchString(r.Path) || r.Path == "/api/v1/docs") {
			t.Errorf("there is no picture of %s: add it to pictures()", r.Path)
		}
	}
}

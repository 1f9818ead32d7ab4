package web

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// TestStaleAssets: assets that were built before the pages lack icons. The pages are shown
// without those, and it is told once what to do.
func TestStaleAssets(t *testing.T) {
	a, err := loadAssets(fstest.MapFS{
		"dist/tabler.css": {Data: []byte("a{b:c}")},
		"dist/icons.svg":  {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><symbol id="clock"></symbol></svg>`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	p := &Pages{Content: Content{assets: a}, log: slog.New(slog.NewTextHandler(&log, nil)), services: Services{Name: "Regain"}}
	if p.words, err = readWords(files); err != nil {
		t.Fatal(err)
	}
	if p.templates, err = loadTemplates(files); err != nil {
		t.Fatal(err)
	}
	page, err := p.template("staff/new_password")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var out bytes.Buffer
		v := &View{Locale: "en", Theme: "light", Here: "/", Data: true, Form: NewForm(), pages: p, labels: map[string]string{}}
		if err := page.Execute(&out, v); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "Choose your own password") || strings.Contains(out.String(), "#key") {
			t.Errorf("%s", out.String())
		}
		if clock := string(v.Icon("clock")); !strings.Contains(clock, "#clock") {
			t.Errorf("the icon that is there: %q", clock)
		}
	}
	if n := strings.Count(log.String(), "run make assets"); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
}

// TestIconsOfTheTemplates: templates name icons that there are, whatever assets were built.
func TestIconsOfTheTemplates(t *testing.T) {
	there, err := sourceIcons()
	if err != nil {
		t.Fatal(err)
	}
	if len(there) == 0 {
		t.Skip("neither npm's packages nor assets are here")
	}
	named := regexp.MustCompile(`\bicon \S+ "([^"]*)"`) // as build.mjs finds them
	names, err := filepath.Glob("templates/*/*.html")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			found++
			if !there[m[1]] {
				t.Errorf("%s: there is no icon %q", name, m[1])
			}
		}
		if dynamic := regexp.MustCompile(`\{\{icon \S+ [^"]`).FindString(string(text)); dynamic != "" {
			t.Errorf("%s: nobody finds out which icon %q is", name, dynamic)
		}
	}
	if found < 50 {
		t.Errorf("only %d icons found in templates", found)
	}
}

// sourceIcons are those that the sprite can be made of; where npm's packages are not there,
// those that it is made of.
func sourceIcons() (map[string]bool, error) {
	icons := map[string]bool{}
	for folder, ending := range map[string]string{"outline": "", "filled": "-filled"} {
		entries, err := os.ReadDir(filepath.Join("node_modules/@tabler/icons/icons", folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			icons[strings.TrimSuffix(e.Name(), ".svg")+ending] = true
		}
	}
	if len(icons) > 0 {
		return icons, nil
	}
	sprite, err := os.ReadFile("dist/icons.svg")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, m := range symbolPattern.FindAllSubmatch(sprite, -1) {
		icons[string(m[1])] = true
	}
	return icons, err
}

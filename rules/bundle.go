package rules

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Bundle is the files of one policy exactly as they were read: what is stored
// with a case, so that the case can be finished under the policy that it was
// filed under. It survives JSON unchanged.
type Bundle struct {
	// Name is the base file's name, used in faults ("rules.yaml").
	Name string `json:"name"`
	// Base is the policy file.
	Base []byte `json:"base"`
	// Translations are the files of other languages, by locale.
	Translations map[string][]byte `json:"translations,omitempty"`
}

// ReadBundle reads the policy file name and the translations beside it:
// for "rules.yaml" all of "rules.<locale>.yaml", except "rules.tests.yaml".
func ReadBundle(fsys fs.FS, name string) (Bundle, error) {
	base, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Bundle{}, fmt.Errorf("read policy: %w", err)
	}
	b := Bundle{Name: path.Base(name), Base: base}
	stem := strings.TrimSuffix(b.Name, path.Ext(b.Name))
	entries, err := fs.ReadDir(fsys, path.Dir(name))
	if err != nil {
		return Bundle{}, fmt.Errorf("look for translations of %s: %w", name, err)
	}
	for _, e := range entries {
		locale, ok := translationLocale(e.Name(), stem, path.Ext(b.Name))
		if !ok || e.IsDir() {
			continue
		}
		data, err := fs.ReadFile(fsys, path.Join(path.Dir(name), e.Name()))
		if err != nil {
			return Bundle{}, fmt.Errorf("read translation: %w", err)
		}
		if b.Translations == nil {
			b.Translations = map[string][]byte{}
		}
		b.Translations[locale] = data
	}
	return b, nil
}

// translationLocale gives the locale of a file "<stem>.<locale><ext>".
func translationLocale(file, stem, ext string) (string, bool) {
	rest, ok := strings.CutPrefix(file, stem+".")
	if !ok {
		return "", false
	}
	locale, ok := strings.CutSuffix(rest, ext)
	if !ok || locale == "" || locale == "tests" || strings.Contains(locale, ".") {
		return "", false
	}
	return locale, true
}

// Hash is the content hash of the bundle, in hexadecimal: SHA-256 over its parts,
// each preceded by its length, translations ordered by locale. The file's name
// takes no part.
func (b Bundle) Hash() string {
	h := sha256.New()
	part := func(data []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(data)))
		h.Write(n[:])
		h.Write(data)
	}
	part(b.Base)
	for _, locale := range slices.Sorted(maps.Keys(b.Translations)) {
		part([]byte(locale))
		part(b.Translations[locale])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// translationName gives the file name of a translation, for faults.
func (b Bundle) translationName(locale string) string {
	ext := path.Ext(b.Name)
	return strings.TrimSuffix(b.Name, ext) + "." + locale + ext
}

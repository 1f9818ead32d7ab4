package storage

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"regain/problem"
)

// maxName bounds a display name, and maxExtension its extension, in runes.
const (
	maxName      = 120
	maxExtension = 10
)

// nameless is shown for a file whose name had nothing to show.
const nameless = "document"

// DisplayName makes a client's file name fit to be shown, stored as text and
// offered for a download. It drops folders, control and formatting characters
// (so also those which turn the direction of text), replaces what file systems
// refuse, normalises to NFC, and shortens to 120 characters while keeping the
// extension. It is never empty, and a second pass changes nothing.
func DisplayName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = norm.NFC.String(strings.Map(displayRune, name))
	// Spaces and dots at the ends are dropped by some systems, and a dot in
	// front hides the file on others.
	name = strings.Trim(strings.Join(strings.Fields(name), " "), ". ")
	if name == "" {
		return nameless
	}
	return shorten(name)
}

func displayRune(r rune) rune {
	switch {
	case r == '\u200c' || r == '\u200d':
		return r // joiners, which some scripts cannot be written without
	case strings.ContainsRune(`<>:"|?*`, r):
		return '_'
	case unicode.IsSpace(r), unicode.Is(unicode.Zs, r):
		if r == '\t' || r == ' ' || unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return -1
	case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector):
		return -1
	}
	return r
}

func shorten(name string) string {
	runes := []rune(name)
	if len(runes) <= maxName {
		return name
	}
	var extension []rune
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		if e := []rune(name[dot:]); len(e) <= maxExtension {
			extension = e
		}
	}
	stem := strings.Trim(string(runes[:maxName-len(extension)]), ". ")
	if stem == "" {
		stem = nameless
	}
	return stem + string(extension)
}

// typeByName finds the type that a display name claims, and refuses one that
// the limits do not allow or that hides what it is.
func typeByName(name string, allowed []string) (string, *problem.Error) {
	parts := strings.Split(strings.ToLower(name), ".")
	if len(parts) < 2 {
		return "", problem.Newf(problem.Invalid, "file_name_type_mismatch",
			"The file's name has no ending that says what it is. Send a %s file.", labels(allowed))
	}
	typ := typeOfExtension(parts[len(parts)-1])
	if slices.Contains(heicExtensions(), parts[len(parts)-1]) {
		return "", heic(allowed)
	}
	if typ == "" || !slices.Contains(allowed, typ) {
		return "", notAllowed(allowed)
	}
	for _, inner := range parts[1 : len(parts)-1] {
		if slices.Contains(programExtensions(), strings.TrimSpace(inner)) {
			return "", problem.New(problem.Invalid, "file_name_type_mismatch",
				"The file's name has the ending of a program inside. Rename the file and send it again.")
		}
	}
	return typ, nil
}

func notAllowed(allowed []string) *problem.Error {
	return problem.Newf(problem.UnsupportedType, "file_type_not_allowed",
		"A file of this type is not accepted here. Send a %s file.", labels(allowed))
}

// heic is said of the photos of many phones, whose owners don't know how they are kept.
func heic(allowed []string) *problem.Error {
	return problem.Newf(problem.UnsupportedType, "file_heic",
		"This is a photo in the format HEIC, which few programs show. Send a %s file.", labels(allowed))
}

func heicExtensions() []string { return []string{"heic", "heif", "hif"} }

// programExtensions are endings that, before the last one, are there to
// deceive. "com" is not among them: names hold addresses of web sites.
func programExtensions() []string {
	return []string{
		"exe", "scr", "bat", "cmd", "pif", "msi", "dll", "lnk", "hta", "jar", "apk", "app", "dmg", "iso", "vbs", "vbe",
		"js", "jse", "wsf", "wsh", "ps1", "sh", "php", "py", "htm", "html", "xhtml", "svg", "swf",
	}
}

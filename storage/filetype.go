package storage

import (
	"slices"
	"strings"
)

// The types of file that can be received, as policies name them.
const (
	TypePDF  = "pdf"
	TypeJPEG = "jpeg"
	TypePNG  = "png"
	TypeEML  = "eml"
)

// fileType is what belongs to one type.
type fileType struct {
	name        string
	contentType string
	extensions  []string // without dot, lower case, the usual one first
	label       string
}

// fileTypes returns the types in the order in which people are told of them.
func fileTypes() []fileType {
	return []fileType{
		{TypePDF, "application/pdf", []string{"pdf"}, "PDF"},
		{TypeJPEG, "image/jpeg", []string{"jpg", "jpeg", "jpe", "jfif"}, "JPEG"},
		{TypePNG, "image/png", []string{"png"}, "PNG"},
		{TypeEML, "message/rfc822", []string{"eml"}, "saved e-mail (.eml)"},
	}
}

// ContentType is the media type of a file type, "application/octet-stream" of
// one that is not known.
func ContentType(typ string) string {
	for _, t := range fileTypes() {
		if t.name == typ {
			return t.contentType
		}
	}
	return "application/octet-stream"
}

// typeOfExtension is "" for an extension that belongs to no type.
func typeOfExtension(extension string) string {
	for _, t := range fileTypes() {
		if slices.Contains(t.extensions, extension) {
			return t.name
		}
	}
	return ""
}

// labels words types for a person: "PDF, JPEG or PNG".
func labels(types []string) string {
	var words []string
	for _, t := range fileTypes() {
		if slices.Contains(types, t.name) {
			words = append(words, t.label)
		}
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

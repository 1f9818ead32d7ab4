package storage

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"regain/problem"
)

// MaxPixels bounds a picture. A small file can hold a picture whose decoding
// takes gigabytes, so its size is read before anything decodes it.
const MaxPixels = 25_000_000

// sniffed is how many bytes the type is told from.
const sniffed = 3072

// errUnsound says what is wrong with a file's structure. Its text is for
// people and holds nothing of the content.
type errUnsound struct{ detail string }

func (e *errUnsound) Error() string { return e.detail }

func unsound(detail string) error { return &errUnsound{detail} }

// inspect checks that a file's content is of the type that its name claims and
// sound as far as its structure tells, without decoding or holding it. It
// returns a problem for what the client did wrong.
func inspect(file io.ReaderAt, size int64, claimed string, limits Limits, now time.Time) error {
	head := make([]byte, min(size, sniffed))
	if _, err := file.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("storage: read the spooled upload: %w", err)
	}
	found := typeOfContent(head)
	switch {
	case found == "" && isHEIC(head):
		return heic(limits.Types)
	case found == "":
		return problem.Newf(problem.Invalid, "file_content_mismatch",
			"The file's content is not what its name says. Send a %s file.", labels(limits.Types))
	case found != claimed && !slices.Contains(limits.Types, found):
		return notAllowed(limits.Types)
	case found != claimed:
		return problem.Newf(problem.Invalid, "file_name_type_mismatch",
			"The file's name says %s, but its content is %s. Give it the right ending and send it again.",
			labels([]string{claimed}), labels([]string{found}))
	}
	return inspectionProblem(checkStructure(file, size, found, now))
}

func inspectionProblem(err error) error {
	var bad *errUnsound
	var big *errPixels
	var locked errLocked
	switch {
	case err == nil:
		return nil
	case errors.As(err, &big):
		return problem.Newf(problem.TooLarge, "picture_too_large",
			"The picture has %d × %d pixels; at most %d million are accepted.", big.width, big.height, MaxPixels/1_000_000)
	case errors.As(err, &locked):
		return problem.New(problem.Invalid, "file_locked", "The PDF opens only with a password. Save it without one, and send that.")
	case errors.As(err, &bad):
		return problem.Newf(problem.Invalid, "file_content_mismatch",
			"The file is damaged or not what its name says: %s.", bad.detail)
	}
	return fmt.Errorf("storage: read the spooled upload: %w", err)
}

// typeOfContent tells the type from the first bytes, "" for any other. What has
// the header of a PDF anywhere in its first kilobyte counts as one, since
// readers of PDF open it: so a picture cannot hide a document.
func typeOfContent(head []byte) string {
	for m := mimetype.Detect(head); m != nil; m = m.Parent() {
		switch {
		case m.Is("application/pdf"):
			return TypePDF
		case m.Is("image/jpeg"):
			return TypeJPEG
		case m.Is("image/png"):
			return TypePNG
		case m.Is("message/rfc822"):
			return TypeEML
		case m.Is("text/plain"):
			// The table of magic knows few first headers; the parser decides.
			if looksLikeMessage(head) {
				return TypeEML
			}
		}
	}
	return ""
}

// isHEIC says whether a file is a photo in HEIC, also under the name of another type.
func isHEIC(head []byte) bool {
	found := mimetype.Detect(head)
	return found.Is("image/heic") || found.Is("image/heif") || found.Is("image/heic-sequence") || found.Is("image/heif-sequence")
}

func checkStructure(file io.ReaderAt, size int64, typ string, now time.Time) error {
	switch typ {
	case TypePDF:
		return checkPDF(file, size)
	case TypeJPEG:
		return checkJPEG(file, size)
	case TypePNG:
		return checkPNG(file, size)
	}
	return checkEML(file, size, now)
}

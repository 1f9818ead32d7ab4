package storage

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
)

// pdfTail is where the end of a PDF is looked for, in bytes from its end.
const pdfTail = 2048

var (
	pdfHeader = regexp.MustCompile(`^%PDF-[12]\.[0-9]`)
	pdfStart  = regexp.MustCompile(`startxref\s+([0-9]{1,10})\s+%%EOF$`)
	pdfTable  = regexp.MustCompile(`xref|[0-9] +[0-9]+ +obj`)
)

// checkPDF checks the header at the very start, the end, and that the end
// points at a table of objects within the file, and that it opens without a password.
func checkPDF(file io.ReaderAt, size int64) error {
	head, err := readPiece(file, size, 0, 16)
	if err != nil {
		return err
	}
	if !pdfHeader.Match(head) {
		return unsound("a PDF begins with its version")
	}
	tail, err := readPiece(file, size, size-pdfTail, pdfTail)
	if err != nil {
		return err
	}
	start := pdfStart.FindSubmatch(bytes.TrimRight(tail, "\x00\t\n\f\r "))
	if start == nil {
		return unsound("the end of the PDF is missing; perhaps it was not copied completely")
	}
	offset, err := strconv.ParseInt(string(start[1]), 10, 64)
	if err != nil || offset < 8 || offset >= size {
		return unsound("the PDF's table of contents lies outside the file")
	}
	// Readers forgive an offset that is wrong by a few bytes.
	table, err := readPiece(file, size, offset-16, 64)
	if err != nil {
		return err
	}
	if !pdfTable.Match(table) {
		return unsound("the PDF's table of contents is missing")
	}
	return checkUnlocked(file, size, offset)
}

// readPiece reads up to n bytes from offset, both cut to the file.
func readPiece(file io.ReaderAt, size, offset int64, n int) ([]byte, error) {
	offset = max(offset, 0)
	piece := make([]byte, min(int64(n), size-offset))
	read, err := file.ReadAt(piece, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return piece[:read], nil
}

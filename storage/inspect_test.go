package storage_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"regain/internal/testdocs"
	"regain/problem"
	"regain/storage"
)

func join(parts ...any) []byte {
	var b bytes.Buffer
	for _, part := range parts {
		switch part := part.(type) {
		case []byte:
			b.Write(part)
		case string:
			b.WriteString(part)
		}
	}
	return b.Bytes()
}

func replace(content []byte, from, to string) []byte {
	return bytes.Replace(content, []byte(from), []byte(to), 1)
}

// pngOfSize claims a size without holding the picture.
func pngOfSize(width, height uint32) []byte {
	content := testdocs.PNG(1, 8, 8)
	binary.BigEndian.PutUint32(content[16:], width)
	binary.BigEndian.PutUint32(content[20:], height)
	binary.BigEndian.PutUint32(content[29:], crc32.ChecksumIEEE(content[12:29]))
	return content
}

// jpegOfSize claims a size without holding the picture.
func jpegOfSize(width, height uint16) []byte {
	content := testdocs.JPEG(1, 8, 8)
	frame := bytes.Index(content, []byte{0xFF, 0xC0})
	binary.BigEndian.PutUint16(content[frame+5:], height)
	binary.BigEndian.PutUint16(content[frame+7:], width)
	return content
}

const heicHead = "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"

const archive = "PK\x03\x04\x14\x00\x00\x00\x08\x00"

func TestAccepted(t *testing.T) {
	pdf, jpeg, png := testdocs.PDF(1, 2), testdocs.JPEG(1, 300, 200), testdocs.PNG(1, 300, 200)
	eml := testdocs.EML(1, "Ana <ana@example.com>", "Consent", "We agree.")
	tests := []struct {
		name, file, typ string
		content         []byte
	}{
		{"pdf", "letter.pdf", "pdf", pdf},
		{"capital letters", "LETTER.PDF", "pdf", pdf},
		{"pdf with padding", "letter.pdf", "pdf", join(pdf, "\r\n\x00\x00  ")},
		{"pdf with an offset slightly off", "letter.pdf", "pdf", replace(pdf, "startxref\n", "startxref\r\n")},
		{"pdf 2.0", "letter.pdf", "pdf", replace(pdf, "%PDF-1.7", "%PDF-2.0")},
		{"jpg", "card.jpg", "jpeg", jpeg},
		{"jpeg", "card.jpeg", "jpeg", jpeg},
		{"JPG", "IMG_0001.JPG", "jpeg", jpeg},
		{"JPEG, Jpeg", "a.b.Jpeg", "jpeg", jpeg},
		{"jpeg with a preview behind", "card.jpg", "jpeg", join(jpeg, "\x00\x00", testdocs.JPEG(2, 32, 32))},
		{"jpeg with a film behind", "card.jpg", "jpeg", join(jpeg, "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")},
		{"jpeg with a camera's notes behind", "card.jpg", "jpeg", join(jpeg, "\x00\x00\xa1\x0a\x08\x00\x00\x00\x01\x02SEFH")},
		{"jpeg with filled markers", "card.jpg", "jpeg", replace(jpeg, "\xff\xdb", "\xff\xff\xff\xdb")},
		{"png", "card.png", "png", png},
		{"png at the limit", "card.png", "png", pngOfSize(5000, 5000)},
		{"eml", "consent.eml", "eml", eml},
		{"eml with received first", "consent.eml", "eml", join("Received: from a\r\n by b\r\n", eml)},
		{"eml with any field first", "consent.eml", "eml", join("X-Whatever: 1\r\n", eml)},
		{"eml with line feeds", "consent.eml", "eml", bytes.ReplaceAll(eml, []byte("\r\n"), []byte("\n"))},
		{"eml with a long header", "consent.eml", "eml", join("X-Long: ", strings.Repeat("a b\r\n ", 2000), "c\r\n", eml)},
		{"eml from a sender in GB 2312", "consent.eml", "eml", replace(eml, "From: Ana", "From: =?gb2312?B?1cXI/Q==?=")},
		{"eml in UTF-8", "同意.eml", "eml", join(replace(eml, "We agree.", "我们同意。"))},
	}
	spool, _ := newSpool(t, 64<<20)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			upload, err := receive(t, spool, test.content, test.file, storage.Limits{Types: allTypes})
			if err != nil {
				p, _ := problem.As(err)
				t.Fatalf("refused: %v (%v)", err, p)
			}
			if upload.Type != test.typ || upload.ContentType != storage.ContentType(test.typ) {
				t.Fatalf("type %s, %s", upload.Type, upload.ContentType)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	pdf, jpeg, png := testdocs.PDF(1, 2), testdocs.JPEG(1, 300, 200), testdocs.PNG(1, 300, 200)
	eml := testdocs.EML(1, "Ana <ana@example.com>", "Consent", "We agree.")
	const (
		mismatch   = "file_name_type_mismatch"
		content    = "file_content_mismatch"
		notAllowed = "file_type_not_allowed"
		tooLarge   = "picture_too_large"
		heic       = "file_heic"
	)
	tests := []struct {
		name, file string
		content    []byte
		code       string
	}{
		{"nothing", "a.pdf", nil, "file_empty"},
		{"one byte", "a.pdf", []byte("%"), content},
		// Names.
		{"program", "a.exe", testdocs.EXE(1), notAllowed},
		{"web page", "a.html", []byte("<html>"), notAllowed},
		{"drawing", "a.svg", []byte("<svg/>"), notAllowed},
		{"archive", "a.zip", []byte(archive), notAllowed},
		{"photo in heic", "IMG_0001.HEIC", []byte(heicHead), heic},
		{"photo in heif", "a.heif", []byte("anything"), heic},
		{"heic named jpg", "IMG_0001.jpg", []byte(heicHead), heic},
		{"pdf named exe", "a.pdf.exe", pdf, notAllowed},
		{"pdf named exe with a dot", "a.pdf.exe. .", pdf, notAllowed},
		{"exe inside the name", "a.exe.pdf", pdf, mismatch},
		{"exe and spaces inside the name", "a.exe      .pdf", pdf, mismatch},
		{"no ending", "passport", pdf, mismatch},
		{"only an ending", ".pdf", pdf, mismatch},
		{"no name", "", pdf, mismatch},
		{"NUL before the ending", "a.exe\x00.pdf", pdf, mismatch},
		{"NUL hides the ending", "a.pdf\x00.exe", pdf, notAllowed},
		{"turned around", "invoice\u202efdp.exe", pdf, notAllowed},
		{"folders", "../../etc/passwd", pdf, mismatch},
		{"a folder with the right ending", `C:\a.pdf\b.exe`, pdf, notAllowed},
		// Name against content.
		{"pdf named png", "a.png", pdf, mismatch},
		{"png named jpg", "a.jpg", png, mismatch},
		{"jpeg named pdf", "a.pdf", jpeg, mismatch},
		{"eml named pdf", "a.pdf", eml, mismatch},
		{"pdf named eml", "a.eml", pdf, mismatch},
		{"Linux program named pdf", "a.pdf", testdocs.ELF(1), content},
		{"Windows program named pdf", "a.pdf", testdocs.EXE(1), content},
		{"Windows program named jpg", "a.jpg", testdocs.EXE(1), content},
		{"archive named pdf", "a.pdf", []byte(archive), content},
		{"web page named pdf", "a.pdf", []byte("<!DOCTYPE html><script>alert(1)</script>"), content},
		{"script named eml", "a.eml", []byte("#!/bin/sh\nrm -rf /\n"), content},
		{"web page named eml", "a.eml", []byte("<html>\nFrom: a@b.c\n"), content},
		// PDF.
		{"pdf not at the start", "a.pdf", join("GIF89a", pdf), content},
		{"pdf after a line", "a.pdf", join("\n", pdf), content},
		{"pdf after a mark", "a.pdf", join("\xef\xbb\xbf", pdf), content},
		{"pdf of no version", "a.pdf", replace(pdf, "%PDF-1.7", "%PDF-x.y"), content},
		{"half a pdf", "a.pdf", pdf[:len(pdf)/2], content},
		{"pdf without its last bytes", "a.pdf", pdf[:len(pdf)-4], content},
		{"pdf with an archive behind", "a.pdf", join(pdf, archive), content},
		{"pdf without a table", "a.pdf", []byte("%PDF-1.4\nstartxref\n0\n%%EOF"), content},
		{"pdf with a table outside", "a.pdf", []byte("%PDF-1.4\nstartxref\n99999\n%%EOF"), content},
		{"pdf with a table of nothing", "a.pdf", join("%PDF-1.4\n", strings.Repeat("x", 100), "\nstartxref\n50\n%%EOF"), content},
		// Pictures.
		{"half a jpeg", "a.jpg", jpeg[:len(jpeg)/2], content},
		{"jpeg without its end", "a.jpg", jpeg[:len(jpeg)-2], content},
		{"jpeg without its last byte", "a.jpg", jpeg[:len(jpeg)-1], content},
		{"head of a jpeg", "a.jpg", jpeg[:20], content},
		{"jpeg with a script behind", "a.jpg", join(jpeg, "<script>alert(1)</script>"), content},
		{"jpeg with a script behind zeros", "a.jpg", join(jpeg, "\x00\x00\n<?php system($_GET[0]); ?>"), content},
		{"jpeg with an archive behind", "a.jpg", join(jpeg, archive), content},
		{"jpeg with a program behind", "a.jpg", join(jpeg, testdocs.ELF(1)), content},
		{"jpeg with a pdf inside", "a.jpg", join(jpeg[:2], "\xff\xfe\x00\x0a%PDF-1.7", jpeg[2:]), mismatch},
		{"jpeg of too many pixels", "a.jpg", jpegOfSize(65000, 65000), tooLarge},
		{"jpeg without a size", "a.jpg", jpegOfSize(0, 10), content},
		{"half a png", "a.png", png[:len(png)/2], content},
		{"png without its end", "a.png", png[:len(png)-12], content},
		{"png without its last byte", "a.png", png[:len(png)-1], content},
		{"png without a picture", "a.png", join(png[:33], png[len(png)-12:]), content},
		{"png with a changed byte", "a.png", join(png[:60], []byte{png[60] ^ 1}, png[61:]), content},
		{"png with an archive behind", "a.png", join(png, archive), content},
		{"png one pixel row too large", "a.png", pngOfSize(5000, 5001), tooLarge},
		{"png of too many pixels", "a.png", pngOfSize(100_000, 100_000), tooLarge},
		{"png of more pixels than can be counted", "a.png", pngOfSize(1<<31-1, 1<<31-1), content},
		{"png with a pdf inside", "a.png", join(png[:33], "\x00\x00\x00\x08tEXt%PDF-1.7\x00\x00\x00\x00", png[33:]), mismatch},
		// Mail.
		{"eml without a sender", "a.eml", replace(eml, "From: ", "X-From: "), content},
		{"eml with a bad sender", "a.eml", replace(eml, "Ana <ana@example.com>", "nobody"), content},
		{"eml without a date", "a.eml", replace(eml, "Date: ", "X-Date: "), content},
		{"eml with a bad date", "a.eml", replace(eml, "Fri, 01 Mar 2024", "Fri, 41 Mar 2024"), content},
		{"eml of the future", "a.eml", replace(eml, "Mar 2024", "Mar 2094"), content},
		{"eml of long ago", "a.eml", replace(eml, "Mar 2024", "Mar 1970"), content},
		{"eml with a program inside", "a.eml", join(eml, strings.Repeat("text\r\n", 1000), testdocs.ELF(1)), content},
		{"eml with an endless header", "a.eml", join("From: a@b.c\r\nX: ", strings.Repeat("a b\r\n ", 60_000)), content},
	}
	spool, dir := newSpool(t, 64<<20)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			kind := problem.Invalid
			switch test.code {
			case notAllowed, heic:
				kind = problem.UnsupportedType
			case tooLarge:
				kind = problem.TooLarge
			}
			_, err := receive(t, spool, test.content, test.file, storage.Limits{Types: allTypes})
			wantProblem(t, err, kind, test.code)
			if spool.Used() != 0 {
				t.Errorf("%d bytes are still used", spool.Used())
			}
		})
	}
	isEmpty(t, dir)
}

// TestLockedPDF: a PDF that takes a password to open is refused, and one that is locked against changes alone is not,
// in every way in which PDFs are locked. The files of either kind were made by qpdf, which knows nothing of this.
func TestLockedPDF(t *testing.T) {
	spool, _ := newSpool(t, 1<<20)
	files, err := filepath.Glob("testdata/locked/*.pdf")
	if err != nil || len(files) != 16 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			upload, err := receive(t, spool, content, "statement.pdf", storage.Limits{Types: allTypes})
			if strings.HasSuffix(file, "-secret.pdf") {
				wantProblem(t, err, problem.Invalid, "file_locked")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			upload.Discard()
		})
	}
}

// TestLockBehindPieces: an object whose number ends like that of the lock, across two of the pieces in which the lock is looked for,
// is not taken for it.
func TestLockBehindPieces(t *testing.T) {
	content, err := os.ReadFile("testdata/locked/r3-open.pdf")
	if err != nil {
		t.Fatal(err)
	}
	lock := regexp.MustCompile(`/Encrypt (\d+) 0 R`).FindSubmatch(content)[1]
	head := bytes.IndexByte(content, '\n') + 1
	const piece = 32 << 10
	pad := "%" + strings.Repeat("x", piece-head-3) + "\n1" + string(lock) + " 0 obj\n<< >>\nendobj\n%" + strings.Repeat("x", piece) + "\n"
	if at := head + strings.Index(pad, string(lock)+" 0 obj"); at != piece {
		t.Fatalf("the number stands at %d", at)
	}
	start := regexp.MustCompile(`startxref\s+(\d+)`).FindSubmatchIndex(content)
	table, err := strconv.Atoi(string(content[start[2]:start[3]]))
	if err != nil {
		t.Fatal(err)
	}
	padded := join(content[:head], pad, content[head:start[2]], strconv.Itoa(table+len(pad)), content[start[3]:])
	spool, _ := newSpool(t, 1<<20)
	upload, err := receive(t, spool, padded, "statement.pdf", storage.Limits{Types: allTypes})
	if err != nil {
		t.Fatal(err)
	}
	upload.Discard()
}

// TestMaterialLimits: what one material takes another may not.
func TestMaterialLimits(t *testing.T) {
	spool, _ := newSpool(t, 1<<20)
	onlyPDF := storage.Limits{Types: []string{"pdf"}}
	_, err := receive(t, spool, testdocs.PNG(1, 9, 9), "a.png", onlyPDF)
	wantProblem(t, err, problem.UnsupportedType, "file_type_not_allowed")
	if p, _ := problem.As(err); !strings.Contains(p.Detail, "Send a PDF file.") {
		t.Errorf("does not say what is accepted: %s", p.Detail)
	}
	_, err = receive(t, spool, testdocs.PNG(1, 9, 9), "a.pdf", onlyPDF)
	wantProblem(t, err, problem.UnsupportedType, "file_type_not_allowed")
	_, err = receive(t, spool, testdocs.PDF(1, 1), "a.pdf", storage.Limits{})
	wantProblem(t, err, problem.UnsupportedType, "file_type_not_allowed")
}

func TestMailDateByClock(t *testing.T) {
	eml := testdocs.EML(1, "ana@example.com", "Consent")
	for now, accepted := range map[time.Time]bool{
		time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC):  true, // clocks differ a little
		time.Date(2024, 2, 20, 0, 0, 0, 0, time.UTC): false,
	} {
		spool, err := storage.NewSpool(t.TempDir(), 1<<20, storage.WithClock(func() time.Time { return now }))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = receive(t, spool, eml, "a.eml", storage.Limits{Types: allTypes}); (err == nil) != accepted {
			t.Errorf("at %s: %v", now, err)
		}
	}
}

// FuzzReceive looks for content that the inspection cannot cope with: it must
// accept or refuse with a problem, whatever is sent.
func FuzzReceive(f *testing.F) {
	for _, name := range []string{"a.pdf", "a.jpg", "a.png", "a.eml"} {
		for _, content := range [][]byte{
			testdocs.PDF(1, 1), testdocs.JPEG(1, 20, 20), testdocs.PNG(1, 20, 20), testdocs.EML(1, "a@b.c", "x"), testdocs.ELF(1),
			[]byte("\xff\xd8\xff\xff\xff\xff"), []byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xff"),
		} {
			f.Add(name, content)
		}
	}
	spool, err := storage.NewSpool(f.TempDir(), 64<<20)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		upload, err := spool.Receive(t.Context(), bytes.NewReader(content), name, storage.Limits{Types: allTypes, MaxSize: 1 << 20})
		if err == nil {
			upload.Discard()
		} else if _, ok := problem.As(err); !ok {
			t.Fatalf("not a problem: %v", err)
		}
		if spool.Used() != 0 {
			t.Fatalf("%d bytes are still used", spool.Used())
		}
	})
}

package storage

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

const scanBuffer = 32 << 10

// errPixels is a picture above MaxPixels.
type errPixels struct{ width, height int }

func (e *errPixels) Error() string { return "too many pixels" }

func checkPixels(config image.Config) error {
	if config.Width < 1 || config.Height < 1 {
		return unsound("the picture has no size")
	}
	if int64(config.Width)*int64(config.Height) > MaxPixels {
		return &errPixels{config.Width, config.Height}
	}
	return nil
}

// checkJPEG walks the segments of a JPEG up to the end of the image.
func checkJPEG(file io.ReaderAt, size int64) error {
	config, err := jpeg.DecodeConfig(io.NewSectionReader(file, 0, size))
	if err != nil {
		return unsound("it is not a JPEG that browsers can show")
	}
	if err := checkPixels(config); err != nil {
		return err
	}
	s := jpegScan{r: bufio.NewReaderSize(io.NewSectionReader(file, 0, size), scanBuffer)}
	if _, err := s.r.Discard(2); err != nil {
		return cutShort(err)
	}
	for !s.ended {
		if err := s.segment(); err != nil {
			return cutShort(err)
		}
	}
	return checkTrailing(s.r)
}

// Markers of a JPEG: ITU T.81, table B.1.
const (
	jpegTEM  = 0x01
	jpegSOF0 = 0xC0
	jpegDHT  = 0xC4
	jpegJPG  = 0xC8
	jpegDAC  = 0xCC
	jpegSOF  = 0xCF // the last
	jpegRST0 = 0xD0
	jpegRST7 = 0xD7
	jpegSOI  = 0xD8
	jpegEOI  = 0xD9
	jpegSOS  = 0xDA
)

type jpegScan struct {
	r       *bufio.Reader
	pending byte // a marker found at the end of coded data
	frames  int
	scans   int
	ended   bool
}

func (s *jpegScan) segment() error {
	marker, err := s.marker()
	if err != nil {
		return err
	}
	switch {
	case marker == jpegEOI:
		s.ended = true
		if s.frames == 0 || s.scans == 0 {
			return unsound("the JPEG holds no picture")
		}
		return nil
	case marker == jpegTEM, marker >= jpegRST0 && marker <= jpegRST7:
		return nil
	case marker == 0, marker == jpegSOI:
		return unsound("the JPEG's parts are out of order")
	case marker >= jpegSOF0 && marker <= jpegSOF && marker != jpegDHT && marker != jpegJPG && marker != jpegDAC:
		if s.frames++; s.frames > 1 {
			return unsound("the JPEG holds two pictures in one")
		}
	}
	var length [2]byte
	if _, err := io.ReadFull(s.r, length[:]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(length[:]))
	if n < 2 {
		return unsound("a part of the JPEG has no length")
	}
	if _, err := s.r.Discard(n - 2); err != nil {
		return err
	}
	if marker != jpegSOS {
		return nil
	}
	s.scans++
	return s.codedData()
}

func (s *jpegScan) marker() (byte, error) {
	if marker := s.pending; marker != 0 {
		s.pending = 0
		return marker, nil
	}
	if b, err := s.r.ReadByte(); err != nil || b != 0xFF {
		return 0, errors.Join(err, unsound("the JPEG's parts do not follow each other"))
	}
	for {
		b, err := s.r.ReadByte()
		if err != nil || b != 0xFF { // any number of 0xFF may fill up
			return b, err
		}
	}
}

// codedData skips to the next marker that is not part of the coded data.
func (s *jpegScan) codedData() error {
	for {
		_, err := s.r.ReadSlice(0xFF)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return err
		}
		b := byte(0xFF)
		for b == 0xFF {
			if b, err = s.r.ReadByte(); err != nil {
				return err
			}
		}
		if b != 0 && (b < jpegRST0 || b > jpegRST7) {
			s.pending = b
			return nil
		}
	}
}

const pngSignature = "\x89PNG\r\n\x1a\n"

// checkPNG walks the chunks of a PNG and their check sums up to its end.
func checkPNG(file io.ReaderAt, size int64) error {
	config, err := png.DecodeConfig(io.NewSectionReader(file, 0, size))
	if err != nil {
		return unsound("it is not a PNG that browsers can show")
	}
	if err := checkPixels(config); err != nil {
		return err
	}
	r := bufio.NewReaderSize(io.NewSectionReader(file, 0, size), scanBuffer)
	if _, err := r.Discard(len(pngSignature)); err != nil {
		return cutShort(err)
	}
	data := false
	for {
		kind, err := pngChunk(r)
		if err != nil {
			return cutShort(err)
		}
		switch kind {
		case "IDAT":
			data = true
		case "IEND":
			if !data {
				return unsound("the PNG holds no picture")
			}
			return checkTrailing(r)
		}
	}
}

func pngChunk(r *bufio.Reader) (string, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	length := int64(binary.BigEndian.Uint32(head[:4]))
	sum := crc32.NewIEEE()
	sum.Write(head[4:])
	if _, err := io.CopyN(sum, r, length); err != nil {
		return "", err
	}
	var want [4]byte
	if _, err := io.ReadFull(r, want[:]); err != nil {
		return "", err
	}
	if sum.Sum32() != binary.BigEndian.Uint32(want[:]) {
		return "", unsound("a part of the PNG was changed on the way")
	}
	return string(head[4:]), nil
}

// cutShort words the end of a file in the middle of its structure.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return unsound("the end of the picture is missing; perhaps it was not copied completely")
	}
	return err
}

// checkTrailing looks at what follows the end of a picture. Cameras append a
// preview, a short film or notes of their own; archives, pages, programs and
// scripts are appended to deceive.
func checkTrailing(r *bufio.Reader) error {
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.IndexByte("\x00\t\n\r ", b) < 0 {
			break
		}
	}
	if err := r.UnreadByte(); err != nil {
		return err
	}
	rest, err := r.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	m := mimetype.Detect(rest)
	kind := m.String()
	if m.Is("application/octet-stream") || strings.HasPrefix(kind, "image/jpeg") || strings.HasPrefix(kind, "video/") {
		return nil
	}
	return unsound("something else follows the picture")
}

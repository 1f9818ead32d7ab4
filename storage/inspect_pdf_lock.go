package storage

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // what PDF makes its keys with
	"crypto/rc4" //nolint:gosec // what PDF proves passwords with
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// errLocked is a PDF that opens with a password alone: nobody here has it.
type errLocked struct{}

func (errLocked) Error() string { return "the PDF opens only with a password" }

// lockWindow is how much is read of the end of a PDF, of its table, and of what says how it is locked.
const lockWindow = 16 << 10

var (
	pdfEncrypt = regexp.MustCompile(`/Encrypt\s+([0-9]{1,10})\s+([0-9]{1,5})\s+R`)
	pdfID      = regexp.MustCompile(`/ID\s*\[\s*`)
	// Keys in the dictionary that says how a PDF is locked, and the number after each.
	pdfNumber = regexp.MustCompile(`/(R|P|Length)\s+(-?[0-9]{1,10})`)
	pdfPlain  = regexp.MustCompile(`/EncryptMetadata\s+false`)
	pdfFilter = regexp.MustCompile(`/Filter\s*/Standard\b`)
)

// checkUnlocked refuses a PDF that takes a password to open. Banks lock what they send against changes alone: such a
// document opens for everybody, and is as good as any other. table is where the PDF's table of contents is. What
// this doesn't understand passes: it is for people to look at.
func checkUnlocked(file io.ReaderAt, size, table int64) error {
	end, err := readPiece(file, size, size-lockWindow, lockWindow)
	if err != nil {
		return err
	}
	begin, err := readPiece(file, size, table, lockWindow)
	if err != nil {
		return err
	}
	trailer := bytes.Join([][]byte{begin, end}, []byte("\n"))
	at := pdfEncrypt.FindSubmatch(trailer)
	if at == nil {
		return nil
	}
	lock, err := findObject(file, size, string(at[1]), string(at[2]))
	if err != nil || lock == nil {
		return err
	}
	if !pdfFilter.Match(lock) {
		return errLocked{}
	}
	l, ok := readLock(lock, trailer)
	if ok && !l.opens() {
		return errLocked{}
	}
	return nil
}

// findObject gives the beginning of an object of a PDF, nil if it isn't there as it stands.
func findObject(file io.ReaderAt, size int64, number, generation string) ([]byte, error) {
	head, err := regexp.Compile(`[\s>]` + number + `\s+` + generation + `\s+obj\b`)
	if err != nil {
		return nil, fmt.Errorf("storage: an object of a PDF: %w", err)
	}
	const overlap = 64
	for offset := int64(0); offset < size; offset += scanBuffer {
		begin := max(offset-1, 0) // with what stands before: the number may be the end of a longer one
		piece, err := readPiece(file, size, begin, scanBuffer+overlap)
		if err != nil {
			return nil, err
		}
		if found := head.FindIndex(piece); found != nil {
			return readPiece(file, size, begin+int64(found[1]), lockWindow)
		}
	}
	return nil, nil
}

// pdfLock is what proves a password of a PDF: ISO 32000-2, 7.6.4.
type pdfLock struct {
	revision, permissions, length int64
	owner, user, id               []byte
	plainMetadata                 bool
}

// readLock reads the dictionary of a lock, which ends where the object does.
func readLock(dictionary, trailer []byte) (pdfLock, bool) {
	dictionary, _, _ = bytes.Cut(dictionary, []byte("endobj"))
	l := pdfLock{length: 40, plainMetadata: pdfPlain.Match(dictionary)}
	l.owner, l.user = stringAfter(dictionary, "/O"), stringAfter(dictionary, "/U")
	for _, n := range pdfNumber.FindAllSubmatch(dictionary, -1) {
		value, err := strconv.ParseInt(string(n[2]), 10, 64)
		if err != nil {
			return l, false
		}
		switch string(n[1]) {
		case "R":
			l.revision = value
		case "P":
			l.permissions = value
		case "Length":
			l.length = max(l.length, value) // a filter has one of its own, in bytes
		}
	}
	if at := pdfID.FindIndex(trailer); at != nil {
		l.id = pdfString(trailer[at[1]:])
	}
	enough := 32
	if l.revision >= 5 {
		enough = 48
	}
	return l, l.revision >= 2 && l.revision <= 6 && len(l.owner) >= enough && len(l.user) >= enough && l.length <= 256
}

// stringAfter finds the string that a key of a dictionary holds.
func stringAfter(dictionary []byte, key string) []byte {
	for rest := dictionary; ; {
		at := bytes.Index(rest, []byte(key))
		if at < 0 {
			return nil
		}
		rest = bytes.TrimLeft(rest[at+len(key):], "\x00\t\n\f\r ")
		if len(rest) > 1 && (rest[0] == '(' || rest[0] == '<' && rest[1] != '<') {
			return pdfString(rest)
		}
	}
}

// pdfString reads a string of a PDF, written in letters or in hexadecimal digits.
func pdfString(at []byte) []byte {
	if len(at) > 0 && at[0] == '<' {
		end := bytes.IndexByte(at, '>')
		if end < 0 {
			return nil
		}
		digits := bytes.Join(bytes.Fields(at[1:end]), nil)
		if len(digits)%2 == 1 {
			digits = append(digits, '0')
		}
		out, err := hex.DecodeString(string(digits))
		if err != nil {
			return nil
		}
		return out
	}
	if len(at) == 0 || at[0] != '(' {
		return nil
	}
	return literal(at[1:])
}

// literal reads a string up to the bracket that closes it.
func literal(at []byte) []byte {
	out, depth := []byte{}, 1
	for i := 0; i < len(at); i++ {
		switch c := at[i]; {
		case c == '\\' && i+1 < len(at):
			i++
			i += escaped(at[i:], &out)
			continue
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return out
			}
		}
		out = append(out, at[i])
	}
	return nil
}

// escaped adds what stands after a backslash, and says how many bytes it takes beyond the first.
func escaped(at []byte, out *[]byte) int {
	plain := map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f'}
	if c, ok := plain[at[0]]; ok {
		*out = append(*out, c)
		return 0
	}
	digits := 0
	for digits < 3 && digits < len(at) && at[digits] >= '0' && at[digits] <= '7' {
		digits++
	}
	switch value, err := strconv.ParseUint(string(at[:digits]), 8, 16); {
	case err == nil:
		*out = append(*out, byte(value)) //nolint:gosec // what is above a byte is ignored, as readers do
		return digits - 1
	case at[0] == '\r' && len(at) > 1 && at[1] == '\n': // the string goes on in the next line
		return 1
	case at[0] == '\r' || at[0] == '\n':
		return 0
	}
	*out = append(*out, at[0])
	return 0
}

// padding stands for a password that is shorter than 32 bytes.
const padding = "\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a"

// opens says whether the PDF opens without a password.
func (l pdfLock) opens() bool {
	switch l.revision {
	case 5:
		sum := sha256.Sum256(l.user[32:40])
		return bytes.Equal(sum[:], l.user[:32])
	case 6:
		return bytes.Equal(hardened(l.user[32:40]), l.user[:32])
	case 2:
		return bytes.Equal(rc4With(l.key(5), 0, []byte(padding)), l.user[:32])
	}
	n := int(min(l.length/8, 16))
	if l.revision == 4 {
		n = 16
	}
	sum := md5.Sum(append([]byte(padding), l.id...)) //nolint:gosec // as the format says
	proof, key := sum[:], l.key(n)
	for round := range byte(20) {
		proof = rc4With(key, round, proof)
	}
	return bytes.Equal(proof, l.user[:16])
}

// key is the one that an empty password gives: algorithm 2 of the standard.
func (l pdfLock) key(n int) []byte {
	text := append([]byte(padding), l.owner[:32]...)
	text = binary.LittleEndian.AppendUint32(text, uint32(l.permissions)) //nolint:gosec // the lower 32 bits are meant
	text = append(text, l.id...)
	if l.revision >= 4 && l.plainMetadata {
		text = append(text, 0xff, 0xff, 0xff, 0xff)
	}
	sum := md5.Sum(text) //nolint:gosec // as the format says
	if l.revision >= 3 {
		for range 50 {
			sum = md5.Sum(sum[:n]) //nolint:gosec // as the format says
		}
	}
	return sum[:n]
}

// rc4With encrypts with a key whose bytes are changed for a round.
func rc4With(key []byte, round byte, text []byte) []byte {
	changed := make([]byte, len(key))
	for i, b := range key {
		changed[i] = b ^ round
	}
	c, err := rc4.NewCipher(changed) //nolint:gosec // as the format says
	if err != nil {
		return nil
	}
	out := make([]byte, len(text))
	c.XORKeyStream(out, text)
	return out
}

// hardened is the hash of an empty password with a salt: algorithm 2.B of the standard.
func hardened(salt []byte) []byte {
	sum := sha256.Sum256(salt)
	k := sum[:]
	for round := 0; ; round++ {
		e := bytes.Repeat(k, 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(e, e)
		rest := 0
		for _, b := range e[:16] {
			rest += int(b)
		}
		switch rest % 3 { // a number of 16 bytes has the same rest as their sum
		case 0:
			next := sha256.Sum256(e)
			k = next[:]
		case 1:
			next := sha512.Sum384(e)
			k = next[:]
		default:
			next := sha512.Sum512(e)
			k = next[:]
		}
		if round >= 63 && int(e[len(e)-1]) <= round-31 {
			return k[:32]
		}
	}
}

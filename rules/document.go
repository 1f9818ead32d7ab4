package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	maxFileSize = 1 << 20 // a policy of 200 scenarios takes a tenth
	maxNesting  = 40
)

// document is one YAML file being read, with the faults found so far in all
// files of its policy.
type document struct {
	file   string
	lines  []string
	faults *Faults
}

// at is a place in a document.
type at struct {
	doc          *document
	line, column int
}

func (d *document) at(n *yaml.Node) at { return at{d, n.Line, n.Column} }

// fault records what is wrong at the place.
func (p at) fault(code, hint, format string, args ...any) {
	*p.doc.faults = append(*p.doc.faults, Fault{
		File: p.doc.file, Line: p.line, Column: p.column, Code: code, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

func (d *document) fault(n *yaml.Node, code, hint, format string, args ...any) {
	d.at(n).fault(code, hint, format, args...)
}

// parseDocument reads the YAML of one file and checks what holds for every node.
// The result is nil when the file cannot be read at all.
func parseDocument(file string, data []byte, faults *Faults) (*document, *yaml.Node) {
	d := &document{file: file, faults: faults}
	start := at{d, 1, 1}
	switch {
	case len(data) > maxFileSize:
		start.fault("file_too_large", "", "the file has %d bytes, at most %d are read", len(data), maxFileSize)
		return d, nil
	case !utf8.Valid(data):
		start.fault("not_utf8", "save the file as UTF-8", "the file is not valid UTF-8")
		return d, nil
	}
	d.lines = strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	if err := decoder.Decode(&root); err != nil {
		d.syntaxFault(err)
		return d, nil
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		d.fault(&second, "several_documents", "remove the line ---", "a file holds one document")
	} else if !errors.Is(err, io.EOF) {
		d.syntaxFault(err)
		return d, nil
	}
	if len(root.Content) != 1 {
		start.fault("empty_file", "", "the file is empty")
		return d, nil
	}
	d.checkNode(root.Content[0], 0)
	return d, root.Content[0]
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// syntaxFault reports what the YAML parser refused; it gives a line at most.
func (d *document) syntaxFault(err error) {
	place, message := at{d, 1, 1}, err.Error()
	if errors.Is(err, io.EOF) {
		place.fault("empty_file", "", "the file is empty")
		return
	}
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		if line, err := strconv.Atoi(m[1]); err == nil {
			place.line = line
		}
		message = m[2]
	}
	place.fault("yaml_syntax", "put texts with : # , [ ] { } in quotes or in a block (|)", "this is not YAML: %s", message)
}

// checkNode refuses what a policy never needs and authors never mean.
func (d *document) checkNode(n *yaml.Node, depth int) {
	switch {
	case depth > maxNesting:
		d.fault(n, "too_deep", "", "this nests deeper than %d", maxNesting)
		return
	case n.Kind == yaml.AliasNode:
		d.fault(n, "alias", "write the value out, or give a condition a name under named", "aliases are not allowed")
		return
	case n.Anchor != "":
		d.fault(n, "anchor", "write the value out, or give a condition a name under named", "anchors are not allowed")
	case n.Style&yaml.TaggedStyle != 0 || d.byteAt(n.Line, n.Column) == '!':
		d.fault(n, "tag", "write not instead of !", "YAML reads a leading ! as a tag, so the ! would be lost")
	}
	if n.Kind == yaml.MappingNode {
		d.checkKeys(n)
	}
	for _, child := range n.Content {
		d.checkNode(child, depth+1)
	}
}

// checkKeys refuses keys that are not plain strings and keys given twice, which
// it takes out: the first stays.
func (d *document) checkKeys(n *yaml.Node) {
	seen := map[string]int{}
	kept := n.Content[:0]
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch line, twice := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			d.fault(key, "bad_key", "", "a key must be a word")
			continue
		case key.Tag == "!!merge":
			d.fault(key, "merge_key", "write the keys out", "merging with << is not allowed")
			continue
		case twice:
			d.fault(key, "duplicate_key", "", "%q stands here a second time; it is in line %d already", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		kept = append(kept, key, value)
	}
	n.Content = kept
}

// byteAt is the character at a place, if it is ASCII.
func (d *document) byteAt(line, column int) byte {
	if line < 1 || line > len(d.lines) {
		return 0
	}
	rest := d.lines[line-1]
	for ; column > 1 && rest != ""; column-- {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	if rest == "" {
		return 0
	}
	return rest[0]
}

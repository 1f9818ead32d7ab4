package web

import "strings"

const (
	darkTheme = "[data-bs-theme=dark]"
	autoTheme = "[data-bs-theme=auto]"
)

// withAutoTheme repeats every rule of the dark theme for readers who chose no theme
// and whose system is dark. So a page needs no script to be dark, and is never light
// first. The copy follows its rule, so that the order of rules stays.
func withAutoTheme(css string) string {
	var out strings.Builder
	out.Grow(len(css) + len(css)/50)
	writeRules(&out, css)
	return out.String()
}

// writeRules writes rules one by one; those inside @media and the like, too.
func writeRules(out *strings.Builder, css string) {
	for css != "" {
		open := indexOutside(css, '{')
		if open < 0 {
			out.WriteString(css)
			return
		}
		end := open + 1 + blockLength(css[open+1:])
		prelude, body := css[:open], css[open+1:end]
		// A statement such as @charset may stand before the rule's selectors.
		if at := strings.LastIndexByte(prelude, ';'); at >= 0 && !strings.Contains(prelude[at:], ")") {
			out.WriteString(prelude[:at+1])
			prelude = prelude[at+1:]
		}
		writeRule(out, prelude, body)
		css = css[min(end+1, len(css)):]
	}
}

func writeRule(out *strings.Builder, prelude, body string) {
	out.WriteString(prelude)
	out.WriteByte('{')
	if holdsRules(prelude) {
		writeRules(out, body)
		out.WriteByte('}')
		return
	}
	out.WriteString(body)
	out.WriteByte('}')
	if selectors := autoSelectors(prelude); selectors != "" {
		out.WriteString("@media(prefers-color-scheme:dark){" + selectors + "{" + body + "}}")
	}
}

func holdsRules(prelude string) bool {
	at := strings.TrimSpace(prelude)
	return strings.HasPrefix(at, "@media") || strings.HasPrefix(at, "@supports") || strings.HasPrefix(at, "@layer")
}

// autoSelectors are those of the selectors that begin at the dark page itself.
func autoSelectors(prelude string) string {
	if !strings.Contains(prelude, darkTheme) || strings.HasPrefix(strings.TrimSpace(prelude), "@") {
		return ""
	}
	var auto []string
	for selector := range strings.SplitSeq(prelude, ",") {
		s := strings.TrimSpace(selector)
		if strings.HasPrefix(s, darkTheme) || strings.HasPrefix(s, ":root"+darkTheme) {
			auto = append(auto, strings.Replace(s, darkTheme, autoTheme, 1))
		}
	}
	return strings.Join(auto, ",")
}

// blockLength is the length of what stands before the brace that closes a block.
func blockLength(css string) int {
	depth, at := 1, 0
	for at < len(css) {
		next := indexOutside(css[at:], '{', '}')
		if next < 0 {
			return len(css)
		}
		at += next
		if css[at] == '{' {
			depth++
		} else if depth--; depth == 0 {
			return at
		}
		at++
	}
	return len(css)
}

// indexOutside finds the first of some characters outside strings and comments.
func indexOutside(css string, wanted ...byte) int {
	for i := 0; i < len(css); i++ {
		switch c := css[i]; {
		case c == '"' || c == '\'':
			i += stringLength(css[i:]) - 1
		case c == '/' && strings.HasPrefix(css[i:], "/*"):
			end := strings.Index(css[i+2:], "*/")
			if end < 0 {
				return -1
			}
			i += end + 3
		case strings.IndexByte(string(wanted), c) >= 0:
			return i
		}
	}
	return -1
}

func stringLength(css string) int {
	for i := 1; i < len(css); i++ {
		switch css[i] {
		case '\\':
			i++
		case css[0]:
			return i + 1
		}
	}
	return len(css)
}

package rules

import (
	"encoding/binary"
	"strconv"
	"sync"
)

// mostDecided bounds how many decisions a policy keeps; each is some kilobytes.
const mostDecided = 512

// decided are decisions that were made before. The same few hundred answers come again
// and again, since a policy divides people into few kinds, and of everybody's answers the
// first ones are the same. When it is full one makes room by chance: whoever tries many
// answers makes others' decisions slower, as slow as they are without it.
type decided struct {
	mu    sync.RWMutex
	known map[string]Decision
}

func (c *decided) get(key []byte) (Decision, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	d, ok := c.known[string(key)]
	return d, ok
}

func (c *decided) put(key []byte, d Decision) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = make(map[string]Decision)
	}
	for other := range c.known {
		if len(c.known) < mostDecided {
			break
		}
		delete(c.known, other)
	}
	c.known[string(key)] = d
}

// appendKey writes answers so that two are written alike when every decision on them is
// alike, reasons included. It says false of answers that are not kept: free text may be
// somebody's own, and never comes twice.
func (p *Policy) appendKey(key []byte, a Answers) ([]byte, bool) {
	key = append(key, a.levels...)
	for i, v := range a.values {
		if v != nil && p.facts[i].Type == FactText {
			return nil, false
		}
		switch v := v.(type) {
		case nil:
			key = append(key, 'n')
		case bool:
			key = strconv.AppendBool(key, v)
		case int64:
			key = strconv.AppendInt(append(key, 'i'), v, 10)
		case string:
			key = appendPart(append(key, 's'), v)
		case []string:
			key = binary.AppendUvarint(append(key, 'l'), uint64(len(v)))
			for _, s := range v {
				key = appendPart(key, s)
			}
		default:
			return nil, false
		}
	}
	return key, true
}

// appendPart writes a text after its length.
func appendPart(key []byte, s string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(s))), s...)
}

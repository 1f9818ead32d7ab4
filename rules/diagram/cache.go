package diagram

// cache remembers results of operations. It forgets when two operations fall on one place: only time is lost.
type cache struct {
	entries []entry
	used    int
}

type entry struct {
	op         op
	f, g, h, r Node
}

type op uint8

const (
	opNone op = iota
	opITE
	opRestrict
	opForall
)

const (
	firstCache = 1 << 8
	lastCache  = 1 << 18
)

func newCache() cache { return cache{entries: make([]entry, firstCache)} }

func (c *cache) place(o op, f, g, h Node) *entry {
	x := uint64(uint32(f))*0x9E3779B97F4A7C15 ^ uint64(uint32(g))*0xC2B2AE3D27D4EB4F ^ uint64(uint32(h))*0x165667B19E3779F9 ^ uint64(o)
	x ^= x >> 29
	x *= 0xFF51AFD7ED558CCD
	return &c.entries[x>>32&uint64(len(c.entries)-1)]
}

func (c *cache) get(o op, f, g, h Node) (Node, bool) {
	e := c.place(o, f, g, h)
	return e.r, e.op == o && e.f == f && e.g == g && e.h == h
}

func (c *cache) put(o op, f, g, h, r Node) {
	if c.used++; c.used > 2*len(c.entries) && len(c.entries) < lastCache {
		c.grow()
	}
	*c.place(o, f, g, h) = entry{o, f, g, h, r}
}

func (c *cache) grow() {
	old := c.entries
	c.entries, c.used = make([]entry, 4*len(old)), 0
	for _, e := range old {
		if e.op != opNone {
			*c.place(e.op, e.f, e.g, e.h) = e
		}
	}
}

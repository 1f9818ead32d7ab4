package regaintest

import (
	"fmt"
	"slices"
	"time"

	"regain/internal/testdocs"
)

// Document makes a file of one of the types that a document's description lists,
// another for each seed.
func Document(spec Object, seed uint64) (name string, content []byte) {
	types, _ := spec["types"].([]any)
	switch types[seed%uint64(len(types))] {
	case "jpeg":
		return fmt.Sprintf("IMG_%04d.JPG", seed), testdocs.JPEG(seed, 160, 120)
	case "png":
		return fmt.Sprintf("scan %d.png", seed), testdocs.PNG(seed, 96, 64)
	case "eml":
		return fmt.Sprintf("consent-%d.eml", seed), testdocs.EML(seed, "Partner <consent@partner.example>", "We agree", "We agree to the request.")
	default:
		return fmt.Sprintf("document-%d.pdf", seed), testdocs.PDF(seed, 2, "Generated for a test", fmt.Sprint(seed))
	}
}

// Statement answers the fields of an item that is a statement, by their types; the
// mark is in every text.
func Statement(item Object, mark string) Object {
	out := Object{}
	for _, f := range item.List("fields") {
		out[f.Text("id")] = field(f.Text("type"), mark)
	}
	return out
}

func field(kind, mark string) any {
	switch kind {
	case "phone":
		return "+86 138 0013 8000"
	case "email":
		return mark + "@registered.example"
	case "date":
		return time.Now().AddDate(0, -1, 0).Format(time.DateOnly)
	case "country":
		return "CN"
	case "integer":
		return 12
	case "bool":
		return true
	case "bank_account":
		return "6222 0200 0000 0000 003"
	case "address":
		return Object{"line": "1 Road " + mark, "city": "Shenzhen", "region": "Guangdong", "postal_code": "518000", "country": "CN"}
	default:
		return "示例 & Söhne " + mark
	}
}

// Acceptance is how a reviewer accepts an item, as staff see it: with the checks of
// the preferred way confirmed, and read off what must be.
func Acceptance(item Object) Object {
	staff, readOff := item.Sub("staff"), Object{}
	for _, v := range staff.List("read_off") {
		if v.Text("type") == "date" {
			readOff[v.Text("id")] = time.Now().AddDate(0, -1, 0).Format(time.DateOnly)
		}
	}
	return Object{"verdict": "accepted", "checks": preferred(staff.List("checks")), "read_off": readOff}
}

// preferred lists the ids of the checks that fulfil a tree in the preferred way.
func preferred(nodes []Object) []string {
	ids := []string{}
	for _, n := range nodes {
		children := n.List("children")
		switch n.Text("kind") {
		case "check":
			ids = append(ids, n.Text("id"))
		case "prefer", "any_of":
			ids = append(ids, preferred(children[:1])...)
		default:
			ids = append(ids, preferred(children)...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

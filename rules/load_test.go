package rules

import (
	"os"
	"testing"
)

func TestLoadX(t *testing.T) {
	for _, x := range [][2]string{{"..", "rules.yaml"}, {"testdata", "domains.yaml"}} {
		b, err := ReadBundle(os.DirFS(x[0]), x[1])
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(b)
		if err != nil {
			t.Error(err)
			continue
		}
		t.Log(p.ID(), p.Combinations())
	}
}

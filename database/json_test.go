package database_test

import (
	"encoding/json"
	"errors"
	"testing"

	"regain/database"
)

func TestJSONColumn(t *testing.T) {
	type nested struct{ Name string }
	var column database.JSON[nested]
	for _, c := range []struct {
		src  any
		want string
		fail bool
	}{
		{[]byte(`{"Name":"a"}`), "a", false}, {`{"Name":"b"}`, "b", false}, {nil, "", false}, {"{", "", true}, {7, "", true},
	} {
		column.V.Name = "before"
		err := column.Scan(c.src)
		if (err != nil) != c.fail {
			t.Errorf("%v: %v", c.src, err)
		}
		if err == nil && column.V.Name != c.want {
			t.Errorf("%v: %q, want %q", c.src, column.V.Name, c.want)
		}
	}
	shown, err := json.Marshal(database.NewJSON(nested{"x"}))
	if err != nil || string(shown) != `{"Name":"x"}` {
		t.Errorf("shown as %s, %v", shown, err)
	}
	if err := json.Unmarshal([]byte(`{"Name":"y"}`), &column); err != nil || column.V.Name != "y" {
		t.Errorf("read as %q, %v", column.V.Name, err)
	}
	for text, refused := range map[string]bool{"a\x00": true, `a\u0000`: false, `a\\u0000`: false, "\\\x00": true} {
		if _, err := database.NewJSON(text).Value(); errors.Is(err, database.ErrInvalidText) != refused {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := database.NewJSON(func() {}).Value(); err == nil {
		t.Error("a function was encoded")
	}
}

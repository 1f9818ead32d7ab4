package database_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"regain/database"
)

func TestCursorOfAnotherMakingIsRefused(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	for _, cursor := range []string{
		"%", "abc", encode([]byte("{}")), encode([]byte(`{"i":"1"}`)), encode([]byte(`{"t":"yesterday","i":"1"}`)),
		encode([]byte(`{"s":"a\u0000b","i":"1"}`)), encode([]byte(`{"n":1,"i":"\u0000"}`)),
		encode([]byte(`{"t":"0000-05-05T00:00:00Z","i":"1"}`)),
	} {
		if _, err := database.NewPage(10, cursor); !errors.Is(err, database.ErrCursor) {
			t.Errorf("%q: %v, want ErrCursor", cursor, err)
		}
	}
}

func TestCursorOfAnotherList(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	for cursor, want := range map[string]error{
		"": nil, encode([]byte(`{"t":"2026-05-05T00:00:00Z","i":"1"}`)): nil,
		encode([]byte(`{"n":1,"i":"1"}`)): database.ErrCursor, encode([]byte(`{"s":"a","i":"1"}`)): database.ErrCursor,
	} {
		if _, err := database.NewTimePage(10, cursor); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", cursor, err, want)
		}
	}
}

func TestPageLimits(t *testing.T) {
	for _, c := range []struct{ asked, want int }{
		{0, database.DefaultPageLimit}, {-1, database.DefaultPageLimit}, {7, 7}, {100000, database.MaxPageLimit},
	} {
		page, err := database.NewPage(c.asked, "")
		if err != nil || page.Limit != c.want {
			t.Errorf("asked %d: %d, %v, want %d", c.asked, page.Limit, err, c.want)
		}
	}
}

func TestCursorKeys(t *testing.T) {
	page, err := database.NewPage(1, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []any{int64(7), "text"} {
		_, next, err := database.Next(page, []int{1, 2}, func(int) (any, string) { return key, "id" })
		if err != nil || next == "" {
			t.Fatalf("%T: %q, %v", key, next, err)
		}
		if _, err := database.NewPage(1, next); err != nil {
			t.Errorf("%T: %v", key, err)
		}
	}
	if _, _, err := database.Next(page, []int{1, 2}, func(int) (any, string) { return 1.5, "id" }); err == nil {
		t.Error("a float was taken for a key")
	}
}

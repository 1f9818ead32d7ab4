package notify

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"regain/database"
	"regain/database/databasetest"
)

func TestMailbox(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		clock := newClock()
		box := NewMailbox(db, MailboxOptions{Clock: clock.Now})
		for i := range 5 {
			m := Rendered{ID: fmt.Sprintf("m%d", i), Channel: Email, To: fmt.Sprintf("ana%d@example.com", i%2), Subject: fmt.Sprintf("Letter %d", i), Text: "Olá", HTML: "<p>", Locale: "pt-BR", Template: "code"}
			for range 2 { // delivered, and again because its record was lost
				if err := box.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			if i != 2 { // two at the same moment
				clock.Advance(time.Second)
			}
		}
		var subjects []string
		for page := (LetterQuery{Limit: 2}); ; {
			letters, err := box.List(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			if len(letters) == 0 {
				break
			}
			for _, l := range letters {
				subjects = append(subjects, l.Subject)
			}
			page.Before = letters[len(letters)-1]
		}
		if want := "[Letter 4 Letter 3 Letter 2 Letter 1 Letter 0]"; fmt.Sprint(subjects) != want {
			t.Errorf("got %v", subjects)
		}
		mine, err := box.List(t.Context(), LetterQuery{To: "ana1@example.com"})
		if err != nil || len(mine) != 2 || mine[0].Subject != "Letter 3" {
			t.Errorf("letters to one recipient: %+v, %v", mine, err)
		}
		letter, err := box.Get(t.Context(), mine[0].ID)
		if err != nil || letter.TextBody != "Olá" || letter.HTMLBody != "<p>" || letter.Locale != "pt-BR" {
			t.Errorf("letter %+v, %v", letter, err)
		}
		if _, err := box.Get(t.Context(), "none"); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("a letter that is not there: %v", err)
		}
	})
}

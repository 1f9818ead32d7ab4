package web

import (
	"database/sql"
	"errors"

	"github.com/gin-gonic/gin"

	"regain/notify"
	"regain/problem"
)

const lettersOnAPage = 30

// mailboxPage is a page of letters, newest first.
type mailboxPage struct {
	Letters []notify.Letter
	Next    string // the last letter of a full page
	One     bool   // one letter by itself
}

func (p *Pages) showMailbox(c *gin.Context) error {
	q := notify.LetterQuery{Limit: lettersOnAPage}
	if before := c.Query("before"); before != "" {
		letter, err := p.letter(c, before)
		if err != nil {
			return err
		}
		q.Before = letter
	}
	letters, err := p.services.Mailbox.List(c.Request.Context(), q)
	if err != nil {
		return err
	}
	data := mailboxPage{Letters: letters}
	if len(letters) == lettersOnAPage {
		data.Next = letters[len(letters)-1].ID
	}
	return p.show(c, "plain/mailbox", data)
}

func (p *Pages) showLetter(c *gin.Context) error {
	letter, err := p.letter(c, c.Param("letter"))
	if err != nil {
		return err
	}
	return p.show(c, "plain/mailbox", mailboxPage{Letters: []notify.Letter{letter}, One: true})
}

func (p *Pages) letter(c *gin.Context, id string) (notify.Letter, error) {
	letter, err := p.services.Mailbox.Get(c.Request.Context(), id)
	if errors.Is(err, sql.ErrNoRows) {
		return notify.Letter{}, problem.New(problem.NotFound, "letter_not_found", "There is no such letter.")
	}
	return letter, err
}

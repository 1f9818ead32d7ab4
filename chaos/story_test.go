package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"regain/internal/regaintest"
)

// story is one case from its start to its end, by a customer and a reviewer. It
// stops where an outcome is unknown and the client gives up.
func (w *world) story(ctx context.Context, reviewer string) {
	s := &story{w: w, customer: &caller{w: w, ctx: ctx, address: w.newAddress()},
		reviewer: &caller{w: w, ctx: ctx, address: "10.255.0.1", token: reviewer}}
	if err := s.tell(); err != nil && !errors.Is(err, errGivenUp) && !errors.Is(err, errRefused) {
		w.ledger.fault(fmt.Sprintf("a story broke off: %v", err))
	}
}

type story struct {
	w                  *world
	customer, reviewer *caller
	id, email, phone   string
	seed               uint64
}

func (s *story) tell() error {
	card := s.w.maybe(0.7)
	s.seed = uint64(s.w.draw(1 << 30))
	if err := s.start(card); err != nil {
		return err
	}
	if err := s.prove("email", s.email); err != nil {
		return err
	}
	if s.phone != "" {
		if err := s.prove("phone", s.phone); err != nil {
			return err
		}
	}
	if err := s.supply(); err != nil {
		return err
	}
	if s.w.maybe(0.3) {
		if _, err := s.customer.send("write-message", s.id, http.MethodPost, "/api/v1/cases/"+s.id+"/messages", object{"body": "Is anything missing?"}); err != nil {
			return err
		}
	}
	if s.w.maybe(0.1) {
		_, err := s.customer.change("withdraw", s.id, http.MethodPost, "/withdrawal", nil)
		return err
	}
	if _, err := s.customer.change("submit", s.id, http.MethodPost, "/submission", nil); err != nil {
		return err
	}
	return s.review()
}

// start opens the case, with answers of one of two kinds.
func (s *story) start(card bool) error {
	n := s.seed
	s.email = fmt.Sprintf("c%d-%s@customer.example", n, s.customer.address)
	body := object{"account": "account-of-" + s.email, "lost": []string{"email"}, "new_email": s.email, "locale": []string{"en", "pt-BR", "zh-Hans"}[n%3],
		"answers": object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false,
			"card_added": false, "paid": false, "phone_registered": false}}
	if card {
		body["answers"] = object{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false, "card_added": true, "months_of_use": 0}
	}
	if s.w.maybe(0.2) {
		s.phone = fmt.Sprintf("+55119%08d", n%100_000_000)
		body["lost"], body["new_phone"] = []string{"email", "phone"}, s.phone
	}
	o, err := s.customer.send("start-case", "", http.MethodPost, "/api/v1/cases", body)
	if err != nil {
		return err
	}
	s.customer.token = o.Sub("session").Text("token")
	s.id = o.Sub("case").Text("id")
	return nil
}

// prove asks for a code, waits for it, and sends it back.
func (s *story) prove(channel, to string) error {
	path := "/api/v1/cases/" + s.id + "/contacts/" + channel
	if _, err := s.customer.send("send-contact-code", s.id, http.MethodPost, path+"/code", nil); err != nil {
		return err
	}
	code := ""
	for code == "" {
		if s.customer.ctx.Err() != nil {
			return errGivenUp
		}
		if code = s.w.sink.code(to, 0); code == "" {
			s.customer.pause(nil)
		}
	}
	_, err := s.customer.send("verify-contact", s.id, http.MethodPost, path+"/verification", object{"code": code})
	return err
}

// supply fills every item that is open; some files are replaced by others.
func (s *story) supply() error {
	o, _, err := s.customer.get("/api/v1/cases/" + s.id)
	if err != nil {
		return err
	}
	for n, i := range o.List("items") {
		if i["optional"] == true || i["open"] != true {
			continue
		}
		if i.Text("kind") == "statement" {
			if _, err := s.customer.send("state", s.id, http.MethodPut, "/api/v1/cases/"+s.id+"/items/"+i.Text("id")+"/statement", regaintest.Statement(i, "example")); err != nil {
				return err
			}
			continue
		}
		for more := true; more; more = s.w.maybe(0.2) {
			s.seed++
			name, content := regaintest.Document(i.Sub("document"), s.seed+uint64(n))
			if _, err := s.customer.upload(s.id, i.Text("id"), name, content); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *story) review() error {
	if _, err := s.reviewer.change("claim", s.id, http.MethodPost, "/claim", nil); err != nil {
		return err
	}
	if s.w.maybe(0.15) {
		if err := s.askAgain(); err != nil {
			return err
		}
	}
	if s.w.maybe(0.2) {
		return s.deny()
	}
	return s.approve()
}

// askAgain has the case go back to its customer for a document, and come again.
func (s *story) askAgain() error {
	o, _, err := s.reviewer.get("/api/v1/cases/" + s.id)
	if err != nil {
		return err
	}
	var asks []object
	for _, i := range o.List("items") {
		if i.Text("kind") == "document" && i.Text("supply") == "provided" {
			asks = []object{{"item": i.Text("id")}}
		}
	}
	if len(asks) == 0 {
		return nil
	}
	_, err = s.reviewer.change("request-materials", s.id, http.MethodPost, "/requests", object{"words": "Please send it again, in colour.", "asks": asks})
	if err != nil {
		return err
	}
	if err := s.supply(); err != nil {
		return err
	}
	if _, err := s.customer.change("submit", s.id, http.MethodPost, "/submission", nil); err != nil {
		return err
	}
	_, err = s.reviewer.change("claim", s.id, http.MethodPost, "/claim", nil)
	return err
}

// deny denies the case; some customers appeal.
func (s *story) deny() error {
	_, err := s.reviewer.change("deny", s.id, http.MethodPost, "/denial", object{"reason_code": "not_proven", "words_customer": "The materials do not show it.", "words_staff": "x"})
	if err != nil {
		return err
	}
	if !s.w.maybe(0.3) {
		s.w.ledger.denialAccepted()
		return nil
	}
	_, err = s.customer.change("appeal", s.id, http.MethodPost, "/appeal", object{"reason": "The name on it is my maiden name."})
	return err
}

// approve accepts everything and approves the case.
func (s *story) approve() error {
	o, _, err := s.reviewer.get("/api/v1/cases/" + s.id)
	if err != nil {
		return err
	}
	for _, i := range o.List("items") {
		if i.Text("supply") != "provided" {
			continue
		}
		if _, err := s.reviewer.change("decide-item", s.id, http.MethodPost, "/items/"+i.Text("id")+"/decision", regaintest.Acceptance(i)); err != nil {
			return err
		}
	}
	_, err = s.reviewer.change("approve", s.id, http.MethodPost, "/approval", object{})
	return err
}

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"regain/bench/measure"
	"regain/internal/regaintest"
)

// client is one that calls.
type client struct{ regaintest.Connection }

func newClient(address string) *client {
	return &client{regaintest.Connection{Address: address, From: nextAddress()}}
}

func clients(address string, n int) []*client {
	all := make([]*client, n)
	for i := range all {
		all[i] = newClient(address)
	}
	return all
}

var addresses, keys atomic.Int64

// nextAddress makes up a client's address.
func nextAddress() string {
	n := addresses.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// expect makes one call and wants a status; the body may be in pieces. What was
// answered is there until the next call.
func (c *client) expect(status int, method, path, contentType string, body ...[]byte) ([]byte, error) {
	content := regaintest.Content{Type: contentType, Key: fmt.Sprintf("bench-%016d", keys.Add(1)), Body: body}
	got, b, err := c.Quick(method, path, content)
	if err != nil {
		return nil, err
	}
	if got != status {
		return nil, fmt.Errorf("%s %s: status %d\n%s", method, path, got, b)
	}
	return b, nil
}

// object makes a call outside the measurement and decodes its answer.
func (c *client) object(t *testing.T, status int, method, path string, body any) map[string]any {
	t.Helper()
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	b, err := c.expect(status, method, path, "application/json", sent)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// claim is what a customer with an enterprise's account says, in one go.
func claim(n int64) []byte {
	return fmt.Appendf(nil, `{"account":"account-%d","lost":["phone","email"],"new_email":"bench-%d@customer.example","new_phone":"+55 11 91234-5678",`+
		`"locale":"en","answers":{"customer_type":"direct","account_type":"enterprise","real_name_authenticated":false,"card_added":true,`+
		`"months_of_use":2,"enterprise_country":"CN"}}`, n, n)
}

// filed is a case with a session for it.
type filed struct {
	path, token string
	items       []item
}

type item struct{ id, kind string }

// file opens a case outside the measurement.
func (c *client) file() (filed, error) {
	c.From = nextAddress()
	c.Token = ""
	b, err := c.expect(http.StatusCreated, http.MethodPost, "/api/v1/cases", "application/json", claim(keys.Add(1)))
	if err != nil {
		return filed{}, err
	}
	var answer struct {
		Session struct{ Token string }
		Case    struct {
			ID    string
			Items []struct{ ID, Kind string }
		}
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return filed{}, err
	}
	f := filed{path: "/api/v1/cases/" + answer.Case.ID, token: answer.Session.Token}
	for _, i := range answer.Case.Items {
		f.items = append(f.items, item{i.ID, i.Kind})
	}
	return f, nil
}

// filing has each client file cases, from an address that changes before the limit by
// address counts.
func filing(name string, p *regaintest.Process, n int) measure.Side {
	all := clients(p.Address, n)
	counts := make([]int, n)
	return measure.Side{Name: name, Run: func(turn time.Duration) (measure.Sample, error) {
		return measure.Load(n, turn, func(_ context.Context, i int) error {
			c := all[i]
			if counts[i]++; counts[i]%50 == 0 {
				c.From = nextAddress()
			}
			_, err := c.expect(http.StatusCreated, http.MethodPost, "/api/v1/cases", "application/json", claim(keys.Add(1)))
			return err
		})
	}}
}

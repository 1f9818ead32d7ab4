package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"regain/accounts"
)

func TestWrongCode(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", individual())
		asked := time.Now().Add(-time.Second)
		c.want(202, "POST", c.path+"/contacts/email/code", nil)
		code := d.letter("ana@example.com", codePattern, asked)
		verify := func(code string) []string {
			return d.problemOf(d.Call(t, c.token, "POST", c.path+"/contacts/email/verification", object{"code": code}), 422, "code_wrong")
		}
		wrong := "000000"
		if code == wrong {
			wrong = "111111"
		}
		for range 5 { // a wrong try is counted although the call is refused
			if got := verify(wrong); !slices.Equal(got, []string{"/code code_wrong"}) {
				t.Errorf("%v", got)
			}
		}
		d.problemOf(d.Call(t, c.token, "POST", c.path+"/contacts/email/verification", object{"code": code}), 410, "code_expired")
	})
}

func TestUsedCode(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", individual())
		asked := time.Now().Add(-time.Second)
		c.want(202, "POST", c.path+"/contacts/email/code", nil)
		code := object{"code": d.letter("ana@example.com", codePattern, asked)}
		c.want(200, "POST", c.path+"/contacts/email/verification", code)
		d.problemOf(d.Call(t, c.token, "POST", c.path+"/contacts/email/verification", code), 410, "code_expired")
		d.problemOf(d.Call(t, c.token, "POST", c.path+"/contacts/email/code", nil), 429, "too_many_requests") // another so soon
	})
}

func TestExpiredCode(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", individual())
		asked := time.Now().Add(-time.Second)
		c.want(202, "POST", c.path+"/contacts/email/code", nil)
		code := d.letter("ana@example.com", codePattern, asked)
		if _, err := d.DB.ExecContext(t.Context(), "UPDATE codes SET expires_at = ?", time.Now().UTC().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		d.problemOf(d.Call(t, c.token, "POST", c.path+"/contacts/email/verification", object{"code": code}), 410, "code_expired")
		if got := c.show()["contacts"].([]any)[0].(object)["verified"]; got != false {
			t.Error("an expired code proved the contact")
		}
	})
}

func TestContactThatIsNotNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", individual())
		d.problemOf(d.Call(t, c.token, "POST", c.path+"/contacts/phone/code", nil), 409, "contact_missing")
		if got := d.Call(t, c.token, "POST", c.path+"/contacts/pigeon/code", nil); got.Status != 422 {
			t.Errorf("an unknown channel: %d %s", got.Status, got.Body)
		}
	})
}

// TestResume: the code brings a customer back on another device.
func TestResume(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", individual())
		c.prove("ana@example.com")
		reference := strings.ToLower(strings.ReplaceAll(c.show()["reference"].(string), "-", ""))
		other := &caller{d: d}
		asked := time.Now()
		other.want(202, "POST", "/api/v1/resume", object{"reference": reference, "channel": "email"})
		code := d.letter("ana@example.com", codePattern, asked)
		o := other.want(200, "POST", "/api/v1/resume/verification", object{"reference": reference, "channel": "email", "code": code})
		other.token, other.path = o["session"].(object)["token"].(string), c.path
		if other.token == c.token || other.show()["id"] != c.show()["id"] {
			t.Errorf("%v", o)
		}
		other.want(204, "DELETE", "/api/v1/session", nil)
		d.problemOf(d.Call(t, other.token, "GET", c.path, nil), 401, "unauthenticated")
		c.show() // the first device is still in
	})
}

// TestResumeTellsNothing: with and without such a case, each answer is the same.
func TestResumeTellsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		c := d.start("ana@example.com", individual())
		real, absent := c.show()["reference"].(string), "7F3K-29QD-XM"
		answers := func(reference, channel string) (got []string) {
			asked := object{"reference": reference, "channel": channel}
			for range 2 { // the second is too soon
				a := d.Call(t, "", "POST", "/api/v1/resume", asked)
				got = append(got, a.Header.Get("Content-Type")+" "+plain(string(a.Body)))
			}
			asked["code"] = "000000"
			for range 7 { // and the codes run out of tries
				a := d.Call(t, "", "POST", "/api/v1/resume/verification", asked)
				got = append(got, a.Header.Get("Content-Type")+" "+plain(string(a.Body)))
			}
			return got
		}
		want := answers(real, "email")
		for _, other := range [][2]string{{absent, "email"}, {absent, "phone"}, {real, "phone"}} {
			if got := answers(other[0], other[1]); !slices.Equal(got, want) {
				t.Errorf("%v:\n%s\nwant\n%s", other, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// plain leaves out what differs with every call.
func plain(body string) string {
	if at := strings.Index(body, `"instance":"`); at >= 0 {
		return body[:at] + body[at+len(`"instance":"urn:uuid:0190c1f4-7c5e-7cc0-9f6e-3e8f6ad6d1b2"`):]
	}
	return body
}

// TestInvolvedReviewer: nobody reviews a claim that they have a part in.
func TestInvolvedReviewer(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		member := d.NewStaff(t, accounts.Reviewer)
		c := d.submitted(member.Email, individual())
		token, err := d.Accounts.OpenSession(t.Context(), accounts.StaffMember, member.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		d.problemOf(d.Call(t, token, "POST", c.path+"/claim", nil), 403, "involved")
	})
}

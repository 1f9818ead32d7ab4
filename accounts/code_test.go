package accounts

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"regain/database"
	"regain/database/databasetest"
	"regain/notify"
	"regain/problem"
)

func contactCode(flow string) CodeRequest {
	return CodeRequest{Purpose: PurposeContact, Flow: flow, Channel: notify.Email, Destination: "ana@example.com", Locale: "en", IP: "192.0.2.1"}
}

func contactCheck(flow, code string) CodeCheck {
	return CodeCheck{Purpose: PurposeContact, Flow: flow, Destination: "ana@example.com", Code: code}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

func codeIn(t *testing.T, text string) string {
	t.Helper()
	code := sixDigits.FindString(text)
	if code == "" {
		t.Fatalf("no code in %q", text)
	}
	return code
}

// issue issues a code to ana and returns it.
func (b *bench) issue(t *testing.T, flow string) string {
	t.Helper()
	ok(t, b.Issue(t.Context(), nil, contactCode(flow)))
	return codeIn(t, b.letters(t, "ana@example.com")[0].TextBody)
}

// wrong is a code that differs from the right one.
func wrong(code string) string {
	if code[0] == '0' {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}

func TestCodeWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		code := b.issue(t, "case-1")
		p := refusal(t, b.Verify(t.Context(), contactCheck("case-1", wrong(code))), "code_wrong")
		if p.Kind != problem.Invalid || len(p.Fields) != 1 || p.Fields[0].Pointer != "/code" {
			t.Errorf("problem %+v", p)
		}
		ok(t, b.Verify(t.Context(), contactCheck("case-1", code)))
		refused(t, b.Verify(t.Context(), contactCheck("case-1", code)), "code_expired")
	})
}

// Whoever sends an empty field, or mistypes a digit too few, has not guessed.
func TestWhatIsNoCodeCostsNoTry(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		code := b.issue(t, "case-1")
		for _, typed := range []string{"", "  ", "12345", code + "0", "12345a", "１２３４５", "－", strings.Repeat("9", 5000)} {
			p := refusal(t, b.Verify(t.Context(), contactCheck("case-1", typed)), "code_malformed")
			if p.Kind != problem.Invalid || len(p.Fields) != 1 || p.Fields[0].Pointer != "/code" {
				t.Errorf("%q: problem %+v", typed, p)
			}
		}
		wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, code)
		ok(t, b.Verify(t.Context(), contactCheck("case-1", "\u202a"+wide[:9]+" – "+wide[9:]+"\u202c\n")))
	})
}

func TestCodeIsBound(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		code := b.issue(t, "case-1")
		for name, check := range map[string]CodeCheck{
			"another purpose":     {Purpose: PurposeReturn, Flow: "case-1", Destination: "ana@example.com", Code: code},
			"another flow":        {Purpose: PurposeContact, Flow: "case-2", Destination: "ana@example.com", Code: code},
			"another destination": {Purpose: PurposeContact, Flow: "case-1", Destination: "eva@example.com", Code: code},
			"parts moved":         {Purpose: PurposeContact + "case-1", Flow: "", Destination: "ana@example.com", Code: code},
		} {
			if err := b.Verify(t.Context(), check); !problem.Is(err, "code_expired") {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Another spelling of the same mailbox, and the code as people copy it.
		check := contactCheck("case-1", code[:3]+" "+code[3:])
		check.Destination = " Ana@Example.COM"
		ok(t, b.Verify(t.Context(), check))
	})
}

func TestCodeExpires(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		code := b.issue(t, "case-1")
		b.clock.Advance(10*time.Minute - time.Microsecond)
		refused(t, b.Verify(t.Context(), contactCheck("case-1", wrong(code))), "code_wrong")
		b.clock.Advance(time.Microsecond)
		refused(t, b.Verify(t.Context(), contactCheck("case-1", code)), "code_expired")
	})
}

func TestNewCodeVoidsTheOld(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		old := b.issue(t, "case-1")
		b.clock.Advance(time.Minute)
		fresh := b.issue(t, "case-1")
		if old != fresh {
			refused(t, b.Verify(t.Context(), contactCheck("case-1", old)), "code_wrong")
		}
		ok(t, b.Verify(t.Context(), contactCheck("case-1", fresh)))
		refused(t, b.Verify(t.Context(), contactCheck("case-1", old)), "code_expired")
	})
}

func TestFiveTries(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		code := b.issue(t, "case-1")
		for range 5 {
			refused(t, b.Verify(t.Context(), contactCheck("case-1", wrong(code))), "code_wrong")
		}
		refused(t, b.Verify(t.Context(), contactCheck("case-1", code)), "code_expired")
	})
}

// Guesses made at once get no more tries than guesses made in turn, and of many
// who know the code one gets in.
func TestConcurrentChecks(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		code := b.issue(t, "case-1")
		var wrongs, expired atomic.Int32
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				switch err := b.Verify(t.Context(), contactCheck("case-1", wrong(code))); {
				case problem.Is(err, "code_wrong"):
					wrongs.Add(1)
				case problem.Is(err, "code_expired"):
					expired.Add(1)
				default:
					t.Errorf("got %v", err)
				}
			})
		}
		callers.Wait()
		if wrongs.Load() != 5 || expired.Load() != 15 {
			t.Errorf("%d tries counted, %d refused", wrongs.Load(), expired.Load())
		}
		b.clock.Advance(time.Minute)
		code = b.issue(t, "case-1")
		var right atomic.Int32
		for range 4 {
			callers.Go(func() {
				if b.Verify(t.Context(), contactCheck("case-1", code)) == nil {
					right.Add(1)
				}
			})
		}
		callers.Wait()
		if right.Load() != 1 {
			t.Errorf("the code worked %d times", right.Load())
		}
	})
}

// The code, its message and the caller's change stand or fall together.
func TestIssueBelongsToTheCallersTransaction(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		err := b.db.InTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			if err := b.Issue(ctx, tx, contactCode("case-1")); err != nil {
				return err
			}
			return errors.New("the caller thinks again")
		})
		if err == nil || len(b.letters(t, "ana@example.com")) != 0 {
			t.Error("a code of a change that was rolled back was sent")
		}
		b.issue(t, "case-1") // and did not count against the wait
	})
}

// Within a unit of work a wrong try is counted although the request is refused,
// and a right code is kept for another time when the unit does not commit.
func TestVerifyInAUnit(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		begin := func(context.Context, bun.IDB) error { return nil }
		code := b.issue(t, "case-1")
		ctx, unit := b.db.WithUnit(t.Context(), begin)
		refused(t, b.Verify(ctx, contactCheck("case-1", wrong(code))), "code_wrong")
		ok(t, unit.Commit(t.Context()))
		var row codeRow
		ok(t, b.db.NewSelect().Model(&row).Scan(t.Context()))
		if row.Tries != 1 {
			t.Errorf("%d tries counted", row.Tries)
		}
		ctx, unit = b.db.WithUnit(t.Context(), begin)
		ok(t, b.Verify(ctx, contactCheck("case-1", code)))
		ok(t, unit.Rollback())
		ok(t, b.Verify(t.Context(), contactCheck("case-1", code)))
	})
}

func TestResendWait(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.issue(t, "case-1")
		b.clock.Advance(59 * time.Second)
		if p := refusal(t, b.Issue(t.Context(), nil, contactCode("case-1")), "too_many_requests"); p.RetryAfter != time.Second {
			t.Errorf("wait %v", p.RetryAfter)
		}
		b.clock.Advance(time.Second)
		b.issue(t, "case-1")
	})
}

func TestCodesAreLimited(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, func(o *Options) {
			o.Codes = CodeRules{PerDestinationHour: 3, PerDestinationDay: 4, PerIPHour: 6, EmailPerHour: 8, SMSPerHour: 1}
		})
		send := func(destination, ip string, channel notify.Channel) error {
			b.clock.Advance(time.Second)
			flow := fmt.Sprint(b.clock.Now().UnixNano()) // each in a flow of its own
			return b.Issue(t.Context(), nil, CodeRequest{Purpose: PurposeContact, Flow: flow, Channel: channel, Destination: destination, IP: ip})
		}
		for range 3 {
			ok(t, send("ana@example.com", "192.0.2.1", notify.Email))
		}
		refused(t, send("ANA@example.com", "192.0.2.2", notify.Email), "too_many_requests") // the destination's hour
		for i := range 3 {
			ok(t, send(fmt.Sprintf("b%d@example.com", i), "192.0.2.1", notify.Email))
		}
		refused(t, send("c@example.com", "192.0.2.1", notify.Email), "too_many_requests") // the IP's hour
		ok(t, send("c@example.com", "2001:db8::1", notify.Email))
		ok(t, send("d@example.com", "2001:db8::2", notify.Email))
		refused(t, send("e@example.com", "198.51.100.1", notify.Email), "too_many_requests") // all e-mail's hour
		ok(t, send("+5511987654321", "198.51.100.1", notify.SMS))
		refused(t, send("+5511987654322", "198.51.100.1", notify.SMS), "too_many_requests") // all text messages' hour
		b.clock.Advance(time.Hour)
		ok(t, send("ana@example.com", "192.0.2.1", notify.Email))
		refused(t, send("ana@example.com", "192.0.2.1", notify.Email), "too_many_requests") // the destination's day
	})
}

func TestChecksAreLimitedByIP(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, func(o *Options) { o.Codes.ChecksPerIP = 2 })
		code := b.issue(t, "case-1")
		check := contactCheck("case-1", wrong(code))
		check.IP = "2001:db8::1"
		refused(t, b.Verify(t.Context(), check), "code_wrong")
		check.IP = "2001:db8::2"
		refused(t, b.Verify(t.Context(), check), "code_wrong")
		check.Code = code
		refused(t, b.Verify(t.Context(), check), "too_many_requests")
		check.IP = "192.0.2.1"
		ok(t, b.Verify(t.Context(), check))
	})
}

// step is one thing that a visitor does; its answer as text.
type step func(b *bench, r CodeRequest) error

// A visitor who names a case that is not there gets, over a whole conversation,
// the answers of one who names a case that is.
func TestDecoyAnswersAlike(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ask := func(b *bench, r CodeRequest) error { return b.Issue(t.Context(), nil, r) }
		try := func(code string) step {
			return func(b *bench, r CodeRequest) error {
				return b.Verify(t.Context(), CodeCheck{Purpose: r.Purpose, Flow: r.Flow, Destination: r.Destination, Decoy: r.Decoy, Code: code})
			}
		}
		guess, slip := try("000000"), try("00000") // right once in a million times
		wait := func(d time.Duration) step {
			return func(b *bench, _ CodeRequest) error { b.clock.Advance(d); return nil }
		}
		conversation := []step{guess, slip, ask, ask, slip, guess, guess, guess, guess, guess, guess, wait(time.Minute), ask, guess,
			wait(11 * time.Minute), guess, ask, wait(time.Minute), ask, wait(time.Minute), ask, wait(time.Minute), ask, ask, wait(time.Hour), ask}
		talk := func(r CodeRequest) []string {
			var answers []string
			for _, do := range conversation {
				err := do(b, r)
				answer := fmt.Sprint(err)
				if p, is := problem.As(err); is {
					answer += " " + p.RetryAfter.String()
				}
				answers = append(answers, answer)
			}
			return answers
		}
		real := CodeRequest{Purpose: PurposeReturn, Flow: "AR-REAL", Channel: notify.Email, Destination: "ana@example.com", IP: "192.0.2.1"}
		decoy := CodeRequest{Purpose: PurposeReturn, Flow: "AR-NONE", Channel: notify.Email, IP: "192.0.2.2", Decoy: true}
		there, nobody := talk(real), talk(decoy)
		if !slices.Equal(there, nobody) {
			t.Errorf("told apart:\n%s\n---\n%s", strings.Join(there, "\n"), strings.Join(nobody, "\n"))
		}
		if !slices.ContainsFunc(there, func(s string) bool { return strings.Contains(s, "too_many") }) ||
			!slices.ContainsFunc(there, func(s string) bool { return strings.Contains(s, "code_wrong") }) {
			t.Errorf("a conversation that shows little: %v", there)
		}
		if all := b.letters(t, ""); slices.ContainsFunc(all, func(l notify.Letter) bool { return l.Recipient != "ana@example.com" }) {
			t.Errorf("a decoy was sent: %+v", all)
		}
	})
}

// Not even the right code of a decoy works.
func TestDecoyCodeNeverWorks(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		r := CodeRequest{Purpose: PurposeReturn, Flow: "AR-NONE", Channel: notify.Email, Decoy: true}
		ok(t, b.Issue(t.Context(), nil, r))
		binding := b.binding(r.Purpose, r.Flow, canonicalDestination("", true, r.Purpose, r.Flow))
		_, err := b.db.NewUpdate().Model((*codeRow)(nil)).Set("hash = ?", b.hash(binding, "s", "123456")).Set("salt = 's'").
			Where("binding = ?", binding).Exec(t.Context())
		ok(t, err)
		check := CodeCheck{Purpose: r.Purpose, Flow: r.Flow, Decoy: true, Code: "123456"}
		refused(t, b.Verify(t.Context(), check), "code_wrong")
	})
}

func TestCodesAreSpreadEvenly(t *testing.T) {
	var counts [10]int
	const n = 20000
	seen := map[string]bool{}
	for range n {
		code, salt, err := newCode(testRandom{})
		ok(t, err)
		if !sixDigits.MatchString(code) || len(code) != 6 || seen[salt] {
			t.Fatalf("code %q, salt %q", code, salt)
		}
		seen[salt] = true
		counts[code[0]-'0']++
	}
	for digit, count := range counts {
		if count < n/10-300 || count > n/10+300 { // seven standard deviations
			t.Errorf("first digit %d came %d times of %d", digit, count, n)
		}
	}
}

func TestCodeBySMS(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		r := CodeRequest{Purpose: PurposeContact, Flow: "case-1", Channel: notify.SMS, Destination: "+5511987654321", Locale: "pt-BR", IP: "192.0.2.1"}
		ok(t, b.Issue(t.Context(), nil, r))
		letter := b.letters(t, "+5511987654321")[0]
		if letter.Channel != notify.SMS || !strings.Contains(letter.TextBody, "Não o passe a ninguém") || !strings.Contains(letter.TextBody, "10 minutos") {
			t.Errorf("letter %+v", letter)
		}
		ok(t, b.Verify(t.Context(), CodeCheck{Purpose: r.Purpose, Flow: r.Flow, Destination: r.Destination, Code: codeIn(t, letter.TextBody)}))
	})
}

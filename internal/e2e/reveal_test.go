package e2e

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posternsql/postern/audit"
)

const revealFiles = `kind: User
name: ann
password: {env: ANN_PASSWORD}
---
kind: User
name: bob
groups: [care]
---
kind: User
name: cyd
groups: [care, partly]
---
kind: Source
name: own.public.customer
columns: {email: {tags: [Email]}, card: {tags: [Card]}, note: {tags: [Note]}}
---
kind: SubscriptionPolicy
name: all
on: {tables: [own.public.*]}
access: read
effect: grant
allow: {anyone: true}
---
kind: DataPolicy
name: tokens
on: {columnTags: [Email]}
rules:
  - mask: {columnTags: [Email], reversible: {domain: email}}
    exceptFor: "isInGroups('care')"
  - mask: {columnTags: [Card], formatPreserving: {alphabet: digits, domain: card}}
    exceptFor: "isInGroups('care')"
  - mask: {columnTags: [Note], hash: {domain: note}}
    exceptFor: "isInGroups('care')"
  - rows: "id < 3"
    onlyFor: "isInGroups('partly')"
---
kind: TokenDomain
name: email
key: {env: EMAIL_KEY}
---
kind: TokenDomain
name: card
key: {env: CARD_KEY}
`

// TestRevealFromTheWarehouse: tokens that a person sees in rows of the warehouse are turned back by the command line for who sees the values anyway, and
// for nobody else; who asked, for whom and why is on record, and neither tokens nor values are.
func TestRevealFromTheWarehouse(t *testing.T) {
	t.Setenv("EMAIL_KEY", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("e", 32))))
	t.Setenv("CARD_KEY", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("c", 32))))
	in, _ := ownWarehouse(t, `CREATE TABLE public.customer (id int PRIMARY KEY, email text, card varchar(30), note text);
INSERT INTO public.customer VALUES (1, 'zoë@example.org', '4111 1111-1111 1234', 'a'), (2, '', '5500-0000-0000-0004', 'b'), (3, 'c@example.org', '12345', 'c')`, revealFiles)
	ann := callOwn(t, in, person{name: "ann", password: people()[0].password})
	tokens := func(column string) []string {
		t.Helper()
		got, err := ann.simple("SELECT string_agg(" + column + ", '|' ORDER BY id) FROM customer WHERE id < 3")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(got, "|")
	}
	emails, cards := tokens("email"), tokens("card")
	if len(emails[0]) < 32 || strings.Contains(emails[0], "@") || len(cards[0]) != 19 || cards[0] == "4111 1111-1111 1234" || cards[0][4] != ' ' || cards[0][9] != '-' {
		t.Fatalf("ann sees %q and %q", emails, cards)
	}
	reveal := func(user, column string, more ...string) (string, error) {
		args := append([]string{"reveal", "--server", "http://" + adminAddressOf(t, in), "--user", user, "--column", column, "--reason", "ticket 7"}, more...)
		cmd := exec.CommandContext(t.Context(), shared.binary, args...)
		token, err := os.ReadFile(filepath.Join(filepath.Dir(in.policies), "postern.token"))
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(os.Environ(), "POSTERN_TOKEN="+string(token))
		out, err := cmd.Output()
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = errors.New(string(failed.Stderr))
		}
		return string(out), err
	}
	if got, err := reveal("bob", "own.public.customer.email", emails[0], emails[1], strings.Repeat("0", 64)); err != nil || got != "zoë@example.org\n\n\n" {
		t.Errorf("reversible: %q, %v", got, err)
	}
	if got, err := reveal("bob", "own.public.customer.card", cards[0], cards[1], "12345"); err != nil || got != "4111 1111-1111 1234\n5500-0000-0000-0004\n\n" {
		t.Errorf("format-preserving: %q, %v", got, err)
	}
	// A token of one column is none of another.
	if got, err := reveal("bob", "own.public.customer.card", emails[0]); err == nil && strings.Contains(got, "zoë") {
		t.Errorf("a token of another column: %q", got)
	}
	for _, q := range [][2]string{
		{"ann", "own.public.customer.email"}, {"ann", "own.public.customer.card"}, {"cyd", "own.public.customer.email"}, {"cyd", "own.public.customer.card"},
		{"nobody", "own.public.customer.card"}, {"bob", "own.public.customer.note"}, {"bob", "own.public.nothing.card"},
	} {
		if got, err := reveal(q[0], q[1], emails[0]); err == nil || got != "" || !strings.Contains(err.Error(), "may not see raw all values") {
			t.Errorf("%v: %q, %v", q, got, err)
		}
	}
	revealed := records(t, in, func(e audit.Event) bool { return e.Action == "reveal" })
	if len(revealed) < 2 || revealed[0].User != "bob" || revealed[0].Login != "first admin token" || revealed[0].Target != "own.public.customer.email" ||
		revealed[0].Detail != "2 of 3 tokens; reason: ticket 7" || revealed[1].Detail != "2 of 3 tokens; reason: ticket 7" {
		t.Errorf("on record: %+v", revealed)
	}
	if refused := records(t, in, func(e audit.Event) bool { return e.Action == "api.refused" }); len(refused) != 7 {
		t.Errorf("%d refusals on record", len(refused))
	}
	for _, e := range records(t, in, func(e audit.Event) bool { return e.Kind == audit.Admin }) {
		e.Prev, e.Hash = "", "" // four digits occur in them by chance
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, emails[0]) || strings.Contains(text, cards[0]) || strings.Contains(text, "zoë") || strings.Contains(text, "4111") {
			t.Errorf("a token or value is on record: %s", text)
		}
	}
}

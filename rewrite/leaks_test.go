package rewrite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// A leak pin is one escape that was found, or that a reader would try. It has the client's text and what must come of it:
//
//	refused CODE [words]   the rewriter refuses it with this SQLSTATE, and its message holds the words
//	runs [n | SQLSTATE]    it is let through: run as a superuser on the raw warehouse, it gives n rows or this error
//	runs any               it is let through, and each of its statements succeeds
//
// In either case no byte that comes back may hold the marker. A pin is never deleted.
type leakPin struct{ name, sql, want string }

const leakFolder = "../testdata/leaks"

func leakPins(t testing.TB) []leakPin {
	t.Helper()
	files, err := filepath.Glob(leakFolder + "/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var pins []leakPin
	for _, f := range files {
		archive, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		pin := leakPin{name: strings.TrimSuffix(filepath.Base(f), ".txtar")}
		for _, part := range archive.Files {
			switch part.Name {
			case "sql":
				pin.sql = strings.TrimSuffix(string(part.Data), "\n")
			case "want":
				pin.want = strings.TrimSpace(string(part.Data))
			default:
				t.Fatalf("%s: unknown part %s", f, part.Name)
			}
		}
		pins = append(pins, pin)
	}
	return pins
}

// check returns what is wrong with one pin.
func (o *oracle) check(pin leakPin) string {
	*o.notices = nil
	result, err := o.h.rewrite(pin.sql)
	verdict, rest, _ := strings.Cut(pin.want, " ")
	if err != nil {
		return checkRefusal(err, verdict, rest)
	}
	if verdict != "runs" {
		return "it was let through: " + result.Statements[len(result.Statements)-1].SQL
	}
	for _, st := range result.Statements {
		got := ask(o.raw, st.SQL, true)
		if st.Explain != nil && got.code == "" {
			got = explained(o.raw, &st)
		}
		rows, err := strconv.Atoi(rest)
		counted := err == nil && len(rest) < 5
		switch {
		case strings.Contains(got.bytes+strings.Join(*o.notices, ""), marker):
			return "a hidden value came back by " + st.SQL
		case rest == "any":
			if got.code != "" {
				return fmt.Sprintf("SQLSTATE %q\n%s", got.code, st.SQL)
			}
		case counted && rows != len(got.rows):
			return fmt.Sprintf("%d rows instead of %d: %v", len(got.rows), rows, got.rows)
		case counted && got.code != "", !counted && got.code != rest:
			return fmt.Sprintf("SQLSTATE %q instead of %q\n%s", got.code, rest, st.SQL)
		}
	}
	return ""
}

func checkRefusal(err error, verdict, rest string) string {
	var pe *pgerror.Error
	if !errors.As(err, &pe) {
		return "our own error: " + err.Error()
	}
	text := pe.Message + pe.Detail + pe.Hint
	code, words, _ := strings.Cut(rest, " ")
	switch {
	case strings.Contains(text, marker):
		return "the refusal holds a hidden value: " + text
	case verdict != "refused":
		return "it was refused: " + err.Error()
	case pe.Code != code:
		return "it was refused otherwise: " + err.Error()
	case !strings.Contains(text, words):
		return fmt.Sprintf("the refusal does not say %q: %s", words, err)
	}
	return ""
}

func TestLeakPins(t *testing.T) {
	pins := leakPins(t)
	o := newOracle(t, damage{})
	for _, pin := range pins {
		if problem := o.check(pin); problem != "" {
			t.Errorf("%s\n%s\n%s", pin.name, pin.sql, problem)
		}
	}
	text, err := os.ReadFile(leakFolder + "/MINIMUM")
	if err != nil {
		t.Fatal(err)
	}
	minimum, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d leak pins, at least %d are promised", len(pins), minimum)
	if len(pins) < minimum {
		t.Errorf("%d leak pins are gone", minimum-len(pins))
	}
}

// TestLeakPinsSeeDamage proves that the pins see a filter, a mask or a fence that is missing, and a table that is not denied.
func TestLeakPinsSeeDamage(t *testing.T) {
	for name, broken := range mutations() {
		t.Run(name, func(t *testing.T) {
			o := newOracle(t, broken)
			var red []string
			for _, pin := range leakPins(t) {
				if o.check(pin) != "" {
					red = append(red, pin.name)
				}
			}
			t.Logf("without the %s, %d pins turn red: %v", name, len(red), red)
			if len(red) == 0 {
				t.Errorf("nothing turned red without the %s", name)
			}
		})
	}
}

// mutations are the damages that every safety suite must see.
func mutations() map[string]damage {
	return map[string]damage{
		"filter": {decision: func(d *policy.Decision) { d.Filter = nil }},
		"mask": {decision: func(d *policy.Decision) {
			d.Columns = slices.Clone(d.Columns)
			for i := range d.Columns {
				d.Columns[i].Mask, d.Columns[i].Kind = nil, policy.MaskNone
			}
		}},
		"fence":        {unfenced: true, view: func(sql string) string { return strings.TrimSuffix(sql, " OFFSET 0") }},
		"opaque fence": {translucent: true},
	}
}

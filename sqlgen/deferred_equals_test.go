package sqlgen

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// The least that TestDeferredEqualsBound compares and draws.
const (
	minDeferred  = 1500
	minOfFeature = 30
)

// TestDeferredEqualsBound: for any policies, projects, people and rows, the stored view of the deferred decision, read with the person's
// profile, shows exactly what the view of the decision for that person shows, and says the same of writing; without a profile it shows
// nothing.
func TestDeferredEqualsBound(t *testing.T) {
	conn := connect(t)
	snapshot, table := deferredSnapshot(t, conn)
	wants := []policy.Want{{Table: table}}
	drawn := map[string]int{}
	compared, shown, written := 0, 0, 0
	check := func(rt *rapid.T) {
		d := &drawing{t: rt, drawn: drawn}
		in, people := d.input(snapshot)
		program, _, err := policy.Compile(in)
		if err != nil {
			rt.Fatal(err)
		}
		deferred := program.Decide(policy.BindDeferred().At(deferredNow()), wants)[0]
		for _, who := range people {
			bound := program.Decide(policy.BindPrincipal(who).At(deferredNow()), wants)[0]
			want := seenBy(rt, t, conn, &bound, Postgres().View)
			setProfile(t, conn, program, who, deferredNow())
			got := seenBy(rt, t, conn, &deferred, Postgres().StoredView)
			if got != want {
				rt.Fatalf("%s: bound\n%sdeferred\n%s", who.User(), want, got)
			}
			if !deferred.ValidUntil.IsZero() && !bound.ValidUntil.IsZero() && who.AsOf().IsZero() && bound.ValidUntil.Before(deferred.ValidUntil) {
				rt.Fatalf("%s: the decision holds until %s, and the deferred one until %s", who.User(), bound.ValidUntil, deferred.ValidUntil)
			}
			writes := deferredWrites(rt, t, conn, &deferred)
			if strings.Join(writes, " ") != strings.Join(strs(bound.Privileges), " ") {
				rt.Fatalf("%s: writes %v, deferred %v", who.User(), bound.Privileges, writes)
			}
			compared++
			if want != "" {
				shown++
			}
			if len(writes) > 0 {
				written++
			}
		}
		setProfile(t, conn, program, identity.Principal{}, deferredNow())
		if rows, writes := seenBy(rt, t, conn, &deferred, Postgres().StoredView), deferredWrites(rt, t, conn, &deferred); rows != "" || len(writes) > 0 {
			rt.Fatalf("without a profile\n%s%v", rows, writes)
		}
	}
	for compared < minDeferred {
		rapid.Check(t, check)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d comparisons, %d of them with rows, %d with privileges", compared, shown, written)
	for _, feature := range (&drawing{drawn: drawn}).names() {
		t.Logf("%5d %s", drawn[feature], feature)
		if drawn[feature] < minOfFeature {
			t.Errorf("%s: drawn %d times, at least %d wanted", feature, drawn[feature], minOfFeature)
		}
	}
	if len(drawn) < 22 || shown < compared/5 || written < compared/20 {
		t.Error("too few features are drawn, or too few comparisons show anything")
	}
}

func strs(list []policy.Privilege) (out []string) {
	for _, p := range list {
		out = append(out, string(p))
	}
	return out
}

// seenBy is what a view shows; nothing of what is denied.
func seenBy(rt *rapid.T, t *testing.T, conn *pgconn.PgConn, d *policy.Decision, print func(*policy.Decision) (View, error)) string {
	if !d.Allowed {
		return ""
	}
	view, err := print(d)
	if err != nil {
		rt.Fatal(err)
	}
	return fetch(t, conn, "SELECT id, region, owner, code, amount, seen FROM ("+view.SQL+") AS v")
}

// deferredWrites evaluates the conditions of a deferred decision for whose profile is set.
func deferredWrites(rt *rapid.T, t *testing.T, conn *pgconn.PgConn, d *policy.Decision) (out []string) {
	for _, w := range d.Writes {
		sql, err := Postgres().StoredExpr(w.When)
		if err != nil {
			rt.Fatal(err)
		}
		switch answer := fetch(t, conn, "SELECT "+sql+" AS may"); answer {
		case "  t\n":
			out = append(out, string(w.Privilege))
		case "  f\n":
		default:
			rt.Fatalf("%s is %s", sql, answer)
		}
	}
	return out
}

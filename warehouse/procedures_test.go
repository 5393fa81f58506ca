package warehouse_test

import (
	"fmt"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// TestRequests: a request is of who logged in, is taken once, answered once, and seen by nobody else.
func TestRequests(t *testing.T) {
	owner, service, r := registered(t)
	r.Procedures = true
	if has, err := warehouse.HasProcedures(t.Context(), service); err != nil || has {
		t.Fatal("before registration:", has, err)
	}
	for range 2 { // the second changes nothing
		if _, err := warehouse.Register(t.Context(), owner, r); err != nil {
			t.Fatal(err)
		}
	}
	if has, err := warehouse.HasProcedures(t.Context(), service); err != nil || !has {
		t.Fatal("after registration:", has, err)
	}
	c := configOf(t, pgtest.Database(t))
	account, role, other := pgtest.Name("account"), pgtest.Name("role"), pgtest.Name("other")
	exec(t, owner, fmt.Sprintf("CREATE ROLE %[2]s; CREATE ROLE %[1]s LOGIN PASSWORD 'pw' IN ROLE %[2]s; CREATE ROLE %[3]s LOGIN PASSWORD 'pw'", account, role, other))
	t.Cleanup(func() { dropRole(t, c, account); dropRole(t, c, role); dropRole(t, c, other) })
	as := func(name string) warehouse.Config {
		out := c
		out.Database, out.User, out.Credentials = r.Database, name, warehouse.Fixed(secret.NewValue("pw"))
		return out
	}
	asker, stranger := dial(t, as(account)), dial(t, as(other))
	// Neither SET ROLE nor objects in front of the real ones change who asks and for what.
	exec(t, asker, "SET ROLE "+role+"; CREATE TEMP TABLE requests (id bigint); SET search_path = pg_temp")
	id := value(t, asker, "SELECT postern_procedures.request('project', 'desk')")
	taken, err := warehouse.ClaimRequests(t.Context(), service)
	if err != nil || len(taken) != 1 || taken[0].Account != account || taken[0].Project != "desk" || taken[0].Action != warehouse.RequestProject || taken[0].Late {
		t.Fatalf("taken: %+v, %v", taken, err)
	}
	if again, err := warehouse.ClaimRequests(t.Context(), service); err != nil || len(again) != 0 {
		t.Errorf("taken twice: %+v, %v", again, err)
	}
	value(t, asker, "SELECT postern_procedures.withdraw("+id+")")
	outcome := "SELECT done::text || message FROM postern_procedures.outcome(" + id + ")"
	if got := value(t, asker, outcome); got != "" {
		t.Errorf("withdrawn while somebody is at it: %s", got)
	}
	for _, message := range []string{"yes", "no"} {
		if err := warehouse.AnswerRequest(t.Context(), service, taken[0], warehouse.Answer{Done: message == "yes", Message: message}); err != nil {
			t.Fatal(err)
		}
	}
	if got := value(t, asker, outcome); got != "trueyes" {
		t.Errorf("the outcome is %q", got)
	}
	if got := value(t, stranger, "SELECT count(*) FROM postern_procedures.outcome("+id+")"); got != "0" {
		t.Error("somebody else sees the outcome")
	}
	// What nobody has taken can be withdrawn, what is old is late, and nobody floods it.
	second := value(t, asker, "SELECT postern_procedures.request('project', 'desk')")
	value(t, asker, "SELECT postern_procedures.withdraw("+second+")")
	value(t, asker, "SELECT postern_procedures.request('acknowledge', 'desk')")
	exec(t, owner, "UPDATE postern_procedures.requests SET asked = asked - interval '31 seconds' WHERE done IS NULL")
	if taken, err = warehouse.ClaimRequests(t.Context(), service); err != nil || len(taken) != 1 || !taken[0].Late {
		t.Errorf("taken: %+v, %v", taken, err)
	}
	if _, err := asker.Exec(t.Context(), "SELECT postern_procedures.request('project', 'x') FROM generate_series(1, 60)").ReadAll(); err == nil {
		t.Error("sixty at once")
	}
	if _, err := stranger.Exec(t.Context(), "SELECT postern_procedures.request('grant', 'x')").ReadAll(); err == nil {
		t.Error("an action that is not there")
	}
}

package rewrite

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

// TestPersonalSettings: what is said about a person is told to the session and never to the warehouse.
func TestPersonalSettings(t *testing.T) {
	h := newHarness(t, damage{})
	tests := []struct {
		sql, setting, printed string
		kind                  Kind
		values                []string
	}{
		{"SET SESSION AUTHORIZATION Bob", "session_authorization", `SET "postern.personal" TO ''`, KindSet, []string{"bob"}},
		{`SET session_authorization = 'x"y'`, "session_authorization", `SET "postern.personal" TO ''`, KindSet, []string{`x"y`}},
		{"SET SESSION AUTHORIZATION DEFAULT", "session_authorization", `SET "postern.personal" TO DEFAULT`, KindSet, nil},
		{"RESET SESSION AUTHORIZATION", "session_authorization", `RESET "postern.personal"`, KindReset, nil},
		{"RESET session_authorization", "session_authorization", `RESET "postern.personal"`, KindReset, nil},
		{"SET postern.project = 'help desk'", "postern.project", `SET "postern.personal" TO ''`, KindSet, []string{"help desk"}},
		{"SET SESSION Postern.Project TO figures", "postern.project", `SET "postern.personal" TO ''`, KindSet, []string{"figures"}},
		{"SET postern.project TO DEFAULT", "postern.project", `SET "postern.personal" TO DEFAULT`, KindSet, nil},
		{"RESET postern.project", "postern.project", `RESET "postern.personal"`, KindReset, nil},
		{"SET postern.acknowledge = 'figures'", "postern.acknowledge", `SET "postern.personal" TO ''`, KindSet, []string{"figures"}},
	}
	for _, tt := range tests {
		result, err := h.rewrite(tt.sql)
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		st := result.Statements[0]
		if !st.Personal() || st.Kind != tt.kind || st.Setting != tt.setting || !slices.Equal(st.Values, tt.values) || st.SQL != tt.printed {
			t.Errorf("%s: %+v", tt.sql, st)
		}
	}
	for sql, want := range map[string]string{
		"SET LOCAL postern.project = 'x'": "0A000", "SET LOCAL SESSION AUTHORIZATION x": "0A000", "RESET postern.acknowledge": "0A000", "SET postern.acknowledge TO DEFAULT": "0A000",
		"SHOW postern.acknowledge": "0A000", "SET postern.purposes = 'x'": "0A000", "SET postern.personal = 'x'": "0A000", "SHOW postern.personal": "0A000", "SET postern.project = a, b": "42601",
		"SET postern.project = 'x'; SELECT 1": "25001", "SELECT 1; RESET SESSION AUTHORIZATION": "25001", "SET role = 'x'": "0A000", "SELECT set_config('postern.project', 'x', false)": "0A000",
	} {
		var e *pgerror.Error
		if _, err := h.rewrite(sql); !errors.As(err, &e) || e.Code != want {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
}

// TestPersonIsShown: current_user and the project are the principal's, whoever logged in.
func TestPersonIsShown(t *testing.T) {
	h := newHarness(t, damage{})
	h.person = identity.NewPrincipal(identity.Spec{User: "bob", Login: "ann", Project: "it's", Purposes: []string{"b", "a"}})
	for sql, want := range map[string]string{
		"SELECT current_user, session_user": "'bob'", "SHOW session_authorization": "'bob'", "SHOW postern.project": "'it''s'",
		"SELECT current_setting('postern.project')": "'it''s'", "SHOW postern.purposes": "'a, b'",
	} {
		result, err := h.rewrite(sql)
		if err != nil || !strings.Contains(result.Statements[0].SQL, want) || strings.Contains(result.Statements[0].SQL, "ann") {
			t.Errorf("%s: %+v, %v", sql, result, err)
		}
	}
}

// TestResultsEndInTime: a rewrite that rests on an approval is not used once that has ended, with the clock alone and without any
// publication; before that it comes from the cache.
func TestResultsEndInTime(t *testing.T) {
	start := time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)
	now := start
	snapshot, err := catalog.New(1, "c", []*catalog.Table{{Schema: "public", Name: "t", Kind: catalog.KindTable, Registered: true,
		Columns: []catalog.Column{{Name: "x", Type: "integer", Category: 'N', Reviewed: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	program, _, err := policy.Compile(policy.Input{Version: 1, Snapshot: snapshot, Subscriptions: []policy.SubscriptionPolicy{{Name: "asked",
		On: policy.Selector{Tables: []string{"c.public.t"}}, Access: policy.AccessRead, Effect: policy.SubscriptionGrant, Allow: policy.Allow{Approval: &policy.Approval{By: []string{"bob"}}}}},
		Approvals: []policy.Approved{{Policy: "asked", User: "ann", By: []policy.Approver{{Name: "bob"}}, Expires: start.Add(time.Hour)}}})
	if err != nil {
		t.Fatal(err)
	}
	rw, err := New(Config{Dialect: sqlgen.Postgres(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (*Result, error) {
		return rw.Rewrite(t.Context(), Request{SQL: "SELECT x FROM t", Program: program, Principal: identity.NewPrincipal(identity.Spec{User: "ann"}),
			SearchPath: []string{"public"}, Database: "c"})
	}
	for _, after := range []time.Duration{0, time.Minute, time.Hour - 1} {
		now = start.Add(after)
		result, err := ask()
		if err != nil || result.Cached != (after > 0) || !result.ValidUntil.Equal(start.Add(time.Hour)) {
			t.Fatalf("after %v: %+v, %v", after, result, err)
		}
	}
	now = start.Add(time.Hour)
	var e *pgerror.Error
	if result, err := ask(); !errors.As(err, &e) || e.Code != "42P01" {
		t.Errorf("at the approval's end: %+v, %v", result, err)
	}
}

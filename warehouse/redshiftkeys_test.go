package warehouse_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/internal/rsconform"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// TestRedshiftKeysSQL: where masks are built in, the table of keys is made, and open to the two accounts alone; no key is in any statement.
func TestRedshiftKeysSQL(t *testing.T) {
	r := redshiftRegistration()
	before := r
	before.Lambda = warehouse.RedshiftLambda{}
	r.Lambda, r.Masks = warehouse.RedshiftLambda{}, warehouse.RedshiftKeys{Domains: []string{"default"}, Keys: map[string]secret.Value{"default": secret.NewValue("0123456789abcdef0123456789abcdef")}}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	state := warehouse.RedshiftState{Known: true, Kinds: map[string]string{"sales": "local", "lake": "external"}}
	want := []string{
		"CREATE TABLE IF NOT EXISTS postern_functions.mask_keys (domain varchar(63) NOT NULL, version integer NOT NULL, inner_key varchar(64) NOT NULL, outer_key varchar(64) NOT NULL) DISTSTYLE ALL",
		"REVOKE ALL ON TABLE postern_functions.mask_keys FROM PUBLIC",
		`GRANT SELECT ON TABLE postern_functions.mask_keys TO "postern_service"`,
		`GRANT SELECT ON TABLE postern_functions.mask_keys TO "postern_push"`,
	}
	more := slices.DeleteFunc(r.Statements(state), func(sql string) bool { return slices.Contains(before.Statements(state), sql) })
	if diff := cmp.Diff(want, more); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, sql := range more {
		if err := rsconform.Registration(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{"GRANT SELECT ON TABLE postern_functions.mask_keys TO PUBLIC", `GRANT SELECT ON TABLE postern_functions.mask_keys TO "a" WITH GRANT OPTION`, `GRANT ALL ON TABLE postern_functions.mask_keys TO "a"`,
		`GRANT SELECT ON TABLE postern_functions.mask_keys TO ROLE "a"`, "INSERT INTO postern_functions.mask_keys VALUES ('a', 1, 'b', 'c')"} {
		if rsconform.Registration(sql) == nil {
			t.Errorf("the checker takes %s", sql)
		}
	}
	r.Lambda, r.Masks.Domains = warehouse.RedshiftLambda{Function: "f", Role: "default"}, []string{"", strings.Repeat("x", 64)}
	if err := r.Validate(); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("mistakes: %v", err)
	}
}

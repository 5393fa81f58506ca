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

func redshiftRegistration() warehouse.RedshiftRegistration {
	return warehouse.RedshiftRegistration{
		Database: "dev", Service: "postern_service", System: "postern_push", History: true, Write: true, CreateUsers: true, Verifier: secret.NewValue("sha256|aa|bb"),
		Tables: []warehouse.TableName{{Schema: "sales", Name: "customer"}, {Schema: "lake", Name: "clicks"}}, Lambda: warehouse.RedshiftLambda{Function: "postern-masks", Role: "default"},
	}
}

// TestRedshiftRegistrationSQL holds the SQL of a registration, each statement by a checker that knows nothing of it.
func TestRedshiftRegistrationSQL(t *testing.T) {
	r := redshiftRegistration()
	fresh := warehouse.RedshiftState{Known: true, Kinds: map[string]string{"sales": "local", "lake": "external"}}
	want := strings.TrimSpace(`
CREATE SCHEMA IF NOT EXISTS postern_functions
REVOKE ALL ON SCHEMA postern_functions FROM PUBLIC
GRANT USAGE ON SCHEMA postern_functions TO "postern_service"
CREATE EXTERNAL FUNCTION postern_functions.keyed_hash(varchar, varchar) RETURNS varchar STABLE LAMBDA 'postern-masks' IAM_ROLE default RETRY_TIMEOUT 20000 MAX_BATCH_SIZE 1 MB
REVOKE ALL ON FUNCTION postern_functions.keyed_hash(varchar, varchar) FROM PUBLIC
GRANT EXECUTE ON FUNCTION postern_functions.keyed_hash(varchar, varchar) TO "postern_service"
CREATE EXTERNAL FUNCTION postern_functions.keyed_draw(varchar, varchar) RETURNS bigint STABLE LAMBDA 'postern-masks' IAM_ROLE default RETRY_TIMEOUT 20000 MAX_BATCH_SIZE 1 MB
REVOKE ALL ON FUNCTION postern_functions.keyed_draw(varchar, varchar) FROM PUBLIC
GRANT EXECUTE ON FUNCTION postern_functions.keyed_draw(varchar, varchar) TO "postern_service"
CREATE EXTERNAL FUNCTION postern_functions.protect(varchar, varchar) RETURNS varchar STABLE LAMBDA 'postern-masks' IAM_ROLE default RETRY_TIMEOUT 20000 MAX_BATCH_SIZE 1 MB
REVOKE ALL ON FUNCTION postern_functions.protect(varchar, varchar) FROM PUBLIC
GRANT EXECUTE ON FUNCTION postern_functions.protect(varchar, varchar) TO "postern_service"
CREATE EXTERNAL FUNCTION postern_functions.format_preserving(varchar, varchar, varchar) RETURNS varchar STABLE LAMBDA 'postern-masks' IAM_ROLE default RETRY_TIMEOUT 20000 MAX_BATCH_SIZE 1 MB
REVOKE ALL ON FUNCTION postern_functions.format_preserving(varchar, varchar, varchar) FROM PUBLIC
GRANT EXECUTE ON FUNCTION postern_functions.format_preserving(varchar, varchar, varchar) TO "postern_service"
GRANT USAGE ON SCHEMA "lake" TO "postern_service"
GRANT USAGE ON SCHEMA "sales" TO "postern_service"
GRANT SELECT ON TABLE "sales"."customer" TO "postern_service"
ALTER USER "postern_service" SYSLOG ACCESS UNRESTRICTED
CREATE USER "postern_push" PASSWORD DISABLE NOCREATEDB NOCREATEUSER SYSLOG ACCESS RESTRICTED
CREATE ROLE "postern_push_permissions"
GRANT CREATE ROLE TO ROLE "postern_push_permissions"
GRANT ACCESS SYSTEM TABLE TO ROLE "postern_push_permissions"
GRANT CREATE USER TO ROLE "postern_push_permissions"
GRANT ROLE "postern_push_permissions" TO "postern_push"
GRANT CREATE ON DATABASE "dev" TO "postern_push"
CREATE SCHEMA postern_system AUTHORIZATION "postern_push"
REVOKE ALL ON SCHEMA postern_system FROM PUBLIC
CREATE SCHEMA postern_procedures AUTHORIZATION "postern_push"
REVOKE ALL ON SCHEMA postern_procedures FROM PUBLIC
GRANT USAGE ON SCHEMA postern_functions TO "postern_push" WITH GRANT OPTION
GRANT EXECUTE ON FUNCTION postern_functions.keyed_hash(varchar, varchar) TO "postern_push" WITH GRANT OPTION
GRANT EXECUTE ON FUNCTION postern_functions.keyed_draw(varchar, varchar) TO "postern_push" WITH GRANT OPTION
GRANT EXECUTE ON FUNCTION postern_functions.protect(varchar, varchar) TO "postern_push" WITH GRANT OPTION
GRANT EXECUTE ON FUNCTION postern_functions.format_preserving(varchar, varchar, varchar) TO "postern_push" WITH GRANT OPTION
GRANT USAGE ON SCHEMA "lake" TO "postern_push" WITH GRANT OPTION
GRANT USAGE ON SCHEMA "sales" TO "postern_push" WITH GRANT OPTION
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "sales"."customer" TO "postern_push" WITH GRANT OPTION`)
	if diff := cmp.Diff(strings.Split(want, "\n"), r.Statements(fresh)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	there := warehouse.RedshiftState{Known: true, Users: map[string]bool{"postern_push": true}, Roles: map[string]bool{"postern_push_permissions": true},
		Schemas: map[string]string{"postern_system": "postern_push", "postern_procedures": "postern_push", "postern_functions": "awsuser"}, Functions: map[string]bool{"keyed_hash(varchar, varchar)": true}}
	again := r.Statements(there)
	for _, sql := range slices.Concat(r.Statements(fresh), again, r.Removal(there), r.Removal(warehouse.RedshiftState{})) {
		if err := rsconform.Registration(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if slices.ContainsFunc(again, func(sql string) bool {
		return strings.HasPrefix(sql, "CREATE USER") || strings.Contains(sql, "FUNCTION postern_functions.keyed_hash(varchar, varchar) RETURNS")
	}) {
		t.Errorf("what is there is made again: %q", again)
	}
	for _, script := range []string{r.Script(fresh), r.Script(warehouse.RedshiftState{})} {
		if strings.Contains(script, "sha256|") {
			t.Error("the password's digest is in the text that is shown")
		}
	}
}

// TestRedshiftRegistrationMistakes names them all at once.
func TestRedshiftRegistrationMistakes(t *testing.T) {
	r := warehouse.RedshiftRegistration{Database: strings.Repeat("d", 64), Service: "a", System: "a", Tables: []warehouse.TableName{{Schema: `s\`, Name: ""}}, Lambda: warehouse.RedshiftLambda{Function: "f'"}}
	err := r.Validate()
	if err == nil || strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("mistakes: %v", err)
	}
	for _, sql := range []string{"GRANT USAGE ON SCHEMA postern_system TO PUBLIC", `GRANT SELECT ON TABLE "S"."t" TO "a"`, "DROP SCHEMA sales CASCADE", "GRANT ALL ON DATABASE \"dev\" TO \"a\"", `ALTER USER "a" CREATEUSER`} {
		if rsconform.Registration(sql) == nil {
			t.Errorf("the checker takes %s", sql)
		}
	}
}

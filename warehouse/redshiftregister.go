package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/secret"
)

// The schemas of Postern's own in a Redshift: what push keeps for itself, the functions of masks, and the procedures that people call.
const (
	redshiftSystemSchema    = "postern_system"
	redshiftProcedureSchema = "postern_procedures"
)

// RedshiftRegistration is what a Redshift needs before Postern can serve it, and maintain anything in it: schemas, the system account with what it
// needs and no more, the service account's grants, and the functions of keyed masks where there is a Lambda. It is installed by a superuser, or
// by an account that may do all of it itself, and again whenever tables are added.
type RedshiftRegistration struct {
	Database string
	// Service is the proxy's account. It exists already.
	Service string
	// System is the account that maintains what is pushed; "" where nothing is. It is made unless it is there.
	System string
	// Verifier is what is kept of the system account's password, as CREATE USER takes it (sha256|digest|salt); without one it has none, and
	// logs in by temporary credentials alone. It is in no text that is shown.
	Verifier secret.Value
	// CreateUsers lets the system account make the accounts of people.
	CreateUsers bool
	// History lets the service account see everybody's statements, so that they are put on record.
	History bool
	// Tables are the registered ones.
	Tables []TableName
	// Write adds the privileges of writing to what the system account may hand on.
	Write bool
	// Lambda computes keyed masks; the zero value for none.
	Lambda RedshiftLambda
	// Masks are the keys of masks that Redshift computes by itself; the zero value for none. No statement has them.
	Masks RedshiftKeys
}

// RedshiftLambda is the function of docs/lambda.md.
type RedshiftLambda struct {
	// Function is its name, and Role the ARN of the role by which the cluster calls it, or `default`.
	Function, Role string
}

// maxRedshiftName is how long a name may be that reads alike in the rewriter, the crawl and the cluster.
const maxRedshiftName = 63

// Validate reports every mistake at once.
func (r RedshiftRegistration) Validate() error {
	var mistakes []error
	check := func(what, name string) {
		if err := checkName(what, name, maxRedshiftName); err != nil {
			mistakes = append(mistakes, err)
		}
		if strings.Contains(name, `\`) {
			mistakes = append(mistakes, fmt.Errorf(`%s %q has a backslash`, what, name))
		}
	}
	check("database", r.Database)
	check("service account", r.Service)
	if r.System != "" {
		check("system account", r.System)
	}
	if r.System != "" && r.System == r.Service {
		mistakes = append(mistakes, fmt.Errorf("%s is to be the service account and the system account", r.System))
	}
	for _, t := range r.Tables {
		check("schema", t.Schema)
		check("table", t.Name)
	}
	for _, d := range r.Masks.Domains {
		check("token domain", d)
	}
	if len(r.Masks.Domains) > 0 && r.Lambda.Function != "" {
		mistakes = append(mistakes, errors.New("masks are to be built in, and a Lambda is named"))
	}
	if (r.Lambda.Function == "") != (r.Lambda.Role == "") || strings.ContainsAny(r.Lambda.Function+r.Lambda.Role, "'\\\x00") {
		mistakes = append(mistakes, errors.New("a Lambda needs a function and a role, without quotes and backslashes"))
	}
	return errors.Join(mistakes...)
}

// permissions is the role with the system permissions of the system account: only roles can hold those.
func (r RedshiftRegistration) permissions() string { return r.System + "_permissions" }

// systemPermissions are what push cannot do without: roles, and to read back what is granted.
func (r RedshiftRegistration) systemPermissions() []string {
	out := []string{"CREATE ROLE", "ACCESS SYSTEM TABLE"}
	if r.CreateUsers {
		out = append(out, "CREATE USER")
	}
	return out
}

// Statements returns what RegisterRedshift runs, in order, inside one transaction, but for the password. What is as it should be is left out as
// far as the state tells, and is not touched otherwise.
func (r RedshiftRegistration) Statements(s RedshiftState) []string {
	out := r.functionStatements(s)
	out = append(out, r.serviceStatements(s)...)
	if r.System != "" {
		out = append(out, r.systemStatements(s)...)
	}
	return out
}

// functionStatements are the schema of the functions of masks and what is in it. A new function can be called by everybody, until that is revoked.
func (r RedshiftRegistration) functionStatements(s RedshiftState) []string {
	out := []string{"CREATE SCHEMA IF NOT EXISTS " + FunctionsSchema, "REVOKE ALL ON SCHEMA " + FunctionsSchema + " FROM PUBLIC"}
	out = append(out, "GRANT USAGE ON SCHEMA "+FunctionsSchema+" TO "+quoteIdent(r.Service))
	out = append(out, r.keyStatements()...)
	if r.Lambda.Function == "" {
		return out
	}
	role := "'" + r.Lambda.Role + "'"
	if strings.EqualFold(r.Lambda.Role, "default") {
		role = "default"
	}
	for _, f := range redshiftMaskFunctions() {
		if !s.Functions[f.signature] {
			out = append(out, fmt.Sprintf("CREATE EXTERNAL FUNCTION %s.%s RETURNS %s STABLE LAMBDA '%s' IAM_ROLE %s RETRY_TIMEOUT 20000 MAX_BATCH_SIZE 1 MB", FunctionsSchema, f.signature, f.result, r.Lambda.Function, role))
		}
		out = append(out, "REVOKE ALL ON FUNCTION "+FunctionsSchema+"."+f.signature+" FROM PUBLIC", "GRANT EXECUTE ON FUNCTION "+FunctionsSchema+"."+f.signature+" TO "+quoteIdent(r.Service))
	}
	return out
}

// redshiftMaskFunction is a function that the Lambda computes.
type redshiftMaskFunction struct{ signature, result string }

func redshiftMaskFunctions() []redshiftMaskFunction {
	return []redshiftMaskFunction{
		{"keyed_hash(varchar, varchar)", "varchar"}, {"keyed_draw(varchar, varchar)", "bigint"}, {"protect(varchar, varchar)", "varchar"},
		{"format_preserving(varchar, varchar, varchar)", "varchar"},
	}
}

// serviceStatements let the proxy's account read what is registered. Spectrum has no grants on tables: who may use the schema reads all of it.
func (r RedshiftRegistration) serviceStatements(s RedshiftState) (out []string) {
	service := quoteIdent(r.Service)
	for _, schema := range r.schemas() {
		out = append(out, "GRANT USAGE ON SCHEMA "+quoteIdent(schema)+" TO "+service)
	}
	for _, t := range r.local(s) {
		out = append(out, "GRANT SELECT ON TABLE "+t+" TO "+service)
	}
	if r.History {
		out = append(out, "ALTER USER "+service+" SYSLOG ACCESS UNRESTRICTED")
	}
	return out
}

// systemStatements make the system account and what it owns.
func (r RedshiftRegistration) systemStatements(s RedshiftState) (out []string) {
	system, role := quoteIdent(r.System), quoteIdent(r.permissions())
	if !s.Users[r.System] {
		out = append(out, "CREATE USER "+system+" PASSWORD DISABLE NOCREATEDB NOCREATEUSER SYSLOG ACCESS RESTRICTED")
	}
	if !s.Roles[r.permissions()] {
		out = append(out, "CREATE ROLE "+role)
	}
	for _, p := range r.systemPermissions() {
		out = append(out, "GRANT "+p+" TO ROLE "+role)
	}
	out = append(out, "GRANT ROLE "+role+" TO "+system, "GRANT CREATE ON DATABASE "+quoteIdent(r.Database)+" TO "+system)
	for _, schema := range []string{redshiftSystemSchema, redshiftProcedureSchema} {
		if _, there := s.Schemas[schema]; !there {
			out = append(out, "CREATE SCHEMA "+schema+" AUTHORIZATION "+system)
		}
		out = append(out, "REVOKE ALL ON SCHEMA "+schema+" FROM PUBLIC")
	}
	out = append(out, "GRANT USAGE ON SCHEMA "+FunctionsSchema+" TO "+system+" WITH GRANT OPTION")
	if len(r.Masks.Domains) > 0 {
		out = append(out, "GRANT SELECT ON TABLE "+redshiftKeys+" TO "+system)
	}
	if r.Lambda.Function != "" {
		for _, f := range redshiftMaskFunctions() {
			out = append(out, "GRANT EXECUTE ON FUNCTION "+FunctionsSchema+"."+f.signature+" TO "+system+" WITH GRANT OPTION")
		}
	}
	privileges := "SELECT"
	if r.Write {
		privileges = "SELECT, INSERT, UPDATE, DELETE"
	}
	for _, schema := range r.schemas() {
		out = append(out, "GRANT USAGE ON SCHEMA "+quoteIdent(schema)+" TO "+system+" WITH GRANT OPTION")
	}
	for _, t := range r.local(s) {
		out = append(out, "GRANT "+privileges+" ON TABLE "+t+" TO "+system+" WITH GRANT OPTION")
	}
	return out
}

// schemas are those of the tables.
func (r RedshiftRegistration) schemas() (out []string) {
	for _, t := range r.Tables {
		out = append(out, t.Schema)
	}
	return sortedUnique(out)
}

// local are the tables that are not Spectrum's.
func (r RedshiftRegistration) local(s RedshiftState) (out []string) {
	for _, t := range r.Tables {
		if s.Kinds[t.Schema] != schemaExternal {
			out = append(out, quoteIdent(t.Schema)+"."+quoteIdent(t.Name))
		}
	}
	return sortedUnique(out)
}

// Script is the whole as text for an administrator, but for the password.
func (r RedshiftRegistration) Script(s RedshiftState) string {
	note := ""
	if r.System != "" && r.Verifier.Reveal() != "" {
		note = "-- The password of " + quoteLiteral(r.System) + " is not part of this script: `postern register` sets it, or ALTER USER.\n"
	}
	if !s.Known {
		note += "-- Written without asking the cluster: leave out CREATE USER and CREATE ROLE of what is there, and the grants on tables of external schemas (Spectrum), which have none.\n"
	}
	return note + "BEGIN;\n" + strings.Join(r.Statements(s), ";\n") + ";\nCOMMIT;\n"
}

// RegisterRedshift runs the statements in one transaction as the account that conn is logged in as, and reads back what they gave. On an error
// nothing has changed. The warnings say what is open to more people than it needs to be.
func RegisterRedshift(ctx context.Context, conn *pgconn.PgConn, r RedshiftRegistration, s RedshiftState) (warnings []string, err error) {
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("checking the registration: %w", err)
	}
	if err := foldNames(ctx, conn); err != nil {
		return nil, err
	}
	err = atomically(ctx, conn, "registering", r.Statements(s), func() error {
		if err := r.installKeys(ctx, conn); err != nil {
			return err
		}
		if v := r.Verifier.Reveal(); r.System != "" && v != "" {
			if _, err := conn.Exec(ctx, "ALTER USER "+quoteIdent(r.System)+" PASSWORD '"+v+"'").ReadAll(); err != nil {
				return errors.New("registering: setting the system account's password was refused")
			}
		}
		if err := r.readBack(ctx, conn, s); err != nil {
			return err
		}
		warnings, err = r.SelfCheck(ctx, conn)
		return err
	})
	return warnings, err
}

// foldNames has the cluster read names as push prints them: a session's own setting may say otherwise.
func foldNames(ctx context.Context, conn *pgconn.PgConn) error {
	if _, err := conn.Exec(ctx, "SET enable_case_sensitive_identifier TO false").ReadAll(); err != nil {
		return fmt.Errorf("setting how names are read: %w", err)
	}
	return nil
}

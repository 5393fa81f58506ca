package push

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// redshift is the dialect of Amazon Redshift: redshiftboot.go makes what the Syncer keeps for itself, redshiftread.go and redshiftacl.go read what is
// there, redshiftprint.go puts statements into words, redshiftperson.go, redshiftcalls.go and redshiftprocedures.go write the profile, and redshiftways.go and redshiftscoped.go look for ways around.
//
// There are no advisory locks, no SAVEPOINT, no ON CONFLICT, no arrays and no comments on roles. Catalogs are those of PostgreSQL 8.0 on the leader
// node, which no statement joins with a user's table; so what of them must be written down is asked first.
type redshift struct {
	// builtin has hashes and draws computed by Redshift itself, with keys that registration keeps.
	builtin bool
}

// printer is the dialect of what is printed.
func (r redshift) printer() sqlgen.Dialect {
	if r.builtin {
		return sqlgen.RedshiftBuiltin()
	}
	return sqlgen.Redshift()
}

func (r redshift) look(ctx context.Context, s *Syncer, conn *pgconn.PgConn) (*facts, error) {
	set := s.config.Settings
	for _, sql := range []string{
		"SET search_path TO pg_catalog", "SET enable_case_sensitive_identifier TO false", "SET datestyle TO 'ISO, MDY'", "SET timezone TO 'UTC'",
		"SET statement_timeout TO " + strconv.FormatInt(set.StatementTimeout.Milliseconds(), 10),
	} {
		if err := exec(ctx, conn, sql); err != nil {
			return nil, fmt.Errorf("setting the session up: %w", err)
		}
	}
	f := &facts{version: redshiftVersion, maxLocks: 1 << 20, originals: map[string]bool{}, wrappers: map[string]bool{}, made: map[string]string{}}
	if err := r.identity(ctx, conn, set, f); err != nil {
		return nil, err
	}
	if err := r.own(ctx, conn, set); err != nil {
		return nil, err
	}
	if err := r.system(ctx, conn, set, f); err != nil {
		return nil, err
	}
	f.makes, f.makesPeople = f.createRole, set.CreateRoles && f.createUser
	if err := r.functions(ctx, conn, f); err != nil {
		return nil, err
	}
	return f, s.sameConnection(ctx, conn, f)
}

// redshiftVersion stands for that of a server: there is one, and it is newer than any PostgreSQL as far as roles go.
const redshiftVersion = 1 << 30

// identity refuses another account or database than the settings say.
func (redshift) identity(ctx context.Context, conn *pgconn.PgConn, set Settings, f *facts) error {
	rows, err := query(ctx, conn, "SELECT current_user, current_database(), pg_backend_pid()")
	if err != nil || len(rows) != 1 {
		return fmt.Errorf("asking what the server is: %w", errors.Join(err, fmt.Errorf("%d rows", len(rows))))
	}
	f.pid = rows[0][2]
	switch v := rows[0]; {
	case v[0] != set.SystemRole:
		return fmt.Errorf("logged in as %s and not as the system account %s", v[0], set.SystemRole)
	case v[1] != set.Database:
		return fmt.Errorf("connected to database %s and not %s", v[1], set.Database)
	}
	if rows, err = query(ctx, conn, "SELECT usesuper FROM pg_catalog.pg_user WHERE usename = current_user"); err != nil {
		return fmt.Errorf("asking what the account may do: %w", err)
	}
	f.super = len(rows) == 1 && isTrue(rows[0][0])
	held, err := systemPermissions(ctx, conn, set.SystemRole)
	if err != nil {
		return err
	}
	if !f.super && !held["ACCESS SYSTEM TABLE"] {
		return fmt.Errorf("account %s has no ACCESS SYSTEM TABLE, and could not read back what is granted: an administrator runs the set-up of docs/push-redshift.md", set.SystemRole)
	}
	f.createRole, f.mayTerminate = f.super || held["CREATE ROLE"], f.super
	f.createUser = f.super || held["CREATE USER"]
	if rows, err = query(ctx, conn, "SELECT object_type, privilege_type, grantee_name FROM pg_catalog.svv_default_privileges WHERE owner_name = "+rsText(set.SystemRole)); err != nil {
		return fmt.Errorf("asking for default privileges: %w", err)
	}
	if len(rows) > 0 {
		return fmt.Errorf("default privileges would open whatever is made: %s on each %s to %s; run ALTER DEFAULT PRIVILEGES to end that", rows[0][1], strings.ToLower(rows[0][0]), rows[0][2])
	}
	return nil
}

// own refuses a database that is another cluster's, and one that does not tell capitals apart, before anything is made.
func (redshift) own(ctx context.Context, conn *pgconn.PgConn, set Settings) error {
	rows, err := query(ctx, conn, "SELECT database_type FROM pg_catalog.svv_redshift_databases WHERE database_name = "+rsText(set.Database))
	if err != nil {
		return fmt.Errorf("asking whose database it is: %w", err)
	}
	if len(rows) == 1 && strings.EqualFold(strings.TrimSpace(rows[0][0]), "shared") {
		return fmt.Errorf("database %s is a datashare of another cluster: views cannot be made in it, and its owner's policies do not come with it; register the tables at the cluster that owns them", set.Database)
	}
	return warehouse.RedshiftTellsCase(ctx, conn)
}

// isTrue reads a boolean: views of the system's print them in more ways than one.
func isTrue(v string) bool { return strings.HasPrefix(strings.ToLower(v), "t") }

// systemPermissions are those that an account has by its roles, and by theirs.
func systemPermissions(ctx context.Context, conn *pgconn.PgConn, account string) (map[string]bool, error) {
	roles := map[string]bool{}
	user, err := query(ctx, conn, "SELECT role_name FROM pg_catalog.svv_user_grants WHERE user_name = "+rsText(account))
	if err != nil {
		return nil, fmt.Errorf("asking for the account's roles: %w", err)
	}
	nested, err := query(ctx, conn, "SELECT role_name, granted_role_name FROM pg_catalog.svv_role_grants")
	if err != nil {
		return nil, fmt.Errorf("asking for the account's roles: %w", err)
	}
	var add func(role string)
	add = func(role string) {
		if roles[role] {
			return
		}
		roles[role] = true
		for _, v := range nested {
			if v[0] == role {
				add(v[1])
			}
		}
	}
	for _, v := range user {
		add(v[0])
	}
	rows, err := query(ctx, conn, "SELECT system_privilege, identity_name, identity_type FROM pg_catalog.svv_system_privileges")
	if err != nil {
		return nil, fmt.Errorf("asking for system permissions: %w", err)
	}
	out := map[string]bool{}
	for _, v := range rows {
		if v[2] == "user" && v[1] == account || v[2] == "role" && roles[v[1]] {
			out[strings.ToUpper(v[0])] = true
		}
	}
	return out, nil
}

// system looks at the schemas that are to be ours.
func (redshift) system(ctx context.Context, conn *pgconn.PgConn, set Settings, f *facts) error {
	rows, err := query(ctx, conn, "SELECT nspname, pg_catalog.pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname IN ('"+SystemSchema+"', '"+ProcedureSchema+"')")
	if err != nil {
		return fmt.Errorf("looking for schema %s: %w", SystemSchema, err)
	}
	there := map[string]bool{}
	for _, v := range rows {
		if there[v[0]] = true; v[1] != set.SystemRole {
			return fmt.Errorf("schema %s belongs to account %s and not to the system account %s", v[0], v[1], set.SystemRole)
		}
	}
	if !there[SystemSchema] {
		return nil
	}
	if rows, err = query(ctx, conn, "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '"+SystemSchema+"'"); err != nil {
		return fmt.Errorf("looking at schema %s: %w", SystemSchema, err)
	}
	for _, v := range rows {
		f.prepared = f.prepared || v[0] == "ledger"
		f.admits = f.admits || v[0] == "admission"
	}
	switch {
	case len(rows) == 0:
		return nil // the schema was made when the connection was registered
	case !f.prepared:
		return fmt.Errorf("schema %s is there, and is not what this version of Postern makes", SystemSchema)
	}
	f.baseline = true
	if rows, err = query(ctx, conn, "SELECT object_name, digest FROM postern_system.ledger WHERE object_kind = 'part'"); err != nil {
		return fmt.Errorf("reading what was made: %w", err)
	}
	for _, v := range rows {
		f.made[v[0]] = v[1]
	}
	// Where capitals are not told apart, also in tables that were made while the database did not, two accounts could be one, and values would be compared otherwise than the policies say.
	if rows, err = query(ctx, conn, "SELECT count(*) FROM postern_system.sync WHERE probe = 'A'"); err != nil {
		return fmt.Errorf("asking how text is compared: %w", err)
	}
	if rows[0][0] != "0" {
		return warehouse.ErrFoldsCase
	}
	return nil
}

func (redshift) kept() string {
	return `SELECT connection, format, revision, CAST(extract(epoch FROM changed) AS bigint) FROM postern_system.sync`
}

// lock takes the lease: a row that says whose turn it is. A Syncer whose session is gone has lost it. Each transaction holds the table's lock and checks the lease
// before it commits, so that two can never change anything at once, whatever they believe.
func (r redshift) lock(ctx context.Context, s *Syncer, conn *pgconn.PgConn, f *facts) (*lock, error) {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return nil, fmt.Errorf("drawing a lease: %w", err)
	}
	f.lease = hex.EncodeToString(id)
	l := &lock{conn: conn, free: func(ctx context.Context) error {
		err := exec(ctx, conn, "UPDATE postern_system.sync SET holder = '' WHERE holder = '"+f.lease+"'")
		if state := sqlState(err); state == "42P01" || state == "3F000" {
			return nil // what was maintained was removed, and the lease with it
		}
		return err
	}}
	if !f.prepared {
		return l, nil // the bootstrap writes it
	}
	if err := r.take(ctx, s, conn, f); err != nil {
		return l, err
	}
	return l, r.acts(ctx, s, conn, f)
}

func (r redshift) take(ctx context.Context, s *Syncer, conn *pgconn.PgConn, f *facts) error {
	rows, err := query(ctx, conn, "SELECT holder, holder_pid, CASE WHEN until > getdate() THEN 1 ELSE 0 END FROM postern_system.sync")
	if err != nil || len(rows) != 1 {
		return fmt.Errorf("asking whose turn it is: %w", errors.Join(err, errors.New("postern_system.sync has not one row")))
	}
	old := rows[0][0]
	if old != "" && rows[0][1] != f.pid {
		sessions, err := query(ctx, conn, "SELECT process FROM pg_catalog.stv_sessions WHERE trim(user_name) = "+rsText(s.config.Settings.SystemRole))
		alive := rows[0][2] == "1"
		if sqlState(err) != "" {
			sessions, err = nil, nil // no such view (Serverless): the lease ends by the clock
		} else {
			alive = false
		}
		if err != nil {
			return fmt.Errorf("asking who is at work: %w", err)
		}
		for _, v := range sessions {
			alive = alive || v[0] == rows[0][1]
		}
		if alive {
			return ErrBusy
		}
	}
	for _, st := range []Statement{
		{SQL: "BEGIN"}, {SQL: "LOCK postern_system.sync"},
		{SQL: fmt.Sprintf("UPDATE postern_system.sync SET holder = '%s', holder_pid = %s, until = %s WHERE holder = %s", f.lease, f.pid, until(s.config.Settings), rsText(old)), one: true},
		{SQL: "COMMIT"},
	} {
		if err := s.run(ctx, conn, st); err != nil {
			err = rolledBack(ctx, conn, err)
			if errors.Is(err, errNotOne) {
				return ErrBusy
			}
			return fmt.Errorf("taking the lease: %w", err)
		}
	}
	return nil
}

// until is when a lease ends of which it cannot be known that its session is gone.
func until(set Settings) string {
	return "dateadd(second, " + strconv.Itoa(int(2*set.StatementTimeout/time.Second)+60) + ", getdate())"
}

// hasty: there is no bound on waiting for locks alone.
func (redshift) hasty(set Settings) time.Duration {
	return min(5*set.LockTimeout, set.StatementTimeout)
}

func (redshift) opening(set Settings, _ *facts, lockTimeout time.Duration) []Statement {
	timeout := set.StatementTimeout
	if lockTimeout != set.LockTimeout {
		timeout = lockTimeout
	}
	return []Statement{{SQL: "SET LOCAL statement_timeout TO " + strconv.FormatInt(timeout.Milliseconds(), 10)}, {SQL: "LOCK postern_system.sync"}}
}

func (redshift) closing(set Settings, f *facts, program string, step, steps int) []Statement {
	return []Statement{{SQL: fmt.Sprintf("UPDATE postern_system.sync SET revision = revision + 1, program = %s, step = %d, steps = %d, changed = getdate(), until = %s WHERE holder = '%s'",
		rsText(program), step, steps, until(set), f.lease), one: true}}
}

func (redshift) together(sql string) []string {
	all := parts(sql)
	return append(append([]string{"BEGIN"}, all...), "COMMIT")
}

func (redshift) removal(*facts) []string {
	return []string{"DROP SCHEMA " + ProcedureSchema + " CASCADE", "DROP SCHEMA " + SystemSchema + " CASCADE"}
}

// again says that a transaction failed for what another one did beside it, and may be tried again: error 1023, a serializable isolation violation.
func (redshift) again(err error) bool {
	return sqlState(err) == "40001" || sqlState(err) == "XX000" && strings.HasPrefix(strings.TrimPrefix(serverMessage(err), "ERROR: "), "1023")
}

// functions are those of the Lambda's that masks call.
func (redshift) functions(ctx context.Context, conn *pgconn.PgConn, f *facts) error {
	rows, err := query(ctx, conn, `SELECT p.proname || '(' || oidvectortypes(p.proargtypes) || ')' FROM pg_catalog.pg_proc_info p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'postern_functions'`)
	if err != nil {
		return fmt.Errorf("looking for the functions of masks: %w", err)
	}
	for _, v := range rows {
		f.originals[v[0]], f.wrappers[v[0]] = true, true
	}
	return nil
}

package push

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// facts are what the server says of itself and of the role as which we are logged in.
type facts struct {
	version    int
	createRole bool
	// makes says that roles are made, and not asked of a database administrator.
	makes    bool
	super    bool
	maxLocks int
	prepared bool
	revision string
	// at is when something was last changed by a Syncer.
	at time.Time
	// mayTerminate says that sessions of others can be ended.
	mayTerminate bool
	// originals are keyed functions of registration's that we may call, wrappers those of our own.
	originals, wrappers map[string]bool
	// baseline says that there is the table of what was left.
	baseline bool
	// admits says that there are the tables of who is admitted to what.
	admits bool
	// rights are the roles whose rights are ours: what a member of a table's owner may do, others may not.
	rights string
	// commitTimes says that the server keeps when each change was made.
	commitTimes bool
	// createUser says that accounts of people can be made, lease and pid name the session, and made has the digest of each part that was made, all of a
	// Redshift.
	createUser, makesPeople bool
	lease, pid              string
	made                    map[string]string
}

// make says that roles of a kind are made.
func (f *facts) make(kind RoleKind) bool {
	if kind == RolePerson && f.version == redshiftVersion {
		return f.makesPeople
	}
	return f.makes
}

// sessionSetup pins what the meaning of our statements hangs on.
const sessionSetup = `SET search_path = pg_catalog, pg_temp;
SET standard_conforming_strings = on;
SET client_encoding = 'UTF8';
SET row_security = on;
SET default_transaction_isolation = 'read committed';
SET idle_in_transaction_session_timeout = 0;
SET check_function_bodies = on;
SET client_min_messages = warning`

const factsQuery = `SELECT current_setting('server_version_num'), pg_is_in_recovery(), current_setting('default_transaction_read_only'), current_user, current_database(),
    r.rolsuper, r.rolcreaterole,
    current_setting('max_locks_per_transaction')::bigint * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
    pg_has_role('pg_signal_backend', 'USAGE'), COALESCE((SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'postern_system'), ''),
    to_regclass('postern_system.ticket') IS NOT NULL, current_setting('track_commit_timestamp'),
    to_regclass('postern_system.baseline') IS NOT NULL,
    (SELECT string_agg(pg_get_userbyid(defaclrole) || ' grants by default to ' || defaclacl::text, '; ') FROM pg_default_acl WHERE defaclrole = r.oid),
    (SELECT string_agg(o.oid::text, ',' ORDER BY o.oid) FROM pg_roles AS o WHERE pg_has_role(o.oid, 'USAGE')),
    to_regclass('postern_system.user_admission') IS NOT NULL
FROM pg_roles AS r WHERE r.rolname = current_user`

// ErrReadOnly is wrapped where the database takes no writes: a standby, or a database that was made read-only.
var ErrReadOnly = errors.New("the database is read-only")

// look asks for the facts, and refuses a server on which nothing can be maintained.
func (s *Syncer) look(ctx context.Context, conn *pgconn.PgConn) (*facts, error) {
	bounds := fmt.Sprintf(";\nSET lock_timeout = %d;\nSET statement_timeout = %d", s.config.Settings.LockTimeout.Milliseconds(), s.config.Settings.StatementTimeout.Milliseconds())
	if err := exec(ctx, conn, sessionSetup+bounds); err != nil {
		return nil, fmt.Errorf("setting the session up: %w", err)
	}
	rows, err := query(ctx, conn, factsQuery)
	if err != nil || len(rows) != 1 {
		return nil, fmt.Errorf("asking what the server is: %w", err)
	}
	v := rows[0]
	f := &facts{super: v[5] == "t", createRole: v[5] == "t" || v[6] == "t", mayTerminate: v[8] == "t", prepared: v[10] == "t", commitTimes: v[11] == "on", baseline: v[12] == "t", rights: v[14], admits: v[15] == "t"}
	set := s.config.Settings
	f.version, _ = strconv.Atoi(v[0])
	f.maxLocks, _ = strconv.Atoi(v[7])
	f.makes = set.CreateRoles || set.CreateRolesFrom16 && f.version >= 160000 && f.createRole
	switch {
	case f.version < 150000:
		return nil, fmt.Errorf("the server's version %s is older than PostgreSQL 15", v[0])
	case v[1] == "t":
		return nil, fmt.Errorf("%w: it is a standby; name the primary", ErrReadOnly)
	case v[2] == "on":
		return nil, fmt.Errorf("%w: default_transaction_read_only is on", ErrReadOnly)
	case v[3] != set.SystemRole:
		return nil, fmt.Errorf("logged in as %s and not as the system role %s", v[3], set.SystemRole)
	case v[4] != set.Database:
		return nil, fmt.Errorf("connected to database %s and not %s", v[4], set.Database)
	case v[9] != "" && v[9] != set.SystemRole:
		return nil, fmt.Errorf("schema %s belongs to role %s and not to the system role %s", SystemSchema, v[9], set.SystemRole)
	case v[9] != "" && !f.prepared:
		return nil, fmt.Errorf("schema %s is there, and is not what this version of Postern makes", SystemSchema)
	case v[13] != "":
		return nil, fmt.Errorf("default privileges would open whatever is made: %s; run ALTER DEFAULT PRIVILEGES to end that", v[13])
	case set.CreateRoles && !f.createRole:
		return nil, fmt.Errorf("createRoles is set, and role %s has no CREATEROLE", set.SystemRole)
	}
	if err := f.functions(ctx, conn); err != nil {
		return nil, err
	}
	return f, s.sameConnection(ctx, conn, f)
}

// functions finds the keyed functions by their exact types.
func (f *facts) functions(ctx context.Context, conn *pgconn.PgConn) error {
	rows, err := query(ctx, conn, `SELECT n.nspname, p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname IN ('postern_functions', 'postern_system') AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
  AND (n.nspname = 'postern_functions' OR p.proowner = current_user::regrole AND p.proconfig = $1::text[])`, wrapperSettings)
	if err != nil {
		return fmt.Errorf("looking for the functions of masks: %w", err)
	}
	f.originals, f.wrappers = map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		// regprocedure prints argument types without spaces between them.
		_, signature, _ := strings.Cut(strings.ReplaceAll(row[1], ",", ", "), ".")
		if row[0] == SystemSchema {
			f.wrappers[signature] = true
		} else {
			f.originals[signature] = true
		}
	}
	return nil
}

// sameConnection refuses a database that another connection is maintained in.
func (s *Syncer) sameConnection(ctx context.Context, conn *pgconn.PgConn, f *facts) error {
	if !f.prepared {
		return nil
	}
	rows, err := query(ctx, conn, s.dialect().kept())
	if err != nil || len(rows) != 1 {
		return fmt.Errorf("reading what is maintained here: %w", errors.Join(err, errors.New("postern_system.sync has not one row")))
	}
	if v := rows[0]; v[0] != s.config.Settings.Connection || v[1] != strconv.Itoa(formatVersion) {
		return fmt.Errorf("this database is maintained for connection %q in format %s, and not for %q in format %d", v[0], v[1], s.config.Settings.Connection, formatVersion)
	}
	f.revision = rows[0][2]
	if seconds, err := strconv.ParseInt(rows[0][3], 10, 64); err == nil {
		f.at = time.Unix(seconds, 0)
	}
	return nil
}

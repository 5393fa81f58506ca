package push

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgres is the dialect of PostgreSQL. What reads and prints more than a few lines stands with what it is about: facts.go, actual.go, acl.go,
// bootstrap.go, lock.go, ungoverned.go and rowsecurity*.go.
type postgres struct{}

func (postgres) look(ctx context.Context, s *Syncer, conn *pgconn.PgConn) (*facts, error) {
	return s.look(ctx, conn)
}

func (postgres) lock(ctx context.Context, s *Syncer, conn *pgconn.PgConn, _ *facts) (*lock, error) {
	return s.lock(ctx, conn)
}

func (postgres) preparation(s *Syncer, f *facts) []string { return s.preparation(f) }

// hasty: what is taken away must not wait behind somebody's long query.
func (postgres) hasty(set Settings) time.Duration { return min(250*time.Millisecond, set.LockTimeout) }

func (postgres) opening(set Settings, _ *facts, lockTimeout time.Duration) []Statement {
	return []Statement{{SQL: fmt.Sprintf("SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = %d", lockTimeout.Milliseconds(), set.StatementTimeout.Milliseconds())}}
}

func (postgres) closing(_ Settings, _ *facts, program string, step, steps int) []Statement {
	return []Statement{{SQL: fmt.Sprintf("UPDATE postern_system.sync SET revision = revision + 1, program = %s, step = %d, steps = %d, at = pg_catalog.now()", text(program), step, steps)}}
}

func (postgres) again(error) bool { return false }

// together is one text: the server makes one transaction of it.
func (postgres) together(sql string) []string { return []string{sql} }

func (postgres) removal(*facts) []string { return []string{"DROP SCHEMA " + SystemSchema + " CASCADE"} }

func (postgres) snapshot() string { return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" }

func (postgres) parts(c *crawler) []func() {
	return []func(){c.ledger, c.roles, c.burdened, c.members, c.touched, c.schemas, c.relations, c.viewColumns, c.dependents, func() { c.views(barrier, writableBarrier) }, c.grants, c.defaults, c.profile, c.admissions, c.paths, c.secured, c.rowPolicies, c.losers}
}

func (postgres) people(c *crawler)  { c.profile() }
func (postgres) members(c *crawler) { c.members() }

func (postgres) roster(c *crawler) bool {
	for _, part := range []func(){c.ledger, c.roles, c.burdened, c.members, c.profile, c.paths} {
		part()
	}
	return true
}

func (postgres) ungoverned(ctx context.Context, conn *pgconn.PgConn, a *Actual, set Settings, want *Desired) error {
	return a.ungoverned(ctx, conn, set, want)
}

func (postgres) open(ctx context.Context, conn *pgconn.PgConn, accounts []string) ([][]string, error) {
	return query(ctx, conn, openTransactions, list(accounts))
}

func (postgres) unended(set Settings) string {
	return "role " + set.SystemRole + " may not end it (GRANT pg_signal_backend)"
}

// kept: the second is rounded down; what somebody did in the rest of it was done after.
// blame: what others granted is told when it is read, and is not ours to take back.
func (postgres) blame(context.Context, *pgconn.PgConn, *Actual, []Grant) string { return "" }

func (postgres) kept() string {
	return "SELECT connection, format, revision, floor(extract(epoch FROM at))::bigint FROM postern_system.sync"
}

func (postgres) left(ctx context.Context, conn *pgconn.PgConn) (settled bool, state string, err error) {
	rows, err := query(ctx, conn, "SELECT settled, state FROM postern_system.baseline")
	if err != nil || len(rows) != 1 {
		return false, "", err
	}
	return rows[0][0] == "t", rows[0][1], nil
}

func (postgres) settle(_ Settings, _ *facts, state string) []Statement {
	return []Statement{{SQL: "UPDATE postern_system.baseline SET settled = true, state = $1::jsonb", Params: []string{state}}}
}

// role makes a role. A person's has no password: who may set one sets it, or the server asks an identity provider.
func (postgres) role(name string, r Role) []string {
	login := "NOLOGIN"
	if r.Kind == RolePerson {
		login = "LOGIN"
	}
	return []string{"CREATE ROLE " + ident(name) + " " + login, "COMMENT ON ROLE " + ident(name) + " IS " + text(r.Comment)}
}

func (postgres) schema(d *difference, name string) []string {
	return []string{
		"CREATE SCHEMA IF NOT EXISTS " + ident(name),
		"COMMENT ON SCHEMA " + ident(name) + " IS " + text("postern: views of connection "+d.settings.Connection+"; what is changed here is undone"),
	}
}

func (postgres) dropRole(_ *difference, name string) string {
	return "DROP ROLE IF EXISTS " + ident(name)
}
func (postgres) dropSchema(name string) string { return "DROP SCHEMA IF EXISTS " + ident(name) }

func (postgres) administer(name, system string) string {
	return "GRANT " + ident(name) + " TO " + ident(system) + " WITH ADMIN OPTION"
}

func (postgres) join(d *difference, role string, accounts []string) string {
	return "GRANT " + ident(role) + " TO " + identList(accounts) + d.inherited()
}

func (postgres) leave(_ *difference, role string, accounts []string) string {
	return "REVOKE " + ident(role) + " FROM " + identList(accounts)
}

func (postgres) grant(_ *difference, verb string, g Grant, all []Object, columns []string) string {
	privilege, objects, to := g.Privilege, "", " TO "
	if verb == "REVOKE" {
		to = " FROM "
	}
	if len(columns) > 0 {
		privilege += " (" + identList(columns) + ")"
	}
	for i, o := range all {
		if i == 0 {
			objects = o.sql()
			continue
		}
		objects += ", " + strings.TrimPrefix(o.sql(), string(o.Kind)+" ")
	}
	role := ident(g.Role)
	if g.Role == publicRole {
		role = "PUBLIC"
	}
	return verb + " " + privilege + " ON " + objects + to + role
}

func (postgres) profiles(rows []Profile) (out []Statement) {
	for chunk := range slices.Chunk(rows, 1000) {
		out = append(out, profileStatement(chunk))
	}
	return out
}

func (postgres) gone(accounts []string) []Statement {
	return []Statement{{SQL: "DELETE FROM postern_system.profile WHERE account = ANY ($1::name[])", Params: []string{list(accounts)}, Note: "the profile of " + listed(accounts), locks: locksOfStatement}}
}

func (postgres) remember(kind, schema, name, digest, mark string) []string {
	return []string{fmt.Sprintf("INSERT INTO postern_system.ledger VALUES (%s, %s, %s, %s, %s) ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark",
		text(kind), text(schema), text(name), text(digest), text(mark))}
}

func (postgres) forget(kind, schema, name string) string { return forget(kind, schema, name) }

func forget(kind, schema, name string) string {
	return fmt.Sprintf("DELETE FROM postern_system.ledger WHERE kind = %s AND schema = %s AND name = %s", text(kind), text(schema), text(name))
}

// replaceable: columns may be added at the end.
func (postgres) replaceable(have, want []ViewColumn) bool {
	return len(have) <= len(want) && slices.Equal(have, want[:len(have)])
}

func (postgres) dropView(at Relation, cascade bool) string {
	if cascade {
		return "DROP VIEW " + at.sql() + " CASCADE"
	}
	return "DROP VIEW " + at.sql()
}

func (postgres) view(at Relation, v View, replace bool) string {
	create := "CREATE VIEW "
	if replace {
		create = "CREATE OR REPLACE VIEW "
	}
	return create + at.sql() + " WITH (" + strings.ReplaceAll(v.options(), ",", ", ") + ") AS\n    " + v.SQL
}

func (postgres) rememberView(at Relation, v View) []Statement {
	return []Statement{{SQL: fmt.Sprintf("INSERT INTO postern_system.ledger SELECT 'view', n.nspname, c.relname, %s, c.oid || ':' || r.oid || ':' || r.xmin::text "+
		"FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN' "+
		"WHERE n.nspname = %s AND c.relname = %s ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark",
		text(v.Digest), text(at.Schema), text(at.Name))}}
}

func profileStatement(rows []Profile) Statement {
	type row struct {
		Profile
		Attributes json.RawMessage `json:"attributes"`
	}
	var who []string
	all := make([]row, len(rows))
	for i, r := range rows {
		all[i] = row{r, json.RawMessage(r.Attributes)}
		who = append(who, r.Account)
	}
	param, err := json.Marshal(all)
	if err != nil {
		// Strings and lists of strings can be printed; an empty parameter makes the statement fail.
		param = nil
	}
	return Statement{
		SQL: "INSERT INTO postern_system.profile (account, user_name, groups, purposes, attributes, flags, audiences) " +
			"SELECT r.account, r.user_name, r.groups, r.purposes, r.attributes, r.flags, r.audiences FROM pg_catalog.jsonb_to_recordset($1::jsonb) " +
			"AS r (account name, user_name text, groups text[], purposes text[], attributes jsonb, flags text[], audiences name[]) " +
			"ON CONFLICT (account) DO UPDATE SET (user_name, groups, purposes, attributes, flags, audiences) = (EXCLUDED.user_name, EXCLUDED.groups, EXCLUDED.purposes, EXCLUDED.attributes, EXCLUDED.flags, EXCLUDED.audiences)",
		Params: []string{string(param)}, Note: "the profile of " + listed(who), Hazards: []Hazard{WidensAccess}, locks: locksOfStatement,
	}
}

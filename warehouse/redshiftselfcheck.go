package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// readBack asks for effective privileges: a GRANT that gives nothing may be a warning and no error. Each question runs on the leader node by itself.
func (r RedshiftRegistration) readBack(ctx context.Context, conn *pgconn.PgConn, s RedshiftState) error {
	var missing []error
	for _, account := range []string{r.Service, r.System} {
		if account == "" {
			continue
		}
		ask := func(what, sql string) error {
			rows, err := query(ctx, conn, sql)
			if err != nil {
				return fmt.Errorf("reading back privileges: %w", err)
			}
			if len(rows) != 1 || rows[0][0] != "t" {
				missing = append(missing, fmt.Errorf("account %s has no %s: the account that registers may not grant it", account, what))
			}
			return nil
		}
		for _, schema := range r.schemas() {
			if err := ask("USAGE on schema "+schema, fmt.Sprintf("SELECT has_schema_privilege(%s, %s, 'usage')", quoteLiteral(account), quoteLiteral(schema))); err != nil {
				return err
			}
		}
		for _, t := range r.local(s) {
			if err := ask("SELECT on table "+t, fmt.Sprintf("SELECT has_table_privilege(%s, %s, 'select')", quoteLiteral(account), quoteLiteral(t))); err != nil {
				return err
			}
		}
	}
	return errors.Join(missing...)
}

// SelfCheck returns what is open that need not be, as sentences: what the two accounts can do beyond what they need, and what everybody can do to
// what is Postern's own. It may be asked as either account.
func (r RedshiftRegistration) SelfCheck(ctx context.Context, conn *pgconn.PgConn) (warnings []string, err error) {
	each := func(sql string, say func(v []string) string) {
		if err != nil {
			return
		}
		var rows [][]string
		if rows, err = query(ctx, conn, sql); err != nil {
			err = fmt.Errorf("checking what is open: %w", err)
		}
		for _, v := range rows {
			if w := say(v); w != "" {
				warnings = append(warnings, w)
			}
		}
	}
	ours := map[string]bool{r.Service: true, r.System: r.System != ""}
	each("SELECT usename, usesuper, usecreatedb FROM pg_catalog.pg_user ORDER BY usename", func(v []string) string {
		switch {
		case !ours[v[0]]:
			return ""
		case v[1] == "t":
			return "account " + v[0] + " is a superuser: no privilege and no policy holds for it"
		case v[2] == "t":
			return "account " + v[0] + " can create databases"
		}
		return ""
	})
	each("SELECT namespace_name, privilege_type FROM svv_schema_privileges WHERE identity_type = 'public' AND namespace_name IN ('public', 'postern_system', 'postern_functions', 'postern_procedures') ORDER BY 1, 2", func(v []string) string {
		switch privilege := strings.ToUpper(strings.TrimSpace(v[1])); {
		case privilege == "CREATE":
			return "everybody can create objects in schema " + v[0] + ": REVOKE CREATE ON SCHEMA " + v[0] + " FROM PUBLIC"
		case v[0] == redshiftSystemSchema || v[0] == FunctionsSchema:
			return "everybody has " + privilege + " on schema " + v[0]
		}
		return ""
	})
	each("SELECT namespace_name, function_name FROM svv_function_privileges WHERE identity_type = 'public' AND namespace_name IN ('postern_system', 'postern_functions') ORDER BY 1, 2", func(v []string) string {
		return "everybody can call " + v[0] + "." + v[1]
	})
	return warnings, err
}

// Removal is what takes a registration back, in order, inside one transaction, after `postern unregister` took back what was pushed. The service
// account stays, without what it was given.
func (r RedshiftRegistration) Removal(s RedshiftState) (out []string) {
	service := quoteIdent(r.Service)
	for _, t := range r.local(s) {
		out = append(out, "REVOKE ALL ON TABLE "+t+" FROM "+service)
	}
	for _, schema := range r.schemas() {
		out = append(out, "REVOKE ALL ON SCHEMA "+quoteIdent(schema)+" FROM "+service)
	}
	if r.History {
		out = append(out, "ALTER USER "+service+" SYSLOG ACCESS RESTRICTED")
	}
	if _, there := s.Schemas[FunctionsSchema]; there || !s.Known {
		out = append(out, "DROP SCHEMA "+FunctionsSchema+" CASCADE")
	}
	if r.System == "" || s.Known && !s.Users[r.System] {
		return out
	}
	system := quoteIdent(r.System)
	for _, schema := range []string{redshiftProcedureSchema, redshiftSystemSchema} {
		if _, there := s.Schemas[schema]; there || !s.Known {
			out = append(out, "DROP SCHEMA "+schema) // without CASCADE: what was pushed is taken back first
		}
	}
	for _, t := range r.local(s) {
		out = append(out, "REVOKE ALL ON TABLE "+t+" FROM "+system)
	}
	for _, schema := range r.schemas() {
		out = append(out, "REVOKE ALL ON SCHEMA "+quoteIdent(schema)+" FROM "+system)
	}
	out = append(out, "REVOKE ALL ON DATABASE "+quoteIdent(r.Database)+" FROM "+system)
	if s.Roles[r.permissions()] || !s.Known {
		out = append(out, "DROP ROLE "+quoteIdent(r.permissions())+" FORCE")
	}
	return append(out, "DROP USER "+system)
}

// RemoveRedshift runs the removal in one transaction. On an error nothing has changed.
func RemoveRedshift(ctx context.Context, conn *pgconn.PgConn, r RedshiftRegistration, s RedshiftState) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := foldNames(ctx, conn); err != nil {
		return err
	}
	return atomically(ctx, conn, "taking the registration back", r.Removal(s), func() error { return nil })
}

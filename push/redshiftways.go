package push

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/warehouse"
)

// ungoverned looks for ways to the data that the policies do not close.
func (redshift) ungoverned(ctx context.Context, conn *pgconn.PgConn, a *Actual, set Settings, want *Desired) error {
	u := newUngoverned(a, set, want)
	u.roles(want)
	u.tables(want)
	for base := range want.Bases {
		for _, role := range a.external[base.Schema] {
			if people := u.people[role]; len(people) > 0 && role != set.ServiceRole && role != set.SystemRole {
				u.find(base.String(), "somebody granted USAGE on its external schema to "+role+", and with it all of the table: open to "+listed(people))
			}
		}
	}
	for _, part := range []func(context.Context, *pgconn.PgConn, *Desired) error{u.redshiftPermissions, u.redshiftScoped, u.redshiftDefaults, u.redshiftSyslog, u.redshiftViews, u.redshiftShares, u.redshiftKeys} {
		if err := part(ctx, conn, want); err != nil {
			return err
		}
	}
	return nil
}

// redshiftPermissions are those of the system's that show more than the policies say, or open ways.
func (u *ungoverned) redshiftPermissions(ctx context.Context, conn *pgconn.PgConn, _ *Desired) error {
	rows, err := query(ctx, conn, "SELECT system_privilege, identity_name, identity_type FROM pg_catalog.svv_system_privileges")
	if err != nil {
		return fmt.Errorf("looking for system permissions: %w", err)
	}
	beyond := map[string]string{
		"ACCESS SYSTEM TABLE": "is shown what others run, with the values in it", "IGNORE RLS": "passes by row-level security", "CREATE USER": "may make users",
		"CREATE OR REPLACE EXTERNAL FUNCTION": "may send what it reads to a Lambda", "CREATE LIBRARY": "may make libraries", "CREATE DATASHARE": "may share tables with other clusters",
		"CREATE ROLE": "may make roles", "ALTER USER": "may change users", "ALTER DEFAULT PRIVILEGES": "may have what is made later be opened",
	}
	for _, v := range rows {
		why, matters := beyond[strings.ToUpper(v[0])]
		role := v[1]
		if v[2] == "role" {
			role = roleKind + v[1]
		}
		if people := u.people[role]; matters && len(people) > 0 {
			u.find(role, "has "+v[0]+", and "+why+": "+listed(people))
		}
	}
	return nil
}

// redshiftSyslog finds accounts that are shown the statements of others.
func (u *ungoverned) redshiftSyslog(ctx context.Context, conn *pgconn.PgConn, _ *Desired) error {
	rows, err := query(ctx, conn, "SELECT user_name, syslog_access FROM pg_catalog.svv_user_info")
	if err != nil {
		return fmt.Errorf("looking for who is shown logs: %w", err)
	}
	for _, v := range rows {
		if strings.EqualFold(v[1], "UNRESTRICTED") && slices.Contains(u.everybody, v[0]) {
			u.find("role "+v[0], "has SYSLOG ACCESS UNRESTRICTED, and is shown what others run, with the values in it")
		}
	}
	return nil
}

// redshiftKeys finds who may read the keys of masks that are built in, and hash guesses with them.
func (u *ungoverned) redshiftKeys(ctx context.Context, conn *pgconn.PgConn, _ *Desired) error {
	readers, err := warehouse.RedshiftKeyReaders(ctx, conn, u.set.ServiceRole, u.set.SystemRole)
	if err != nil {
		return err
	}
	for _, who := range readers {
		u.find(who, "may read the keys of masks, postern_functions.mask_keys, and find out by them what a hash was made of: REVOKE that, and give the token domains another version")
	}
	return nil
}

// redshiftReaders has what views of others read, themselves views or not. Late-binding views hang on nothing, and are not found.
const redshiftReaders = `SELECT DISTINCT n.nspname, c.relname, dn.nspname, dc.relname, pg_catalog.pg_get_userbyid(dc.relowner)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_depend s ON s.refobjid = c.oid JOIN pg_catalog.pg_depend t ON t.objid = s.objid AND t.deptype = 'i'
JOIN pg_catalog.pg_class dc ON dc.oid = t.refobjid JOIN pg_catalog.pg_namespace dn ON dn.oid = dc.relnamespace
WHERE dc.relkind IN ('v', 'm') AND dc.oid <> c.oid AND dn.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3, 4`

// through lists the views of others that read a source, by way of other views too, each with its owner. Our own keep the policies, and nothing is read past them.
func through(base Relation, edges [][]string, ours string) map[Relation]string {
	out := map[Relation]string{}
	for queue := []Relation{base}; len(queue) > 0; queue = queue[1:] {
		for _, v := range edges {
			via := Relation{v[2], v[3]}
			if _, seen := out[via]; !seen && (Relation{v[0], v[1]}) == queue[0] && v[4] != ours && via != base {
				out[via] = v[4]
				queue = append(queue, via)
			}
		}
	}
	return out
}

func (u *ungoverned) redshiftViews(ctx context.Context, conn *pgconn.PgConn, want *Desired) error {
	if len(want.Bases) == 0 {
		return nil
	}
	edges, err := query(ctx, conn, redshiftReaders)
	if err != nil {
		return fmt.Errorf("looking for views that read sources: %w", err)
	}
	granted, err := query(ctx, conn, "SELECT namespace_name, relation_name, identity_name, identity_type FROM pg_catalog.svv_relation_privileges WHERE privilege_type = 'SELECT'")
	if err != nil {
		return fmt.Errorf("looking for who reads views: %w", err)
	}
	readers := map[Relation][]string{}
	for _, v := range granted {
		name := v[2]
		switch v[3] {
		case "public":
			name = publicRole
		case "role":
			if name = v[2]; want.Roles[name].Kind == "" {
				name = roleKind + v[2]
			}
		case "group":
			name = groupKind + v[2]
		}
		readers[Relation{v[0], v[1]}] = append(readers[Relation{v[0], v[1]}], u.people[name]...)
	}
	for base := range want.Bases {
		for via, owner := range through(base, edges, u.set.SystemRole) {
			people := slices.Concat(readers[via], u.people[owner])
			slices.Sort(people)
			if people = slices.Compact(people); len(people) > 0 {
				u.find(base.String(), "can be read through view "+via.String()+" of "+owner+", open to "+listed(people))
			}
		}
	}
	return nil
}

// redshiftShares finds sources that other clusters read.
func (u *ungoverned) redshiftShares(ctx context.Context, conn *pgconn.PgConn, _ *Desired) error {
	rows, err := query(ctx, conn, "SELECT share_name FROM pg_catalog.svv_datashares WHERE share_type = 'OUTBOUND'")
	if err != nil {
		return fmt.Errorf("looking for datashares: %w", err)
	}
	for _, v := range rows {
		u.find("datashare "+v[0], "shares what is in it with other clusters, where no policy holds")
	}
	return nil
}

func (redshift) unended(Settings) string { return "only a superuser may end it" }

// open lists sessions of people in a transaction: it may have begun before the change.
func (redshift) open(ctx context.Context, conn *pgconn.PgConn, accounts []string) ([][]string, error) {
	return query(ctx, conn, "SELECT DISTINCT pid, txn_owner FROM pg_catalog.svv_transactions WHERE pid <> pg_backend_pid() AND txn_owner IN ("+rsTexts(accounts)+")")
}

package push

import (
	"fmt"
	"strings"

	"github.com/posternsql/postern/sqlgen"
)

// bootPart is a part of what the Syncer keeps for itself in a Redshift. Parts are made in order and put on record; one whose text has changed
// since, and which can be made again, is.
type bootPart struct {
	name       string
	statements []string
	again      bool
}

// redshiftParts are all of them.
func redshiftParts(set Settings) []bootPart {
	parts := []bootPart{{"tables", redshiftTables(set), false}, {"people", redshiftPeople(), false}, {"admission", redshiftAdmissionTables(), false}}
	if set.Impersonation {
		parts = append(parts, bootPart{"impersonation", redshiftImpersonationTables(), false})
	}
	parts = append(parts, bootPart{"views", redshiftPersonViews(set.Impersonation), true}, bootPart{"procedures", redshiftProcedures(), true})
	if set.Impersonation {
		parts = append(parts, bootPart{"impersonating", redshiftImpersonationProcedures(), true})
	}
	return parts
}

// redshiftTables are the schemas and the Syncer's own tables. They are small and read everywhere, so that each node has them whole.
func redshiftTables(set Settings) []string {
	return []string{
		"CREATE SCHEMA IF NOT EXISTS " + SystemSchema, "REVOKE ALL ON SCHEMA " + SystemSchema + " FROM PUBLIC",
		"CREATE SCHEMA IF NOT EXISTS " + ProcedureSchema, "REVOKE ALL ON SCHEMA " + ProcedureSchema + " FROM PUBLIC",
		`CREATE TABLE postern_system.sync (
    connection varchar(256) NOT NULL,
    format integer NOT NULL,
    revision bigint NOT NULL,
    program varchar(256) NOT NULL,
    step integer NOT NULL,
    steps integer NOT NULL,
    changed timestamp NOT NULL,
    holder varchar(64) NOT NULL,
    holder_pid integer NOT NULL,
    until timestamp NOT NULL,
    probe varchar(8) NOT NULL
) DISTSTYLE ALL`,
		`CREATE TABLE postern_system.ledger (
    object_kind varchar(16) NOT NULL,
    object_schema varchar(256) NOT NULL,
    object_name varchar(1024) NOT NULL,
    digest varchar(256) NOT NULL,
    mark varchar(1024) NOT NULL
) DISTSTYLE ALL SORTKEY (object_kind, object_schema, object_name)`,
		`CREATE TABLE postern_system.baseline (
    part integer NOT NULL,
    settled boolean NOT NULL,
    state varchar(65535) NOT NULL
) DISTSTYLE ALL`,
		`CREATE TABLE postern_system.digits (
    d integer NOT NULL
) DISTSTYLE ALL`,
		"INSERT INTO postern_system.digits (d) VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)",
		fmt.Sprintf("INSERT INTO postern_system.sync (connection, format, revision, program, step, steps, changed, holder, holder_pid, until, probe) VALUES (%s, %d, 0, '', 0, 0, getdate(), '', 0, getdate(), 'a')",
			rsText(set.Connection), formatVersion),
	}
}

// redshiftPeople are the tables of what is known of people: nobody but the system account reads or writes them.
func redshiftPeople() []string {
	return []string{
		"CREATE TABLE postern_system.profile (\n" + redshiftColumns(sqlgen.RedshiftProfileColumns()) + "\n) DISTSTYLE ALL SORTKEY (account)",
		"CREATE TABLE postern_system.entitlement (\n    account character varying(127) NOT NULL,\n" + redshiftColumns(sqlgen.RedshiftEntitlementColumns()) + "\n) DISTSTYLE ALL SORTKEY (account)",
	}
}

func redshiftColumns(columns []sqlgen.RedshiftColumn) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = "    " + rsIdent(c.Name) + " " + c.Type + " NOT NULL"
	}
	return strings.Join(out, ",\n")
}

// redshiftPersonViews are what stored views read: what is there of who asks, or of whom they act for, and nothing of anybody else. Nobody is granted
// them; stored views read them with their owner's rights.
func redshiftPersonViews(impersonation bool) []string {
	var columns []string
	for _, c := range sqlgen.RedshiftProfileColumns()[1:] {
		columns = append(columns, c.Name)
	}
	view := func(name, query string) string {
		return "CREATE OR REPLACE VIEW " + SystemSchema + "." + name + " AS\n    " + query
	}
	return []string{view(sqlgen.RedshiftProfileView, redshiftUserProfile(columns, impersonation)), view(sqlgen.RedshiftEntitlementView, redshiftUserEntitlement()), view(sqlgen.RedshiftAdmissionView, redshiftUserAdmission())}
}

// preparation makes the parts that are not there as they should be.
func (r redshift) preparation(s *Syncer, f *facts) (out []string) {
	set := s.config.Settings
	for _, p := range redshiftParts(set) {
		now := digest(strings.Join(p.statements, "\x00"))
		old, made := f.made[p.name]
		if made && (old == now || !p.again) {
			continue
		}
		out = append(out, p.statements...)
		out = append(out, r.remember("part", "", p.name, now, "")...)
		f.made[p.name] = now
	}
	if !f.prepared && f.lease != "" {
		out = append(out, fmt.Sprintf("UPDATE postern_system.sync SET holder = '%s', holder_pid = %s, until = %s", f.lease, f.pid, until(set)))
	}
	f.baseline = true
	return out
}

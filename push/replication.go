package push

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// publicationsQuery has the sources of which rows are published: those that a publication names or covers, and those that are published by way of their
// partitions and children.
const publicationsQuery = `
WITH RECURSIVE published AS (
    SELECT c.oid, p.pubname, '' AS via FROM pg_publication_tables AS p
    JOIN pg_namespace AS n ON n.nspname = p.schemaname JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.tablename
), above AS (
    SELECT oid, pubname, via FROM published
    UNION
    SELECT i.inhparent, a.pubname, CASE a.via WHEN '' THEN a.oid::regclass::text ELSE a.via END FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.oid
)
SELECT n.nspname, c.relname, string_agg(DISTINCT a.pubname, ', '), COALESCE(min(a.via) FILTER (WHERE a.via <> ''), ''), bool_or(a.via = '')
FROM above AS a JOIN pg_class AS c ON c.oid = a.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace GROUP BY 1, 2 ORDER BY 1, 2`

// slotsQuery has the logical slots of this database, with who reads from them now.
const slotsQuery = `SELECT s.slot_name, s.plugin, COALESCE(r.usename, '') FROM pg_replication_slots AS s LEFT JOIN pg_stat_replication AS r ON r.pid = s.active_pid
WHERE s.slot_type = 'logical' AND s.database = current_database() ORDER BY 1`

// replication finds what leaves the database by replication: no policy of the server's holds for it.
func (u *ungoverned) replication(ctx context.Context, conn *pgconn.PgConn, want *Desired) error {
	rows, err := query(ctx, conn, publicationsQuery)
	if err != nil {
		return fmt.Errorf("looking for publications: %w", err)
	}
	for _, v := range rows {
		if _, source := want.Bases[Relation{v[0], v[1]}]; !source {
			continue
		}
		if v[4] == "t" {
			u.find(v[0]+"."+v[1], "is published for logical replication by "+v[2]+": who subscribes reads all of it")
		} else {
			u.find(v[0]+"."+v[1], "is published for logical replication by "+v[2]+", by way of "+v[3]+": who subscribes reads all of that")
		}
	}
	if rows, err = query(ctx, conn, slotsQuery); err != nil {
		return fmt.Errorf("looking for logical slots: %w", err)
	}
	for _, v := range rows {
		detail := "hands the changes of tables, sources among them, to whoever has REPLICATION"
		if v[1] != "pgoutput" {
			detail = "hands the changes of all tables, published or not, to whoever has REPLICATION"
		}
		if v[2] != "" {
			detail += "; " + v[2] + " reads from it now"
		}
		u.find("logical slot "+v[0]+" ("+v[1]+")", detail)
	}
	u.replicators()
	return nil
}

// replicators finds roles that are nobody's and may replicate. People's are told of as such, and superusers need no attribute.
func (u *ungoverned) replicators() {
	for _, name := range slices.Sorted(maps.Keys(u.actual.Server)) {
		r := u.actual.Server[name]
		if r.replication && r.login && !r.super && len(u.people[name]) == 0 {
			u.find("role "+name, "has REPLICATION, and can read whole databases; it is nobody's account: whoever logs in as it is not governed")
		}
	}
}

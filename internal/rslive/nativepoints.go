package rslive

import (
	"context"
	"errors"
	"fmt"
)

// nativePoints are about row-level security and masking of the cluster's own, which push does not use: plain views serve for every source.
func nativePoints() []Point {
	return []Point{
		{Name: "native-row-security", Proves: "that an RLS policy with current_user hides rows of a table from who reads it, through a view too", try: nativeRows},
		{Name: "native-row-security-on-views", Proves: "whether an RLS policy can be attached to a view WITH NO SCHEMA BINDING", try: nativeRowsOnViews},
		{Name: "native-masking", Proves: "that a masking policy on a column holds for a role", try: nativeMask},
	}
}

func nativeRows(ctx context.Context, c *Cluster) (string, error) {
	err := c.Exec(ctx, "CREATE TABLE $s.secured (id integer, owner varchar(128))", "INSERT INTO $s.secured VALUES (1, '$p'), (2, 'nobody')",
		"CREATE RLS POLICY $s_own WITH (owner varchar(128)) USING (owner = current_user)", "ATTACH RLS POLICY $s_own ON $s.secured TO ROLE $r", "ALTER TABLE $s.secured ROW LEVEL SECURITY ON",
		"CREATE OR REPLACE VIEW $s.secured_view AS SELECT id FROM $s.secured", "GRANT SELECT ON $s.secured_view TO ROLE $r")
	var got string
	if err == nil {
		got, err = c.Reads(ctx, "SELECT id FROM $s.secured_view")
	}
	if end := c.Exec(ctx, "DROP TABLE IF EXISTS $s.secured CASCADE", "DROP RLS POLICY IF EXISTS $s_own"); err == nil {
		err = end
	}
	if err == nil && got != "1" {
		err = fmt.Errorf("a person reads %q and not 1", got)
	}
	return got, err
}

func nativeRowsOnViews(ctx context.Context, c *Cluster) (string, error) {
	err := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.secured_late AS SELECT id, owner FROM $s.t WITH NO SCHEMA BINDING", "CREATE RLS POLICY $s_late WITH (owner varchar(128)) USING (owner = current_user)",
		"ATTACH RLS POLICY $s_late ON $s.secured_late TO ROLE $r")
	end := c.Exec(ctx, "DROP VIEW IF EXISTS $s.secured_late", "DROP RLS POLICY IF EXISTS $s_late CASCADE")
	if err != nil {
		return toldOf("it is refused", err)
	}
	if end != nil {
		return "", end
	}
	return told("it is taken")
}

func nativeMask(ctx context.Context, c *Cluster) (string, error) {
	err := c.Exec(ctx, "CREATE TABLE $s.covered (name varchar(40))", "INSERT INTO $s.covered VALUES ('Ada')", "GRANT SELECT ON $s.covered TO ROLE $r",
		"CREATE MASKING POLICY $s_mask WITH (name varchar(40)) USING (CAST('***' AS varchar(40)))", "ATTACH MASKING POLICY $s_mask ON $s.covered (name) TO ROLE $r PRIORITY 10")
	var got string
	if err == nil {
		got, err = c.Reads(ctx, "SELECT name FROM $s.covered")
	}
	end := c.Exec(ctx, "DROP TABLE IF EXISTS $s.covered CASCADE", "DROP MASKING POLICY IF EXISTS $s_mask CASCADE")
	switch {
	case err != nil:
		return "", err
	case got != "***":
		return "", errors.Join(fmt.Errorf("a person reads %q", got), end)
	}
	return got, end
}

package rslive

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// viewPoints are about what pushed views rest on.
func viewPoints() []Point {
	return []Point{
		seen("view-gives-owners-rights", "a view is read with its owner's rights, and the table under it is not open", "SELECT id FROM $s.owned ORDER BY id", "1;2;3",
			"CREATE OR REPLACE VIEW $s.owned AS SELECT id FROM $s.t", "GRANT SELECT ON $s.owned TO ROLE $r"),
		seen("table-stays-closed", "who may read the view may not read the table", "SELECT id FROM $s.t", "42501"),
		seen("current-user-in-a-view", "current_user in a view is who asks, in a view that a view reads, too", "SELECT id FROM $s.outer_view", "1",
			"CREATE OR REPLACE VIEW $s.inner_view AS SELECT id FROM $s.t WHERE owner = current_user", "CREATE OR REPLACE VIEW $s.outer_view AS SELECT id FROM $s.inner_view", "GRANT SELECT ON $s.outer_view TO ROLE $r"),
		seen("current-user-in-a-late-binding-view", "current_user in a view WITH NO SCHEMA BINDING is who asks, and the view is read with its owner's rights", "SELECT id FROM $s.late", "1",
			"CREATE OR REPLACE VIEW $s.late AS SELECT id FROM $s.t WHERE owner = current_user WITH NO SCHEMA BINDING", "GRANT SELECT ON $s.late TO ROLE $r"),
		seen("replacing-keeps-grants", "CREATE OR REPLACE VIEW with the same columns keeps the grants", "SELECT id FROM $s.kept", "2",
			"CREATE OR REPLACE VIEW $s.kept AS SELECT id FROM $s.t WHERE id = 1", "GRANT SELECT ON $s.kept TO ROLE $r", "CREATE OR REPLACE VIEW $s.kept AS SELECT id FROM $s.t WHERE id = 2"),
		{Name: "late-binding-replace", Proves: "what becomes of the grants of a view WITH NO SCHEMA BINDING that is replaced by one with other columns", try: lateReplace},
		accepted("views-in-a-transaction", "views are made and dropped in a transaction that can be rolled back", "SELECT count(*) FROM pg_catalog.pg_views WHERE schemaname = '$s' AND viewname = 'rolled'", "0",
			"BEGIN", "CREATE VIEW $s.rolled AS SELECT id FROM $s.t", "ROLLBACK"),
		{Name: "outer-predicates", Proves: "whether what somebody computes of a column runs on rows that a view hides: views are taken for no barrier", try: outerPredicate},
		{Name: "offset-as-a-fence", Proves: "whether OFFSET 0 in a view keeps such predicates from hidden rows", try: offsetFence},
		seen("user-is-member-of", "USER_IS_MEMBER_OF works beside a user table, which nothing rests on", "SELECT count(*) FROM $s.membership", "3",
			"CREATE OR REPLACE VIEW $s.membership AS SELECT id FROM $s.t WHERE user_is_member_of(current_user, '$r')", "GRANT SELECT ON $s.membership TO ROLE $r"),
		{Name: "many-roles", Proves: "that a hundred roles and grants on one view are taken; no limit of views, roles and grants is known", try: manyRoles},
		{Name: "replacing-under-a-query", Proves: "how long CREATE OR REPLACE VIEW waits for a query that reads the view", try: replaceUnderQuery},
		{Name: "errors-quote-values", Proves: "what the error of a cast tells of a hidden value; through the proxy values are taken out of errors", try: errorText},
		{Name: "shadowed-built-ins", Proves: "that a function of somebody's own does not take the place of a built-in one in a view, whatever the reader's search_path", try: shadowed},
		{Name: "guarded-view-cost", Proves: "what a guarded view of 100,000 rows costs beside the table", try: viewCost},
		{Name: "spectrum-current-user", Proves: "current_user in a view over an external table is who asks", Needs: "REDSHIFT_TEST_EXTERNAL, a table of Spectrum's", try: spectrum},
		{Name: "datashare-reads", Proves: "what a read of a datashare's table through a view is refused with; datashares are not registered", Needs: "REDSHIFT_TEST_SHARED, a table of a datashare", try: datashare},
	}
}

func lateReplace(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.wide AS SELECT id FROM $s.t WITH NO SCHEMA BINDING", "GRANT SELECT ON $s.wide TO ROLE $r"); err != nil {
		return "", err
	}
	if err := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.wide AS SELECT name, id FROM $s.t WITH NO SCHEMA BINDING"); err != nil {
		return toldOf("it is refused", err)
	}
	person, err := c.Person(ctx)
	if err != nil {
		return "", err
	}
	if _, err := c.Ask(ctx, person, "SELECT name, id FROM $s.wide"); err != nil {
		return toldOf("it is taken, and the grants are lost", err)
	}
	return told("it is taken, and the grants are kept")
}

func outerPredicate(ctx context.Context, c *Cluster) (string, error) {
	return probe(ctx, c, "CREATE OR REPLACE VIEW $s.probed AS SELECT id, amount FROM $s.t WHERE owner = current_user")
}

func offsetFence(ctx context.Context, c *Cluster) (string, error) {
	return probe(ctx, c, "CREATE OR REPLACE VIEW $s.probed AS SELECT id, amount FROM (SELECT id, amount FROM $s.t WHERE owner = current_user OFFSET 0) AS f")
}

// probe divides by zero on a row that the view hides.
func probe(ctx context.Context, c *Cluster, view string) (string, error) {
	if err := c.Exec(ctx, "DROP VIEW IF EXISTS $s.probed", view, "GRANT SELECT ON $s.probed TO ROLE $r"); err != nil {
		return "", err
	}
	person, err := c.Person(ctx)
	if err != nil {
		return "", err
	}
	if _, err := c.Ask(ctx, person, "SELECT id FROM $s.probed WHERE 1 / (amount - 5) < 2"); err != nil {
		return toldOf("it ran on a hidden row", err)
	}
	return told("it ran on no hidden row in this plan, which proves nothing of others")
}

func manyRoles(ctx context.Context, c *Cluster) (saw string, err error) {
	const many = 100
	if err := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.granted AS SELECT id FROM $s.t"); err != nil {
		return "", err
	}
	defer func() {
		for i := range many {
			if end := c.Exec(ctx, fmt.Sprintf("DROP ROLE $r_%d FORCE", i)); end != nil && err == nil {
				err = end
			}
		}
	}()
	began := time.Now()
	for i := range many {
		if err := c.Exec(ctx, fmt.Sprintf("CREATE ROLE $r_%d", i), fmt.Sprintf("GRANT SELECT ON $s.granted TO ROLE $r_%d", i)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d roles with a grant each in %s", many, time.Since(began).Round(time.Millisecond)), nil
}

// replaceUnderQuery replaces a view that an open transaction has read.
func replaceUnderQuery(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.busy AS SELECT id FROM $s.t", "GRANT SELECT ON $s.busy TO ROLE $r"); err != nil {
		return "", err
	}
	reader, err := c.As(ctx, c.Account)
	if err != nil {
		return "", err
	}
	defer func() { _ = reader.Close(context.WithoutCancel(ctx)) }()
	if _, err := reader.Exec(ctx, c.words("BEGIN; SELECT id FROM $s.busy")).ReadAll(); err != nil {
		return "", err
	}
	if err := c.Exec(ctx, "SET statement_timeout TO 3000"); err != nil {
		return "", err
	}
	began := time.Now()
	failed := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.busy AS SELECT id FROM $s.t WHERE id = 1")
	waited := time.Since(began).Round(time.Millisecond)
	if err := c.Exec(ctx, "SET statement_timeout TO 0"); err != nil {
		return "", err
	}
	if failed != nil {
		return told("it waited for %s, and was given up: %v", waited, failed)
	}
	return told("it was done in %s", waited)
}

func spectrum(ctx context.Context, c *Cluster) (string, error) {
	if c.Given.External == "" {
		return "", errNeeds("REDSHIFT_TEST_EXTERNAL is not set")
	}
	if err := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.spectral AS SELECT current_user AS who FROM "+c.Given.External+" WITH NO SCHEMA BINDING", "GRANT SELECT ON $s.spectral TO ROLE $r"); err != nil {
		return "", err
	}
	got, err := c.Reads(ctx, "SELECT who FROM $s.spectral LIMIT 1")
	if err != nil || got != c.Account {
		return "", errors.Join(err, fmt.Errorf("it is %q", got))
	}
	return got, nil
}

func datashare(ctx context.Context, c *Cluster) (string, error) {
	if c.Given.Shared == "" {
		return "", errNeeds("REDSHIFT_TEST_SHARED is not set")
	}
	if err := c.Exec(ctx, "CREATE OR REPLACE VIEW $s.shared AS SELECT 1 AS one FROM "+c.Given.Shared+" WITH NO SCHEMA BINDING", "GRANT SELECT ON $s.shared TO ROLE $r"); err != nil {
		return toldOf("the view is refused", err)
	}
	person, err := c.Person(ctx)
	if err != nil {
		return "", err
	}
	got, err := c.Ask(ctx, person, "SELECT one FROM $s.shared LIMIT 1")
	return told("a person reads %q %v", got, err)
}

func errorText(ctx context.Context, c *Cluster) (string, error) {
	got, err := c.Ask(ctx, c.Admin, "SELECT CAST(name AS integer) FROM $s.t WHERE id = 1")
	if err == nil {
		return "", fmt.Errorf("the cast gives %q", got)
	}
	return told("%v", err)
}

// shadowed has a reader whose search_path begins with a schema that has a strpos of its own.
func shadowed(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE OR REPLACE FUNCTION $s.strpos(varchar, varchar) RETURNS integer IMMUTABLE AS $$ SELECT 99 $$ LANGUAGE sql",
		"CREATE OR REPLACE VIEW $s.bound_call AS SELECT strpos(name, 'd') AS at FROM $s.t WHERE id = 1", "CREATE OR REPLACE VIEW $s.late_call AS SELECT strpos(name, 'd') AS at FROM $s.t WHERE id = 1 WITH NO SCHEMA BINDING",
		"GRANT SELECT ON $s.bound_call TO ROLE $r", "GRANT SELECT ON $s.late_call TO ROLE $r"); err != nil {
		return "", err
	}
	person, err := c.As(ctx, c.Account)
	if err != nil {
		return "", err
	}
	defer func() { _ = person.Close(context.WithoutCancel(ctx)) }()
	if _, err := person.Exec(ctx, c.words("SET search_path TO $s, pg_catalog")).ReadAll(); err != nil {
		return "", err
	}
	got, err := c.Ask(ctx, person, "SELECT b.at, l.at FROM $s.bound_call AS b, $s.late_call AS l")
	if err == nil && got != "2|2" {
		err = fmt.Errorf("they give %q and not 2|2: the other function is called", got)
	}
	return got, errors.Join(err, c.Exec(ctx, "DROP FUNCTION $s.strpos(varchar, varchar)"))
}

// viewCost counts the rows of a table, and through a view that is joined to what is known of a person.
func viewCost(ctx context.Context, c *Cluster) (string, error) {
	digit := "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"
	if err := c.Exec(ctx, "CREATE TABLE $s.many (id integer, region varchar(8)) DISTSTYLE EVEN", "CREATE TABLE $s.person (account varchar(128), region varchar(8)) DISTSTYLE ALL SORTKEY (account)",
		"INSERT INTO $s.person SELECT '$p', 'r3'", "INSERT INTO $s.many SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d, 'r' || a.d FROM "+digit+" AS a, "+digit+" AS b, "+digit+" AS c, "+digit+" AS e, "+digit+" AS f",
		"CREATE OR REPLACE VIEW $s.few AS SELECT id, region FROM $s.many WHERE region IN (SELECT region FROM $s.person WHERE account = current_user)", "GRANT SELECT ON $s.many TO ROLE $r", "GRANT SELECT ON $s.few TO ROLE $r"); err != nil {
		return "", err
	}
	person, err := c.Person(ctx)
	if err != nil {
		return "", err
	}
	var took [2]time.Duration
	for i, from := range []string{"many WHERE region = 'r3'", "few"} {
		for range 3 { // the last of three: plans are compiled at first
			began := time.Now()
			got, err := c.Ask(ctx, person, "SELECT count(id) FROM $s."+from)
			if err != nil || got != "10000" {
				return "", errors.Join(err, fmt.Errorf("%s has %q rows", from, got))
			}
			took[i] = time.Since(began)
		}
	}
	return told("the table %s, the view %s", took[0].Round(time.Millisecond), took[1].Round(time.Millisecond))
}

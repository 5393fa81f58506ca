package rslive

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// procedurePoints are about what impersonation and the writing of profiles rest on.
func procedurePoints() []Point {
	return []Point{
		{Name: "session-user-in-a-procedure", Proves: "in a procedure with its owner's rights session_user is who calls it, current_user its owner, and pg_backend_pid() the caller's", try: definer},
		rejectedToPerson("procedures-are-closed", "a new procedure can be called by its owner alone", "CALL $s.closed()",
			"CREATE OR REPLACE PROCEDURE $s.closed() AS $$ BEGIN NULL; END; $$ LANGUAGE plpgsql"),
		accepted("functions-are-open", "a new function can be called by everybody until that is revoked", "SELECT count(*) FROM svv_function_privileges WHERE namespace_name = '$s' AND function_name = 'opened' AND identity_type = 'public'", "1",
			"CREATE OR REPLACE FUNCTION $s.opened(integer) RETURNS integer IMMUTABLE AS $$ SELECT $1 $$ LANGUAGE sql"),
		accepted("session-variable", "a variable that a session sets is read by current_setting beside a user table", "SELECT count(*) FROM $s.t WHERE current_setting('postern.live', false) = 'x'", "3", "SELECT set_config('postern.live', 'x', false)"),
		accepted("backend-pid-beside-tables", "pg_backend_pid() in a view beside a user table is the session's", "SELECT count(*) FROM $s.pids WHERE same", "3", "CREATE OR REPLACE VIEW $s.pids AS SELECT pg_backend_pid() = pg_backend_pid() AS same FROM $s.t"),
		accepted("sysdate-is-the-transactions", "SYSDATE is when the transaction began", "SELECT count(DISTINCT at) FROM $s.times", "1", "CREATE TABLE $s.times (at timestamp)", "BEGIN", "INSERT INTO $s.times SELECT SYSDATE", "INSERT INTO $s.times SELECT SYSDATE", "COMMIT"),
		{Name: "set-config-in-a-procedure", Proves: "that set_config in a procedure with its owner's rights outlasts the call", try: setConfig},
		accepted("search-path-of-a-procedure", "a procedure is made with its owner's rights and a search path of its own, its text between dollars with a word", "SELECT count(*) FROM $s.t", "3",
			"CREATE OR REPLACE PROCEDURE $s.pathed() AS $body$ BEGIN RETURN; END; $body$ LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog", "CALL $s.pathed()"),
		accepted("rows-in-a-text", "a procedure takes rows out of a text by split_part and a join, and a field that is empty is an empty text", "SELECT a || '=' || b FROM $s.packed ORDER BY a", "x=;y=50%", "CREATE TABLE $s.packed (a varchar(20), b varchar(20))",
			"CREATE OR REPLACE PROCEDURE $s.unpack(p_items varchar(65535)) AS $body$ BEGIN INSERT INTO $s.packed (a, b) SELECT replace(split_part(i.item, '%,', 1), '%25', '%'), replace(split_part(i.item, '%,', 2), '%25', '%') "+
				"FROM (SELECT split_part(p_items, '%;', d.id) AS item FROM $s.t AS d) AS i WHERE i.item <> ''; END; $body$ LANGUAGE plpgsql", "CALL $s.unpack('x%,%;y%,50%25%;')"),
		accepted("sysdate-goes-on", "SYSDATE of a later transaction is later, by microseconds", "SELECT count(DISTINCT at) FROM $s.later", "2", "CREATE TABLE $s.later (at timestamp)", "INSERT INTO $s.later SELECT SYSDATE", "INSERT INTO $s.later SELECT SYSDATE"),
		accepted("timeout-in-a-transaction", "SET LOCAL statement_timeout is taken and ends with the transaction", "SELECT current_setting('statement_timeout') IN ('0', '0ms')", "t", "SET statement_timeout TO 0", "BEGIN", "SET LOCAL statement_timeout TO 5000", "COMMIT"),
		{Name: "conflicting-writers", Proves: "what a second writer of a row is told that another transaction has written (1023 or a wait), which is tried again", try: conflict},
		{Name: "catalog-in-an-old-snapshot", Proves: "what a transaction with an older snapshot reads through a view that was replaced since, with rows that were changed with it: the new view over the old rows is why views ask whether they are known", try: oldSnapshot},
	}
}

// definer has the person call a procedure that writes down who it takes them for.
func definer(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE TABLE $s.called (session_name varchar(128), current_name varchar(128), pid integer)",
		"CREATE OR REPLACE PROCEDURE $s.call_me() AS $$ BEGIN INSERT INTO $s.called VALUES (session_user, current_user, pg_backend_pid()); END; $$ LANGUAGE plpgsql SECURITY DEFINER",
		"GRANT EXECUTE ON PROCEDURE $s.call_me() TO ROLE $r"); err != nil {
		return "", err
	}
	person, err := c.Person(ctx)
	if err != nil {
		return "", err
	}
	pid, err := c.Ask(ctx, person, "SELECT pg_backend_pid()")
	if err != nil {
		return "", err
	}
	if _, err := c.Ask(ctx, person, "CALL $s.call_me()"); err != nil {
		return "", err
	}
	got, err := c.Ask(ctx, c.Admin, "SELECT session_name, current_name, pid FROM $s.called")
	if want := c.Account + "|" + c.Config.User + "|" + pid; err != nil || got != want {
		return "", errors.Join(err, fmt.Errorf("it is %q and not %q", got, want))
	}
	return got, nil
}

// setConfig has a procedure set a variable, which the session then reads beside a table.
func setConfig(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE OR REPLACE PROCEDURE $s.remember() AS $$ DECLARE v varchar(64); BEGIN SELECT INTO v set_config('postern.live_kept', 'kept', false); END; $$ LANGUAGE plpgsql SECURITY DEFINER",
		"GRANT EXECUTE ON PROCEDURE $s.remember() TO ROLE $r", "CREATE OR REPLACE VIEW $s.remembered AS SELECT id FROM $s.t WHERE current_setting('postern.live_kept', false) = 'kept'", "GRANT SELECT ON $s.remembered TO ROLE $r"); err != nil {
		return "", err
	}
	if _, err := c.Reads(ctx, "CALL $s.remember()"); err != nil {
		return "", err
	}
	got, err := c.Reads(ctx, "SELECT count(*) FROM $s.remembered")
	if err != nil || got != "3" {
		return "", errors.Join(err, fmt.Errorf("%q rows are read and not 3", got))
	}
	return got, nil
}

// rejectedToPerson is a point that a statement of the person's is refused.
func rejectedToPerson(name, proves, sql string, setup ...string) Point {
	return seen(name, proves, sql, "42501", setup...)
}

// conflict writes one row from two transactions.
func conflict(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE TABLE $s.contended (id integer, n integer)", "INSERT INTO $s.contended VALUES (1, 0)", "GRANT SELECT, UPDATE ON $s.contended TO ROLE $r"); err != nil {
		return "", err
	}
	other, err := c.As(ctx, c.Account)
	if err != nil {
		return "", err
	}
	defer func() { _ = other.Close(context.WithoutCancel(ctx)) }()
	for _, sql := range []string{"SET statement_timeout TO 3000", "BEGIN", "SELECT n FROM $s.contended"} {
		if _, err := other.Exec(ctx, c.words(sql)).ReadAll(); err != nil {
			return "", err
		}
	}
	if err := c.Exec(ctx, "BEGIN", "UPDATE $s.contended SET n = n + 1", "COMMIT"); err != nil {
		return "", errors.Join(err, c.Exec(ctx, "ROLLBACK"))
	}
	_, failed := other.Exec(ctx, c.words("UPDATE $s.contended SET n = n + 1")).ReadAll()
	_, _ = other.Exec(ctx, "ROLLBACK").ReadAll()
	if failed == nil {
		return told("nothing: both wrote, one after the other")
	}
	return told("SQLSTATE %s: %s", sqlState(failed), strings.TrimSpace(fmt.Sprint(failed)))
}

// oldSnapshot replaces a view, and changes a row of what it reads, while a transaction of the person's is open.
func oldSnapshot(ctx context.Context, c *Cluster) (string, error) {
	if err := c.Exec(ctx, "CREATE TABLE $s.dated (id integer, said varchar(9))", "INSERT INTO $s.dated VALUES (1, 'before')", "GRANT SELECT ON $s.dated TO ROLE $r",
		"CREATE VIEW $s.by_date AS SELECT 'old view' AS which, said FROM $s.dated", "GRANT SELECT ON $s.by_date TO ROLE $r"); err != nil {
		return "", err
	}
	other, err := c.As(ctx, c.Account)
	if err != nil {
		return "", err
	}
	defer func() { _ = other.Close(context.WithoutCancel(ctx)) }()
	for _, sql := range []string{"SET statement_timeout TO 3000", "BEGIN", "SELECT said FROM $s.dated"} {
		if _, err := other.Exec(ctx, c.words(sql)).ReadAll(); err != nil {
			return "", err
		}
	}
	if err := c.Exec(ctx, "BEGIN", "UPDATE $s.dated SET said = 'after'", "CREATE OR REPLACE VIEW $s.by_date AS SELECT 'new view' AS which, said FROM $s.dated", "COMMIT"); err != nil {
		return "", errors.Join(err, c.Exec(ctx, "ROLLBACK"))
	}
	got, err := c.Ask(ctx, other, "SELECT which, said FROM $s.by_date")
	_, _ = other.Exec(ctx, "ROLLBACK").ReadAll()
	if err != nil {
		return toldOf("it is refused", err)
	}
	return told("%s", got)
}

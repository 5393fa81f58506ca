package rsfake_test

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/internal/rsfake"
	"github.com/posternsql/postern/internal/rsfake/rsfaketest"
)

// TestStatementLog looks at what the system views say of statements that ended, and to whom they say it.
func TestStatementLog(t *testing.T) {
	server := rsfaketest.New(t)
	ann, eve := pgtest.Name("ann"), pgtest.Name("eve")
	rsfaketest.Exec(t, server, "CREATE USER "+ann+" PASSWORD 'Passw0rd1'", "CREATE USER "+eve+" PASSWORD 'Passw0rd1' SYSLOG ACCESS UNRESTRICTED", "CREATE TABLE public.t (a int)", "GRANT SELECT ON public.t TO PUBLIC")
	conn := rsfaketest.Connect(t, server, ann, "Passw0rd1")
	long := "SELECT a /* " + strings.Repeat("x", 8_000) + " */\nFROM public.t"
	for _, sql := range []string{"SELECT a FROM public.t -- a note\nWHERE '\\'' = a::varchar; SET query_group TO 'x'; SELECT 1", "SELECT 1/0", "CALL nothing()", "BEGIN; SELECT count(*) FROM public.t; ROLLBACK"} {
		_, _ = conn.Exec(t.Context(), sql).ReadAll()
	}
	_, _ = tryRows(t, conn, long)
	_, _ = tryRows(t, conn, "SAVEPOINT x")
	const mine = "SELECT TRIM(query_type), TRIM(status), TRIM(error_message), returned_rows, LEN(query_text), TRIM(LEFT(query_text, 60)) FROM sys_query_history WHERE query_text NOT LIKE '%sys_query%' ORDER BY query_id"
	want := strings.Join([]string{"SELECT|success||0|56|SELECT a FROM public.t -- a note\nWHERE '\\'' = a::varchar", "UTILITY|success||0|22|SET query_group TO 'x'", "SELECT|success||1|8|SELECT 1",
		"SELECT|failed|division by zero|0|10|SELECT 1/0", "CALL|failed|function nothing(…) does not exist|0|14|CALL nothing()",
		"UTILITY|success||0|5|BEGIN", "SELECT|success||1|29|SELECT count(*) FROM public.t", "UTILITY|success||0|8|ROLLBACK",
		"SELECT|success||0|4000|SELECT a /* " + strings.Repeat("x", 48), "UTILITY|failed|SQL command \"savepoint x\" is not supported|0|11|SAVEPOINT x"}, ";")
	if got := rows(t, conn, mine); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := rows(t, conn, "SELECT count(DISTINCT user_id) FROM sys_query_history"); got != "1" {
		t.Errorf("%s accounts' statements are seen by one", got)
	}
	if got := rows(t, rsfaketest.Connect(t, server, eve, "Passw0rd1"), "SELECT count(*) FROM sys_query_history WHERE query_text LIKE 'SELECT 1/0%'"); got != "1" {
		t.Errorf("%s of another's statements are seen by who may see all", got)
	}
	admin := rsfaketest.Connect(t, server, rsfake.AdminUser, rsfake.AdminPassword)
	if got := rows(t, admin, "SELECT sequence, LEN(TRIM(\"text\")) FROM sys_query_text WHERE \"text\" LIKE '%FROM public.t%' AND sequence > 0"); got != "2|29" {
		t.Error(got)
	}
	if got := rows(t, admin, "SELECT count(*), max(LEN(TRIM(\"text\"))) FROM stl_querytext WHERE query = (SELECT max(query) FROM stl_query WHERE querytxt LIKE 'SELECT a /*%')"); got != "41|200" {
		t.Error(got)
	}
	if got := rows(t, admin, "SELECT count(*) FROM stl_query WHERE strpos(querytxt, 'note\\\\nWHERE') > 0"); got != "1" {
		t.Error(got)
	}
}

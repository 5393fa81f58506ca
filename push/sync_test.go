package push_test

import "testing"

// TestSync: three people see directly what the policies say, and nothing else.
func TestSync(t *testing.T) {
	w := newShop(t)
	r := w.sync()
	t.Logf("%d transactions, %d statements", r.Transactions, r.Statements)
	people := w.log()
	bob := people["bob"]
	for _, c := range []struct{ who, sql, want string }{
		{"ann", "SELECT c_custkey, c_phone FROM customer", "1|0123\n3|NULL"},
		{"bob", "SELECT c_custkey, c_phone FROM customer", "2|****"},
		{"cid", "SELECT c_custkey, c_phone FROM customer", "1|****\n2|****\n3|NULL\n4|**"},
		{"ann", `SELECT id, "Total" FROM "Order"`, "1|10.50"},
		{"bob", "SELECT * FROM nation", "1|FRANCE\n2|JAPAN"},
		{"bob", "SELECT * FROM public.nation", "1|FRANCE\n2|JAPAN"},
		{"bob", "SELECT length(c_name) FROM customer", "64"},
	} {
		if got := w.value(people[c.who], c.sql); got != c.want {
			t.Errorf("%s: %s:\n%s\nwant\n%s", c.who, c.sql, got, c.want)
		}
	}
	for _, sql := range []string{"SELECT * FROM public.customer", "SELECT * FROM secret", "SELECT * FROM postern_system.profile", "SELECT * FROM postern_system.ticket",
		"SELECT postern_functions.keyed_hash('default', 'a')", "INSERT INTO nation VALUES (3, 'x')", "SELECT ctid FROM nation", "SELECT * FROM postern_functions.keys"} {
		w.refused(bob, sql, "42501")
	}
	// The functions that views call are of no use without the ticket.
	w.exec(w.admin, "GRANT USAGE ON SCHEMA postern_system TO "+w.accounts["bob"])
	if got := w.value(bob, "SELECT postern_system.keyed_hash('00000000-0000-0000-0000-000000000000', 'default', 'a') IS NULL"); got != "t" {
		t.Error("bob hashes guesses")
	}
}

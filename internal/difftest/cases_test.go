package difftest

import "testing"

// everyTable names all relations, those that somebody may not see too.
func everyTable() []string {
	return []string{"shop.customer", "shop.orders", "shop.orders_2024", "shop.line", "ref.item", "ref.nation", "ref.types", "shop.event", "ONLY shop.event",
		"shop.event_web", "hr.dept", "hr.employee", `shop."Odd Name"`, "shop.spender", "hr.secret", "hr.nation", "nation", "shop.orders_2023",
		"shop.unregistered", "shop.customer_v", "shop.order_totals", "shop.secret_v"}
}

// TestTables: everybody sees of each table what their copy of it holds, by each protocol.
func TestTables(t *testing.T) {
	p := startPostern(t, damage{})
	var total tally
	for _, person := range []string{"ann", "bob", "cyd", "dora"} {
		o := newOracle(t, p, person)
		for _, table := range everyTable() {
			for _, how := range []protocol{simple, extended, binary} {
				v := o.compare(t.Context(), how, statement{sql: "SELECT * FROM " + table})
				total.add(v)
				if v.outcome != equal && v.outcome != equalError {
					t.Errorf("%s reads %s, %s protocol: %s %s", person, table, how, v.code, v.detail)
				}
			}
		}
	}
	t.Log(&total)
}

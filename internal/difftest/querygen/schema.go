package querygen

// class is what types have in common for the templates of expressions.
type class byte

const (
	integer   class = 'i'
	numeric   class = 'n'
	float     class = 'f'
	text      class = 't'
	boolean   class = 'b'
	date      class = 'd'
	timestamp class = 's'
	zoned     class = 'z'
	jsonb     class = 'j'
	texts     class = 'a'
	enum      class = 'e'
	opaque    class = 'o' // has an order, and is only shown and compared
	unordered class = 'u' // json and its like: only shown
)

// trait is what is known of a column's visible values.
type trait byte

const (
	plain   trait = iota
	nonZero       // 0 in rows that are hidden from everybody: dividing by it raises an error there
	digits        // text that is a short number, but for hidden rows: casting raises an error there
	withN         // jsonb with a whole number under "n"
)

type column struct {
	name  string // as it is written in SQL
	class class
	trait trait
}

type table struct {
	schema, name string
	columns      []column
	weight       int
}

func cols(spec ...any) []column {
	var out []column
	for _, s := range spec {
		switch v := s.(type) {
		case string:
			out = append(out, column{name: v})
		case class:
			out[len(out)-1].class = v
		case trait:
			out[len(out)-1].trait = v
		}
	}
	return out
}

// schema is what the queries are about. Who may not see a table gets the same error from both sides.
func schema() []table {
	customer := cols("id", integer, "name", text, "phone", text, "email", text, "country", text, "segment", enum, "balance", numeric, "credit", numeric,
		"score", float, "code", text, digits, "joined", date, "seen", zoned, "tags", texts, "prefs", jsonb, withN, "addr", opaque, "zip", text,
		"active", boolean, "k", integer, nonZero, "level", integer, "token", text)
	orders := cols("id", integer, "placed", date, "customer_id", integer, "total", numeric, nonZero, "status", text, "note", text, "rate", numeric, nonZero)
	event := cols("id", integer, "at", timestamp, "what", text, "payload", jsonb, withN, "amount", integer, nonZero)
	return []table{
		{"shop", "customer", customer, 10},
		{"shop", "orders", orders, 9},
		{"shop", "orders_2024", orders, 1},
		{"shop", "line", cols("order_id", integer, "no", integer, "item_id", integer, "qty", integer, nonZero, "price", numeric, "memo", text, digits), 6},
		{"ref", "item", cols("id", integer, "title", text, "kind", text, "weight", float, "cost", numeric, "attrs", unordered, "size", opaque, "origin", opaque,
			"made", opaque, "tag", opaque), 4},
		{"ref", "nation", cols("code", text, "title", text, "pop", integer, "region", text, "area", float), 5},
		{"shop", "event", event, 4},
		{"shop", "event_web", append(event[:len(event):len(event)], column{"url", text, plain}), 1},
		{"hr", "employee", cols("id", integer, "name", text, "manager_id", integer, "dept_id", integer, "salary", integer, "born", date, "photo", opaque,
			"ssn", text, "skills", texts, "grade", opaque, "started", timestamp, "district", text, "age", integer, nonZero), 5},
		{"hr", "dept", cols("id", integer, "title", text, "city", text, "budget", numeric), 1},
		{"ref", "types", cols("id", integer, "i2", integer, "i8", integer, "f4", float, "f8", float, "n", numeric, "n82", numeric, "b", boolean, "t", text,
			"v10", text, "c5", text, "nm", opaque, "d", date, "tm", opaque, "tz", opaque, "ts", timestamp, "tstz", zoned, "iv", opaque, "u", opaque, "by", opaque,
			"ip", opaque, "cd", opaque, "mac", opaque, "js", unordered, "jb", jsonb, "x", unordered, "b4", opaque, "vb", opaque, "ia", opaque, "ta", texts, "r", opaque,
			"mr", opaque, "pt", unordered, "bx", unordered, "tv", opaque, "o", opaque, "mo", opaque, "en", enum, "ena", unordered, "dom", text, "comp", opaque,
			"compa", unordered, "nd", opaque), 3},
		{"shop", `"Odd Name"`, cols(`"A b"`, integer, `"select"`, text, `"ünï"`, text, `"count"`, integer, `"Id"`, integer, "id", integer, `"a""b"`, text), 2},
		{"shop", "ratio_v", cols("id", integer, "q", integer, nonZero, "n", integer, "name", text), 1},
		{"shop", "deep_v", cols("id", integer, "q", integer, "n", integer, "r", integer), 1},
		{"shop", "spender", cols("id", integer, "name", text, "country", text, "k", integer, nonZero, "balance", numeric), 2},
	}
}

// edge is a pair of columns by which two tables are joined so that rows come out.
type edge struct{ left, leftColumn, right, rightColumn string }

func edges() []edge {
	return []edge{
		{"customer", "id", "orders", "customer_id"}, {"customer", "country", "nation", "code"}, {"orders", "id", "line", "order_id"},
		{"line", "item_id", "item", "id"}, {"employee", "dept_id", "dept", "id"}, {"employee", "manager_id", "employee", "id"},
		{"customer", "id", "spender", "id"}, {"orders", "id", "orders_2024", "id"}, {"customer", "k", "event", "amount"}, {"types", "id", "item", "id"},
		{"spender", "country", "nation", "code"}, {"customer", "id", "employee", "id"}, {"orders", "placed", "customer", "joined"}, {"event", "id", "event_web", "id"},
	}
}

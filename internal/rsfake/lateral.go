package rsfake

// maxLateral bounds by how much writing out aliases may lengthen a statement.
const maxLateral = 20_000

// lateral writes out the aliases of a select list that stand in later items of it, which Redshift takes and PostgreSQL does not. Redshift takes a
// column of that name before the alias; the text alone does not tell whether there is one, so it is done only where no user's table is read:
// for what drivers ask of the system views.
func lateral(s []token) []token {
	if readsUserTable(s) {
		return s
	}
	budget := maxLateral
	return lateralLevel(s, &budget)
}

func lateralLevel(s []token, budget *int) []token {
	out := make([]token, 0, len(s))
	for i := 0; i < len(s); i++ {
		if !s[i].is("(") {
			out = append(out, s[i])
			continue
		}
		end := closing(s, i)
		if end < 0 {
			return s
		}
		out = append(append(append(out, s[i]), lateralLevel(s[i+1:end], budget)...), s[end])
		i = end
	}
	if len(out) == 0 || !out[0].is("select") {
		return out
	}
	end := find(out, 1, "from")
	if end < 0 {
		end = len(out)
	}
	known := map[string][]token{}
	list := []token{out[0]}
	for n, item := range arguments(out[1:end]) {
		if n > 0 {
			list = append(list, token{kind: punct, text: ","})
		}
		item = writeOut(item, known, budget)
		if k := len(item); k > 2 && item[k-2].is("as") && item[k-1].isName() && !mentions(item[:k-2], item[k-1].name()) {
			known[item[k-1].name()] = item[:k-2]
		}
		list = append(list, item...)
	}
	return append(list, out[end:]...)
}

// writeOut puts what an alias stands for in its place.
func writeOut(item []token, known map[string][]token, budget *int) []token {
	var out []token
	for i, t := range item {
		expression, ok := known[t.name()]
		before, after := i > 0 && (item[i-1].is(".") || item[i-1].is("as")), i+1 < len(item) && (item[i+1].is("(") || item[i+1].is("."))
		if !t.isName() || !ok || before || after || len(expression) > *budget {
			out = append(out, t)
			continue
		}
		*budget -= len(expression)
		out = append(append(append(out, token{kind: punct, text: "(", at: t.at}), expression...), token{kind: punct, text: ")", at: t.at})
	}
	return out
}

// mentions reports a name that stands by itself.
func mentions(s []token, name string) bool {
	for i, t := range s {
		if t.isName() && t.name() == name && !(i > 0 && s[i-1].is(".")) {
			return true
		}
	}
	return false
}

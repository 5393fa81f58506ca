package rsfake

import "strings"

// createExternal is CREATE EXTERNAL SCHEMA, TABLE and FUNCTION: the first two are plain ones that the shim's views show as
// external, the last is one that says that there is no Lambda.
func createExternal(s []token, at int) ([]token, *Refusal) {
	if at+2 >= len(s) {
		return nil, near(s[at])
	}
	switch s[at+1].text {
	case "schema":
		return externalSchema(s, at+2)
	case "table":
		return externalTable(s, at+2)
	case "function":
		return externalFunction(s, at+2)
	}
	return nil, near(s[at+1])
}

func externalSchema(s []token, i int) ([]token, *Refusal) {
	exists := ""
	if starts(s[i:], "if", "not", "exists") {
		i, exists = i+3, "IF NOT EXISTS "
	}
	if i >= len(s) || !s[i].isName() {
		return nil, near(s[len(s)-1])
	}
	name := quoteName(s[i].name())
	return block("CREATE SCHEMA", "CREATE SCHEMA "+exists+name, "COMMENT ON SCHEMA "+name+" IS 'rsfake: external'"), nil
}

func externalTable(s []token, i int) ([]token, *Refusal) {
	end := tableName(s, i)
	if end >= len(s) || !s[end].is("(") {
		return nil, near(s[len(s)-1])
	}
	last := closing(s, end)
	columns, refused := tableElements(s[end+1:last], false)
	if refused != nil {
		return nil, refused
	}
	return block("CREATE EXTERNAL TABLE", "CREATE TABLE "+print(s[i:end])+" ("+print(columns)+")", "COMMENT ON TABLE "+print(s[i:end])+" IS 'rsfake: external'",
		// There are no grants on external tables: who has USAGE on the schema reads them ("GRANT", usage notes).
		"GRANT SELECT ON TABLE "+print(s[i:end])+" TO PUBLIC"), nil
}

func externalFunction(s []token, i int) ([]token, *Refusal) {
	end := tableName(s, i)
	returns := find(s, i, "returns")
	lambda := find(s, i, "lambda")
	if end >= len(s) || !s[end].is("(") || returns < 0 || lambda < returns || lambda+1 >= len(s) || s[lambda+1].kind != literal {
		return nil, near(s[len(s)-1])
	}
	stop := lambda
	for _, w := range []string{"volatile", "stable", "immutable"} {
		if at := find(s, returns, w); at >= 0 {
			stop = min(stop, at)
		}
	}
	signature := print(argumentTypes(append([]token{}, s[i:closing(s, end)+1]...)))
	kind := print(argumentTypes(append([]token{}, s[returns+1:stop]...)))
	body := "BEGIN RETURN pg_rs_shim.lambda(" + quote(s[lambda+1].value()) + ", to_jsonb(" + argumentList(s[end+1:closing(s, end)]) + "))::" + kind + "; END"
	return block("CREATE FUNCTION", run("CREATE OR REPLACE FUNCTION "+signature+" RETURNS "+kind+" LANGUAGE plpgsql VOLATILE AS "+quote(body))), nil
}

func argumentList(s []token) string {
	n := len(arguments(s))
	names := make([]string, n)
	for i := range names {
		names[i] = "$" + string(rune('1'+i))
	}
	return "ARRAY[" + strings.Join(names, ", ") + "]::text[]"
}

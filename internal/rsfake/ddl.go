package rsfake

import "strings"

// create translates CREATE.
func create(s []token) ([]token, *Refusal) {
	i := 1
	if starts(s[i:], "or", "replace") {
		i += 2
	}
	temp := i
	for i < len(s) && (s[i].is("temp") || s[i].is("temporary") || s[i].is("local")) {
		i++
	}
	if i >= len(s) {
		return nil, syntax("syntax error at end of input", s[0].at)
	}
	switch s[i].text {
	case "table":
		return createTable(s, i)
	case "view":
		if temp != i {
			return nil, unsupported("a temporary view", s[i].at)
		}
		return createView(s, i)
	case "materialized":
		return createMaterialized(s, i)
	case "procedure":
		return createProcedure(s, i)
	case "function":
		return createFunction(s, i)
	case "user":
		return createUser(s)
	case "role":
		return createRole(s)
	case "group":
		return createGroup(s)
	case "schema":
		return createSchema(s)
	case "external":
		return createExternal(s, i)
	case "database", "library", "model", "datashare", "rls", "masking", "identity":
		return nil, standIn("CREATE "+strings.ToUpper(s[i].text), s[i].at)
	}
	return nil, near(s[i])
}

// tableName is the end of a name that may have a schema, from index i on.
func tableName(s []token, i int) int {
	if i >= len(s) || !s[i].isName() {
		return i
	}
	for i+2 < len(s) && s[i+1].is(".") && s[i+2].isName() {
		i += 2
	}
	return i + 1
}

// createTable takes out how Redshift stores a table.
func createTable(s []token, at int) ([]token, *Refusal) {
	i := at + 1
	if starts(s[i:], "if", "not", "exists") {
		i += 3
	}
	name := i
	if i = tableName(s, i); i == name || i >= len(s) {
		return nil, near(s[min(i, len(s)-1)])
	}
	out := append([]token{}, s[:i]...)
	if s[i].is("(") {
		end := closing(s, i)
		columns, refused := tableElements(s[i+1:end], find(s, end, "as") >= 0)
		if refused != nil {
			return nil, refused
		}
		out = append(append(append(out, s[i]), columns...), s[end])
		i = end + 1
	}
	i = storage(s, i)
	if i == len(s) {
		return out, nil
	}
	if !s[i].is("as") {
		return nil, near(s[i])
	}
	rest := s[i+1:]
	wrapped := len(rest) > 0 && rest[0].is("(") && closing(rest, 0) == len(rest)-1
	if wrapped {
		rest = rest[1 : len(rest)-1]
	}
	q, refused := query(rest)
	if refused != nil {
		return nil, refused
	}
	return append(append(out, s[i]), q...), nil
}

// storage is the index behind DISTSTYLE, DISTKEY, SORTKEY, ENCODE, BACKUP and AUTO REFRESH.
func storage(s []token, i int) int {
	for i < len(s) {
		switch {
		case s[i].is("diststyle"), s[i].is("encode"), s[i].is("backup"):
			i += 2
		case s[i].is("distkey"), s[i].is("sortkey"):
			i++
			if i < len(s) && s[i].is("(") {
				i = closing(s, i) + 1
			} else if i < len(s) && s[i].is("auto") {
				i++
			}
		case s[i].is("compound"), s[i].is("interleaved"):
			i++
		case starts(s[i:], "auto", "refresh"):
			i += 3
		default:
			return min(i, len(s))
		}
	}
	return min(i, len(s))
}

// tableElements translates the columns and constraints of a table.
func tableElements(s []token, names bool) ([]token, *Refusal) {
	if names {
		return s, nil
	}
	var out []token
	for n, element := range arguments(s) {
		if len(element) == 0 {
			return nil, syntax("syntax error in the list of columns", 0)
		}
		if n > 0 {
			out = append(out, token{kind: punct, text: ","})
		}
		column, refused := tableElement(element)
		if refused != nil {
			return nil, refused
		}
		out = append(out, column...)
	}
	return out, nil
}

func tableElement(s []token) ([]token, *Refusal) {
	switch s[0].text {
	case "primary", "unique", "foreign", "constraint", "like":
		return s, nil
	case "check", "exclude":
		return nil, unsupported(strings.ToUpper(s[0].text)+" constraints", s[0].at)
	}
	if !s[0].isName() || len(s) < 2 {
		return nil, near(s[0])
	}
	if refused := columnType(s[1:]); refused != nil {
		return nil, refused
	}
	out := []token{s[0]}
	for i := 1; i < len(s); {
		t := s[i]
		switch {
		case t.is("encode"):
			i += 2
		case t.is("distkey"), t.is("sortkey"):
			i++
		case t.is("collate") && i+1 < len(s):
			i += 2
		case t.is("generated"), t.is("identity"):
			end, identity := identityOf(s, i)
			if identity == nil {
				return nil, near(t)
			}
			out, i = append(out, identity...), end
		case t.is("default"):
			end := len(s)
			for _, stop := range []string{"encode", "distkey", "sortkey", "not", "null", "unique", "primary", "references"} {
				if at := find(s, i+2, stop); at >= 0 {
					end = min(end, at)
				}
			}
			value, refused := level(s[i+1 : end])
			if refused != nil {
				return nil, refused
			}
			out, i = append(append(out, t), value...), end
		case i == 1:
			end, kind := columnTypeOf(s, i)
			out, i = append(out, kind...), end
		default:
			out = append(out, t)
			i++
		}
	}
	return out, nil
}

// identityOf is IDENTITY(seed, step), in one of its forms.
func identityOf(s []token, i int) (int, []token) {
	at := find(s, i, "identity")
	if at < 0 || at+1 >= len(s) || !s[at+1].is("(") {
		return 0, nil
	}
	end := closing(s, at+1)
	args := arguments(s[at+2 : end])
	if len(args) != 2 {
		return 0, nil
	}
	return end + 1, words("generated by default as identity ( start with "+print(args[0])+" increment by "+print(args[1])+" )", s[i].at)
}

// columnTypeOf is a column's type as PostgreSQL writes it: text has 256 bytes on Redshift, and varchar without a length too.
func columnTypeOf(s []token, i int) (int, []token) {
	t, length := s[i], false
	end := i + 1
	if t.is("character") && end < len(s) && s[end].is("varying") {
		end++
	}
	if end < len(s) && s[end].is("(") {
		length = true
	}
	switch {
	case t.is("text"):
		if length {
			end = closing(s, end) + 1
		}
		return end, words("varchar ( 256 )", t.at)
	case t.is("varchar"), t.is("nvarchar"), t.is("character") && end == i+2:
		if !length {
			return end, words("varchar ( 256 )", t.at)
		}
		last := closing(s, end)
		n := print(s[end+1 : last])
		if n == "max" {
			n = "65535"
		}
		return last + 1, words("varchar ( "+n+" )", t.at)
	case t.is("bpchar") && !length:
		return end, words("char ( 256 )", t.at)
	case t.is("nchar"):
		return end, words("char", t.at)
	case t.is("numeric") && !length, t.is("decimal") && !length:
		return end, words("numeric ( 18 , 0 )", t.at)
	case t.is("varbyte"), t.is("varbinary"), t.is("binary"):
		if length {
			end = closing(s, end) + 1
		}
		return end, words("varbyte", t.at)
	}
	return i + 1, []token{t}
}

// columnType refuses the types that Redshift does not have.
func columnType(s []token) *Refusal {
	switch s[0].text {
	case "json", "jsonb", "uuid", "bytea", "xml", "inet", "cidr", "macaddr", "money", "serial", "bigserial", "smallserial", "point", "line", "box", "circle",
		"polygon", "path", "lseg", "tsvector", "tsquery", "bit", "int4range", "interval", "oid", "name", "hstore":
		return &Refusal{Code: "0A000", Message: `Column "` + s[0].text + `" has unsupported type "` + s[0].text + `".`, Position: s[0].at + 1}
	}
	if find(s, 0, "[") >= 0 {
		return unsupported("an array as the type of a column", s[0].at)
	}
	return nil
}

// createView takes WITH NO SCHEMA BINDING off, which PostgreSQL has no word for. Tables in such a view need their schema.
func createView(s []token, at int) ([]token, *Refusal) {
	text := print(s)
	i := tableName(s, at+1)
	if i == at+1 || i >= len(s) {
		return nil, near(s[at])
	}
	viewName := s[at+1 : i]
	head := i
	if s[i].is("(") {
		head = closing(s, i) + 1
	}
	if head >= len(s) || !s[head].is("as") {
		return nil, near(s[min(head, len(s)-1)])
	}
	body, late := s[head+1:], false
	if n := len(body); n > 4 && starts(body[n-4:], "with", "no", "schema", "binding") {
		body, late = body[:n-4], true
	}
	if len(body) == 0 {
		return nil, syntax("syntax error at end of input", s[head].at)
	}
	if refused := bindable(body, late); refused != nil {
		return nil, refused
	}
	q, refused := query(body)
	if refused != nil {
		return nil, refused
	}
	out := append(append([]token{}, s[:head+1]...), q...)
	if !late {
		return out, nil
	}
	return block("CREATE VIEW", run(print(out)), "COMMENT ON VIEW "+print(viewName)+" IS "+quote(lateMark+"\n"+text)), nil
}

// lateMark begins the comment on a late-binding view; its text follows, which pg_get_viewdef tells of.
const lateMark = "rsfake: late binding"

// bindable checks what a view may read: in a late-binding one each relation has its schema, and no other one reads what is
// outside.
func bindable(body []token, late bool) *Refusal {
	defined := map[string]bool{}
	for i := range body {
		if body[i].isName() && i+2 < len(body) && body[i+1].is("as") && body[i+2].is("(") {
			defined[body[i].name()] = true
		}
	}
	for i, t := range body {
		if !t.is("from") && !t.is("join") || !fromOf(body, i) {
			continue
		}
		for _, relation := range relations(body[i+1:]) {
			if late && len(relation) == 1 && !defined[relation[0]] {
				return &Refusal{Code: "42P01", Message: "All the relation names inside should be qualified when creating a view with no schema binding.", Position: t.at + 1}
			}
			if !late && len(relation) > 2 {
				return &Refusal{Code: "0A000", Message: "Cross-database references are supported in views with no schema binding only.", Position: t.at + 1}
			}
		}
	}
	return nil
}

func createMaterialized(s []token, at int) ([]token, *Refusal) {
	if at+1 >= len(s) || !s[at+1].is("view") {
		return nil, near(s[at])
	}
	i := tableName(s, at+2)
	out := append([]token{}, s[:i]...)
	i = storage(s, i)
	if i >= len(s) || !s[i].is("as") {
		return nil, near(s[min(i, len(s)-1)])
	}
	q, refused := query(s[i+1:])
	if refused != nil {
		return nil, refused
	}
	return append(append(out, s[i]), q...), nil
}

func createSchema(s []token) ([]token, *Refusal) {
	if q := find(s, 0, "quota"); q >= 0 {
		s = s[:q]
	}
	return s, nil
}

// alter translates ALTER.
func alter(s []token) ([]token, *Refusal) {
	if len(s) < 3 {
		return nil, near(s[0])
	}
	switch s[1].text {
	case "user":
		return alterUser(s)
	case "group":
		return alterGroup(s)
	case "role":
		return nil, standIn("ALTER ROLE", s[1].at)
	case "default":
		return defaultPrivileges(s)
	case "table":
		return alterTable(s)
	case "schema", "function", "procedure", "view", "materialized":
		return s, nil
	}
	return nil, standIn("ALTER "+strings.ToUpper(s[1].text), s[1].at)
}

func alterTable(s []token) ([]token, *Refusal) {
	i := tableName(s, 2)
	rest := s[min(i, len(s)):]
	if starts(rest, "row", "level", "security") || starts(rest, "append") {
		return nil, standIn("ALTER TABLE "+strings.ToUpper(rest[0].text), rest[0].at)
	}
	if len(rest) > 1 && rest[0].is("alter") && storage(rest, 1) > 1 {
		return block("ALTER TABLE", "PERFORM 1"), nil
	}
	if len(rest) > 2 && rest[0].is("add") && !rest[1].is("constraint") && !rest[1].is("primary") {
		from := 1
		if rest[1].is("column") {
			from = 2
		}
		column, refused := tableElement(rest[from:])
		if refused != nil {
			return nil, refused
		}
		return append(append([]token{}, s[:i+from]...), column...), nil
	}
	return s, nil
}

// drop translates DROP.
func drop(s []token) ([]token, *Refusal) {
	if len(s) < 3 {
		return nil, near(s[0])
	}
	switch s[1].text {
	case "table", "view", "schema", "function", "procedure":
		return s, nil
	case "materialized":
		return s, nil
	case "user", "role", "group":
		return dropPrincipal(s)
	}
	return nil, standIn("DROP "+strings.ToUpper(s[1].text), s[1].at)
}

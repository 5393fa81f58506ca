package rsfake

import "strings"

// reservedWords are Redshift's own that PostgreSQL takes for names (Developer Guide, "Reserved words"), less those that also
// stand in statements.
const reservedWords = " aes128 aes256 allowoverwrite az64 backup blanksasnull bytedict bzip2 credentials deflate defrag delta delta32k disable emptyasnull enable encode encrypt encryption" +
	" explicit globaldict256 globaldict64k gzip language lun luns lzo lzop minus mostly8 mostly16 mostly32 offline parallel percent permissions raw readratio recover rejectlog resort restore" +
	" snapshot system tag tdes text255 text32k top truncatecolumns wallet "

func reserved(name string) bool { return strings.Contains(reservedWords, " "+name+" ") }

// newerNames are relations and columns of system catalogs that PostgreSQL got after 8.0.
const newerNames = " pg_authid pg_auth_members pg_roles pg_collation pg_enum pg_extension pg_foreign_table pg_foreign_server pg_partitioned_table pg_policy pg_policies pg_sequence pg_sequences pg_matviews pg_event_trigger" +
	" pg_range pg_publication pg_subscription pg_available_extensions pg_cursors pg_prepared_statements pg_shdescription pg_db_role_setting pg_opfamily pg_stat_progress_vacuum pg_hba_file_rules pg_config pg_timezone_names" +
	" relpersistence relispartition relreplident relrowsecurity relforcerowsecurity relispopulated reloptions attcollation attidentity attgenerated attoptions attfdwoptions atthasmissing typcategory typcollation typispreferred typarray" +
	" proleakproof proparallel provariadic prosupport procost prorows protransform indnkeyatts indisvalid indisready indislive indcheckxmin conindid convalidated conislocal collisdeterministic collprovider" +
	" datcollate datctype datconnlimit relminmxid relfrozenxid rolname rolsuper rolcanlogin "

func newer(name string) bool {
	return strings.Contains(newerNames, " "+name+" ")
}

// postgresOnly refuses what PostgreSQL has and Redshift has not, or is not known to have.
func postgresOnly(s []token) *Refusal {
	known := patterns()
	given := map[string]bool{}
	for i, t := range s {
		if i > 0 && s[i-1].is("as") && t.kind == quoted {
			given[t.name()] = true // a name that the statement itself gives
		}
	}
	for i, t := range s {
		member := i > 0 && s[i-1].is(".")
		switch {
		case t.isName() && newer(t.name()) && !given[t.name()]:
			return &Refusal{Code: "42703", Message: `column or relation "` + t.name() + `" does not exist`, Position: t.at + 1}
		case t.kind == op && strings.Contains(" -> ->> #> #>> @> <@ ? ?| ?& @? @@ <-> ", " "+t.text+" "):
			return &Refusal{Code: "42883", Message: "operator does not exist: " + t.text, Position: t.at + 1}
		case t.kind == op && t.text == ":=", t.kind == op && t.text == "=>":
			return near(t)
		case t.kind != word || member:
			continue
		}
		if what := construct(known, s, i); what != "" {
			return unsupported(what, t.at)
		}
	}
	return nil
}

// pattern is a construct that begins with a word: what may stand before it, and what must follow. "name" stands for any name,
// "start" for the beginning of the statement and "middle" for anywhere else.
type pattern struct {
	before string   // words of which one must stand before; empty for anything
	after  []string // what must follow
	what   string
}

// patterns are the constructs that PostgreSQL has and Redshift has not, by their first word.
func patterns() map[string][]pattern {
	cast := func(name string) []pattern {
		return []pattern{{":: ", nil, "type " + name}, {"as ", []string{")"}, "type " + name}}
	}
	return map[string][]pattern{
		"distinct":     {{"", []string{"on", "("}, "DISTINCT ON"}, {"is not ", []string{"from"}, "IS DISTINCT FROM"}},
		"filter":       {{"", []string{"(", "where"}, "FILTER"}},
		"lateral":      {{"", nil, "LATERAL"}},
		"values":       {{"( start ", nil, "VALUES as a table"}},
		"row":          {{"", []string{"("}, "ROW(…)"}},
		"array":        {{"", []string{"["}, "ARRAY[…]"}},
		"materialized": {{"as not ", nil, "AS MATERIALIZED"}},
		"tablesample":  {{"", nil, "TABLESAMPLE"}},
		"for":          {{"", []string{"update"}, "FOR UPDATE"}, {"", []string{"share"}, "FOR SHARE"}, {"", []string{"key"}, "FOR KEY SHARE"}, {"", []string{"no"}, "FOR NO KEY UPDATE"}},
		"all":          {{"except intersect ", []string{"select"}, "EXCEPT ALL and INTERSECT ALL"}, {"except intersect ", []string{"("}, "EXCEPT ALL and INTERSECT ALL"}},
		"window":       {{"", []string{"name", "as", "("}, "WINDOW"}},
		"returning":    {{"", nil, "RETURNING"}},
		"conflict":     {{"on ", nil, "ON CONFLICT"}},
		"fetch":        {{"", []string{"first"}, "FETCH FIRST"}, {"middle ", []string{"next"}, "FETCH NEXT"}},
		"overlay":      {{"", []string{"("}, "OVERLAY"}},
		"collate":      {{"", []string{"name"}, "COLLATE with the name of a collation"}},
		"ordinality":   {{"with ", nil, "WITH ORDINALITY"}},
		"ignore":       {{"", []string{"nulls"}, "IGNORE NULLS in the stand-in"}},
		"respect":      {{"", []string{"nulls"}, "RESPECT NULLS in the stand-in"}},
		"interval":     {{":: as ", nil, "a cast to interval"}},
		"json":         cast("json"), "jsonb": cast("jsonb"), "uuid": cast("uuid"), "bytea": cast("bytea"), "xml": cast("xml"), "inet": cast("inet"), "money": cast("money"),
	}
}

// construct names the first construct that begins at i and that Redshift has not, "" if there is none.
func construct(known map[string][]pattern, s []token, i int) string {
	for _, p := range known[s[i].text] {
		if p.matches(s, i) {
			return p.what
		}
	}
	return ""
}

func (p pattern) matches(s []token, i int) bool {
	if p.before != "" {
		before := "start"
		if i > 0 {
			before = s[i-1].text
		}
		if !strings.Contains(" "+p.before, " "+before+" ") && !(i > 0 && p.before == "middle ") {
			return false
		}
	}
	if len(s) < i+1+len(p.after) {
		return false
	}
	for n, want := range p.after {
		if t := s[i+1+n]; !t.is(want) && !(want == "name" && t.isName()) {
			return false
		}
	}
	return true
}

// leaderFunctions run on the leader node alone, and so not beside a user's table.
const leaderFunctions = " current_schema current_schemas has_database_privilege has_schema_privilege has_table_privilege age now current_time current_timestamp localtime localtimestamp isfinite generate_series pg_get_viewdef pg_get_userbyid format_type obj_description col_description array_to_string pg_table_is_visible "

// leaderOnly refuses a function of the leader node's in a statement that reads a user's table.
func leaderOnly(s []token) *Refusal {
	leader := -1
	for i, t := range s {
		if t.kind == word && strings.Contains(leaderFunctions, " "+t.text+" ") {
			bare := strings.HasPrefix(t.text, "current_") || strings.HasPrefix(t.text, "local")
			if i+1 < len(s) && s[i+1].is("(") || bare && !(i > 0 && (s[i-1].is(".") || s[i-1].is("as"))) {
				leader = i
			}
		}
	}
	if leader < 0 || !readsUserTable(s) {
		return nil
	}
	return &Refusal{Code: "0A000", Message: "Specified types or functions (one per INFO message) not supported on Redshift tables.",
		Detail: "Function \"" + s[leader].text + "\" not supported.", Position: s[leader].at + 1}
}

// readsUserTable reports a relation that is no system table: what stands behind FROM, JOIN and the commas between them.
func readsUserTable(s []token) bool {
	defined := map[string]bool{}
	for i := range s {
		if s[i].isName() && i+2 < len(s) && s[i+1].is("as") && s[i+2].is("(") {
			defined[s[i].name()] = true
		}
	}
	for i, t := range s {
		if (t.is("from") || t.is("join")) && fromOf(s, i) {
			for _, relation := range relations(s[i+1:]) {
				if !system(relation) && !(len(relation) == 1 && defined[relation[0]]) {
					return true
				}
			}
		}
	}
	return false
}

// fromOf is false for the FROM of EXTRACT, SUBSTRING, TRIM and IS DISTINCT.
func fromOf(s []token, i int) bool {
	if s[i].is("join") {
		return true
	}
	depth := 0
	for j := i - 1; j >= 0; j-- {
		switch {
		case s[j].is(")"):
			depth++
		case s[j].is("("):
			if depth--; depth < 0 {
				return !(j > 0 && (s[j-1].is("extract") || s[j-1].is("substring") || s[j-1].is("trim")))
			}
		case depth == 0 && s[j].is("select"), depth == 0 && s[j].is("delete"):
			return true
		}
	}
	return true
}

// relations are the names of a FROM list, up to where it ends.
func relations(s []token) [][]string {
	var out [][]string
	expect, depth := true, 0
	for i := 0; i < len(s); i++ {
		t := s[i]
		switch {
		case t.is("("):
			// What is in it has a FROM of its own.
			expect = expect && depth > 0
			depth++
		case t.is(")"):
			if depth--; depth < 0 {
				return out
			}
		case depth > 0:
		case t.is(","), t.is("join"):
			expect = true
		case t.is("where"), t.is("group"), t.is("order"), t.is("having"), t.is("limit"), t.is("union"), t.is("intersect"), t.is("except"), t.is("minus"), t.is("set"):
			return out
		case expect && t.isName():
			name := []string{t.name()}
			for i+2 < len(s) && s[i+1].is(".") && s[i+2].isName() {
				name = append(name, s[i+2].name())
				i += 2
			}
			expect = false
			if i+1 < len(s) && s[i+1].is("(") {
				continue
			}
			out = append(out, name)
		}
	}
	return out
}

// system reports a relation of the system's own.
func system(name []string) bool {
	if len(name) > 1 {
		schema := name[len(name)-2]
		return schema == "pg_catalog" || schema == "information_schema"
	}
	for _, prefix := range []string{"pg_", "svv_", "svl_", "svcs_", "stl_", "stv_", "sys_"} {
		if strings.HasPrefix(name[0], prefix) {
			return true
		}
	}
	return false
}

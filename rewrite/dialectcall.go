package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite/redshift"
)

// redshiftCall judges a function call: one of Redshift's that are listed, or what stands for a construct of its own.
func (r *resolver) redshiftCall(n *pg.Node, s *scope) error {
	f := n.GetFuncCall()
	name := redshift.FunctionName(f)
	what, own := redshift.Placeholder(name)
	switch {
	case own && what == "exclude", own && what == "group_by_all":
		return r.at(pgerror.NotSupported("%s in this place is not supported through Postern on Redshift", strings.ToUpper(strings.ReplaceAll(what, "_", " "))), f.Location)
	case own:
	case len(f.Funcname) == 2 && (name == "like_escape" || name == "similar_to_escape"):
		// The grammar's form of ESCAPE, which the printer knows behind LIKE and SIMILAR TO alone.
	case len(f.Args) == 0 && f.Over == nil && (name == "current_database" || name == "current_user" || name == "session_user"):
		value := r.req.Principal.User()
		if name == "current_database" {
			value = r.req.Database
		}
		n.Node = nameConstant(value, f.Location)
		return nil
	case len(f.Args) == 0 && f.Over == nil && name == "current_schema":
		return r.currentSchema(n, f.Location)
	case catalogFunction(f, name):
		if err := r.exprs(s, f.Args...); err != nil {
			return err
		}
		return r.catalogCall(n, name)
	default:
		known, ok := redshift.Lookup(name, argumentCount(f))
		if !ok || known.Window && !known.Aggregate && f.Over == nil {
			return r.at(pgerror.NotSupported("function %s with %d arguments is not on Postern's allow-list for Redshift", dotted(f.Funcname), argumentCount(f)), f.Location)
		}
		if known.Leader {
			r.leader = "function " + name
		}
	}
	if err := r.exprs(s, f.Args...); err != nil {
		return err
	}
	if err := r.sorts(f.AggOrder, s); err != nil {
		return err
	}
	if err := r.expr(f.AggFilter, s); err != nil {
		return err
	}
	return r.window(f.Over, s)
}

// redshiftType admits the types that Redshift has. Names of ours alone have a schema before "text" and "name"; a client's must not.
func (r *resolver) redshiftType(t *pg.TypeName) error {
	names, _ := stringList(t.GetNames())
	if name := strings.Join(names, "."); name == "pg_catalog.text" || name == "pg_catalog.name" {
		return r.at(pgerror.NotSupported("type %s is not on Postern's allow-list for Redshift", name), t.Location)
	}
	if len(names) > 0 && names[len(names)-1] == "interval" {
		return nil // the printer knows which form of it there is
	}
	if _, err := redshift.TypeText(t); err != nil {
		return r.at(pgerror.NotSupported("%s is not on Postern's allow-list for Redshift", err), t.Location)
	}
	return nil
}

// excluded turns SELECT * EXCLUDE (a, b) into the columns that are left. A name must be that of one column.
func (r *resolver) excluded(list []*pg.Node, level *scope) ([]*pg.Node, error) {
	if len(list) != 2 {
		return list, nil
	}
	call := list[1].GetResTarget().GetVal().GetFuncCall()
	if call == nil || redshift.FunctionName(call) != redshift.Own+"exclude" {
		return list, nil
	}
	names := make([]string, len(call.Args))
	for i, n := range call.Args {
		name, ok := bareColumn(n)
		if !ok || slices.Contains(names, name) {
			return nil, r.at(pgerror.NotSupported("EXCLUDE of this list is not supported through Postern on Redshift"), call.Location)
		}
		names[i] = name
	}
	star := starred{target: list[0], level: level}
	for _, it := range level.items {
		if it.byColumn {
			star.items = append(star.items, it)
		}
	}
	columns := star.columns()
	if columns == nil {
		return nil, r.at(pgerror.NotSupported("EXCLUDE over columns of one name is not supported through Postern on Redshift"), call.Location)
	}
	var out []*pg.Node
	found := 0
	for _, n := range columns {
		fields := n.GetColumnRef().Fields
		if name := fields[len(fields)-1].GetString_().GetSval(); slices.Contains(names, name) {
			found++
			continue
		}
		out = append(out, &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n, Location: -1}}})
	}
	switch {
	case found != len(names):
		return nil, r.at(&pgerror.Error{Code: pgerror.CodeUndefinedColumn, Message: "a column of the EXCLUDE list does not exist, or there are two of its name"}, call.Location)
	case len(out) == 0:
		return nil, r.at(pgerror.NotSupported("EXCLUDE of every column is not supported through Postern on Redshift"), call.Location)
	}
	return out, nil
}

// lateralAlias reports a name of the select list that Redshift takes for the expression behind it, where FROM has no column of that name (Database
// Developer Guide, "SELECT list"). What the expression reads was judged where it stands.
func (r *resolver) lateralAlias(name string, s *scope) bool {
	if s == nil || len(s.aliases) == 0 {
		return false
	}
	if _, ok := s.aliases[name]; !ok {
		return false
	}
	_, found := child(nil, s.items...).lookup(name)
	return found == 0
}

// nameTarget notes a name of the select list and what is behind it.
func (r *resolver) nameTarget(name string, val *pg.Node, level *scope) {
	if !r.rw.redshift() {
		return
	}
	if level.aliases == nil {
		level.aliases = map[string]weight{}
	}
	w := r.weigh(val, level)
	if before, ok := level.aliases[name]; ok {
		w = w.with(before)
		w.typ, w.fails = "", true
	}
	level.aliases[name] = w
}

// behindAlias is what is behind a name of the select list; false where the name is none.
func (r *resolver) behindAlias(ref *pg.ColumnRef, s *scope) (weight, bool) {
	names, ok := stringList(ref.Fields)
	if !ok || len(names) != 1 || !r.lateralAlias(names[0], s) {
		return weight{}, false
	}
	return s.aliases[names[0]], true
}

// navigates refuses names that Redshift may read as a way into a SUPER value: schema.table where the schema is an alias in sight, and an alias that
// is the name of a schema, so that none of ours can be read so either.
func (r *resolver) navigates(rv *pg.RangeVar, outer *scope, left []*item) error {
	if !r.rw.redshift() {
		return nil
	}
	if _, found := child(outer, left...).alias("", rv.Schemaname); rv.Schemaname != "" && found > 0 {
		return r.at(pgerror.NotSupported("PartiQL navigation (%s.%s) is not supported through Postern on Redshift", rv.Schemaname, rv.Relname), rv.Location)
	}
	return nil
}

// schemaAlias refuses an alias that is the name of a schema with registered tables.
func (r *resolver) schemaAlias(alias string, location int32) error {
	if !r.rw.redshift() || alias == "" {
		return nil
	}
	for _, t := range r.req.Program.Snapshot().Tables() {
		if t.Registered && t.Schema == alias {
			return r.at(pgerror.NotSupported("the alias %q, which is the name of a schema, is not supported through Postern on Redshift", alias).
				WithHint("Give the table another alias: Redshift could read schema.table as a way into the alias."), location)
		}
	}
	return nil
}

// throughAlias refuses alias.column.attribute.
func (r *resolver) throughAlias(names []string, ref *pg.ColumnRef, s *scope) error {
	if !r.rw.redshift() {
		return nil
	}
	_, alias := s.alias("", names[0])
	_, bare := s.lookup(names[0])
	if alias > 0 && len(names) > 2 || alias == 0 && bare > 0 && len(names) > 1 {
		return r.at(pgerror.NotSupported("PartiQL navigation (%s) is not supported through Postern on Redshift", dotted(ref.Fields)), ref.Location)
	}
	return nil
}

// settingIsolation is asked for by psqlODBC. Statements cannot choose another level there than SERIALIZABLE.
const settingIsolation = "transaction_isolation"

// redshiftSettings is the allow-list of settings for a Redshift (Database Developer Guide, "Configuration reference"). What changes how texts are read or
// names are found (enable_case_sensitive_identifier, search_path itself) is not on it.
func redshiftSettings(name string) (setting, bool) {
	switch name {
	case "query_group", "statement_timeout", "extra_float_digits", "datestyle", "timezone":
		return setting{access: settable}, true
	case "client_encoding":
		return setting{access: settable, values: []string{"utf8", "unicode"}}, true
	case "server_version", "server_encoding":
		return setting{access: shown}, true
	case settingSearchPath, settingApplicationName:
		return setting{access: kept}, true
	case "is_superuser", settingPurposes, settingIsolation:
		return setting{access: answered}, true
	case SettingSessionAuthorization, SettingProject, SettingAcknowledge:
		return setting{access: personal}, true
	}
	return setting{}, false
}

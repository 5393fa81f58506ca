package rewrite

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// The object identifier types (manual, 8.19). Their input looks names up in all of the warehouse, their output shows any object's name.
// So no value ever has such a type: inside an expression it is the oid, and where it becomes text, or stands in the outermost select
// list, it is the name if the person may see the object, else the number.

// regType names the object identifier type, "" if the type is another one or not supported.
func regType(t *pg.TypeName) string {
	name, ok := builtin(t.GetNames())
	if !ok || t.Setof || t.PctType || len(t.Typmods) > 0 {
		return ""
	}
	switch name {
	case "regclass", "regtype", "regproc", "regprocedure", "regnamespace":
		return name
	}
	return ""
}

// regOutputs turns casts to object identifier types in the outermost select list into text.
func regOutputs(stmt *pg.SelectStmt) {
	if stmt == nil {
		return
	}
	regOutputs(stmt.Larg)
	regOutputs(stmt.Rarg)
	for _, n := range stmt.TargetList {
		target := n.GetResTarget()
		cast := target.GetVal().GetTypeCast()
		if cast == nil || regType(cast.TypeName) == "" || len(cast.TypeName.ArrayBounds) > 0 {
			continue
		}
		if target.Name == "" {
			target.Name = outputName(target.Val, func(*pg.Node) string { return "" })
		}
		target.Val = typeCast(target.Val, "text", false)
	}
}

// regCast judges a cast to an object identifier type, or of one to text. False means that the cast is neither.
func (r *resolver) regCast(n *pg.Node, s *scope) (bool, error) {
	cast := n.GetTypeCast()
	if inner := cast.Arg.GetTypeCast(); inner != nil && isTextType(cast.TypeName) {
		if kind := regType(inner.TypeName); kind != "" && len(inner.TypeName.ArrayBounds) == 0 {
			if err := r.allowType(cast.TypeName); err != nil {
				return true, err
			}
			if err := r.regOID(cast.Arg, kind, s); err != nil {
				return true, err
			}
			return true, r.template(cast.Arg, regText(kind), &pg.Node{Node: cast.Arg.Node})
		}
	}
	kind := regType(cast.TypeName)
	switch {
	case kind == "":
		return false, nil
	case len(cast.TypeName.ArrayBounds) > 0:
		cast.TypeName = typeCast(nil, "oid", true).GetTypeCast().TypeName
		return true, r.expr(cast.Arg, s)
	}
	return true, r.regOID(n, kind, s)
}

// regText is the expression for the name of the object $1.
func regText(kind string) string {
	name := ""
	switch kind {
	case "regclass":
		name = "SELECT CASE WHEN c.relnamespace = 11 OR c.oid = ANY ({inpath}) THEN pg_catalog.quote_ident(c.relname) " +
			"ELSE pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)) END " +
			"FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = postern_q.a " +
			"AND (c.oid < 16384 OR c.oid = ANY ({relids}) OR c.oid IN ({indexes}))"
	case "regtype":
		name = "SELECT pg_catalog.format_type(t.oid, NULL) FROM pg_catalog.pg_type AS t WHERE t.oid = postern_q.a " +
			"AND (t.oid < 16384 OR t.oid IN ({types}))"
	case "regproc", "regprocedure":
		name = "SELECT p.oid::pg_catalog." + kind + "::pg_catalog.text FROM pg_catalog.pg_proc AS p WHERE p.oid = postern_q.a AND p.oid < 16384"
	case "regnamespace":
		name = "SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_namespace AS n WHERE n.oid = postern_q.a AND n.nspname = ANY ({schemas})"
	}
	return "(SELECT COALESCE((" + name + "), CASE postern_q.a WHEN 0 THEN '-' ELSE postern_q.a::pg_catalog.text END) " +
		"FROM (SELECT $1 AS a) AS postern_q)"
}

// regOID turns a cast to an object identifier type into the oid.
func (r *resolver) regOID(n *pg.Node, kind string, s *scope) error {
	cast := n.GetTypeCast()
	if text := constantText(cast.Arg); text != nil {
		return r.regConstant(n, kind, *text)
	}
	textual := isTextual(cast.Arg)
	if err := r.expr(cast.Arg, s); err != nil {
		return err
	}
	switch {
	case !textual:
		return r.template(n, "$1::pg_catalog.oid", cast.Arg)
	case kind == "regclass":
		return r.template(n, relationLookup, cast.Arg)
	case kind == "regnamespace":
		return r.template(n, "(SELECT n.oid FROM (SELECT $1::pg_catalog.text AS a) AS postern_q JOIN pg_catalog.pg_namespace AS n "+
			"ON pg_catalog.quote_ident(n.nspname) = postern_q.a WHERE n.nspname = ANY ({schemas}))", cast.Arg)
	}
	if kind == "regtype" {
		return r.template(n, typeLookup, cast.Arg)
	}
	return r.at(pgerror.NotSupported("type %s is supported through Postern with a constant name only", kind), cast.Location)
}

// relationLookup finds the relation whose name the text $1 is, NULL if there is none that the person may see.
const relationLookup = "(SELECT c.oid FROM (SELECT $1::pg_catalog.text AS a) AS postern_q, pg_catalog.pg_class AS c " +
	"JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = ANY ({relids}) AND postern_q.a IN (c.oid::pg_catalog.text, " +
	"pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)), " +
	"CASE WHEN c.oid = ANY ({inpath}) THEN pg_catalog.quote_ident(c.relname) END) OR c.oid < 16384 AND n.oid = 11 AND postern_q.a IN " +
	"(c.oid::pg_catalog.text, c.relname::pg_catalog.text, pg_catalog.concat('pg_catalog.', c.relname)) LIMIT 1)"

// typeLookup finds the type whose name the text $1 is, NULL if there is none that the person may see. The upstream path finds only
// built-in types by their bare names.
const typeLookup = "(SELECT CASE WHEN pg_catalog.to_regtype(postern_q.a)::pg_catalog.oid < 16384 OR pg_catalog.to_regtype(postern_q.a)::pg_catalog.oid IN ({types}) " +
	"THEN pg_catalog.to_regtype(postern_q.a)::pg_catalog.oid END FROM (SELECT $1::pg_catalog.text AS a) AS postern_q)"

// isTextual tells a name from a number where the type of an expression cannot be known: what only ever makes text.
func isTextual(n *pg.Node) bool {
	switch v := n.GetNode().(type) {
	case *pg.Node_ParamRef:
		return true
	case *pg.Node_TypeCast:
		return isTextType(v.TypeCast.TypeName)
	case *pg.Node_AExpr:
		name, _ := builtin(v.AExpr.Name)
		return name == "||"
	case *pg.Node_FuncCall:
		name, _ := builtin(v.FuncCall.Funcname)
		switch name {
		case "format", "quote_ident", "concat", "concat_ws", "replace", "lower":
			return true
		}
	}
	return false
}

// regConstant answers for a constant.
func (r *resolver) regConstant(n *pg.Node, kind, text string) error {
	location := n.GetTypeCast().GetLocation()
	if _, err := strconv.ParseUint(text, 10, 32); err == nil {
		return r.template(n, text+"::pg_catalog.oid")
	}
	switch kind {
	case "regclass":
		expression, err := r.relationOID(text, location)
		if err != nil {
			return err
		}
		return r.template(n, expression)
	case "regnamespace":
		known, err := r.facts()
		if err != nil {
			return err
		}
		names, ok := relationName(text)
		if !ok || len(names) != 1 || !known.schemas[names[0]] && names[0] != builtinSchema && names[0] != informationSchema {
			return r.at(&pgerror.Error{Code: "3F000", Message: "schema \"" + text + "\" does not exist"}, location)
		}
		return r.template(n, "(SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = "+quoteLiteral(names[0])+")")
	}
	// The upstream path finds built-in objects only, so a name without a dot reveals nothing else.
	if strings.Contains(strings.TrimPrefix(text, builtinSchema+"."), ".") {
		code, what := "42704", "type"
		if kind != "regtype" {
			code, what = "42883", "function"
		}
		return r.at(&pgerror.Error{Code: code, Message: what + " \"" + text + "\" does not exist"}, location)
	}
	return r.template(n, quoteLiteral(text)+"::pg_catalog."+kind+"::pg_catalog.oid")
}

// toRegclass is to_regclass: NULL for what is not there.
func (r *resolver) toRegclass(n *pg.Node, s *scope) error {
	f := n.GetFuncCall()
	if text := constantText(f.Args[0]); text != nil {
		expression, err := r.relationOID(*text, f.Location)
		if err != nil {
			expression = "NULL::pg_catalog.oid"
		}
		return r.template(n, expression)
	}
	if err := r.exprs(s, f.Args...); err != nil {
		return err
	}
	return r.template(n, relationLookup, f.Args[0])
}

// relationOID is an expression for the oid of a relation that the person may see, found as FROM would find it.
func (r *resolver) relationOID(text string, location int32) (string, error) {
	names, ok := relationName(text)
	if !ok {
		return "", r.at(&pgerror.Error{Code: "42602", Message: "invalid name syntax"}, location)
	}
	if len(names) == 3 && names[0] == r.req.Database {
		names = names[1:]
	}
	known, err := r.facts()
	if err != nil {
		return "", err
	}
	switch {
	case len(names) == 1 && strings.HasPrefix(names[0], "pg_"):
		return systemRelation(builtinSchema, names[0]), nil
	case len(names) == 2 && (names[0] == builtinSchema || names[0] == informationSchema):
		return systemRelation(names[0], names[1]), nil
	case len(names) == 2:
		if t, ok := known.tables[tableName{names[0], names[1]}]; ok {
			return strconv.FormatUint(uint64(t.OID), 10) + "::pg_catalog.oid", nil
		}
	case len(names) == 1 && !r.path.known:
		return "", r.at(errPathUnknown, location)
	case len(names) == 1:
		for _, schema := range r.path.schemas {
			if t, ok := known.tables[tableName{schema, names[0]}]; ok {
				return strconv.FormatUint(uint64(t.OID), 10) + "::pg_catalog.oid", nil
			}
		}
	}
	schema := ""
	if len(names) == 2 {
		schema = names[0]
	}
	return "", r.at(pgerror.UndefinedTable(strings.Join(names, "."), r.sourceToAskFor(schema, names[len(names)-1])...), location)
}

// systemRelation finds a relation of the catalogues themselves, NULL if there is none.
func systemRelation(schema, name string) string {
	return "(SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid < 16384 " +
		"AND n.nspname = " + quoteLiteral(schema) + " AND c.relname = " + quoteLiteral(name) + ")"
}

// relationName splits a name as textToQualifiedNameList does: parts between dots, folded unless they are quoted.
func relationName(text string) ([]string, bool) {
	var names []string
	for rest := strings.TrimSpace(text); ; {
		var name string
		if strings.HasPrefix(rest, `"`) {
			var ok bool
			if name, rest, ok = quotedName(rest[1:]); !ok {
				return nil, false
			}
		} else {
			end := strings.IndexAny(rest, ".\" \t\n")
			if end < 0 {
				end = len(rest)
			}
			name, rest = strings.ToLower(rest[:end]), rest[end:]
		}
		if name == "" || len(names) == 3 {
			return nil, false
		}
		names = append(names, name)
		if rest = strings.TrimSpace(rest); rest == "" {
			return names, true
		}
		if rest[0] != '.' {
			return nil, false
		}
		rest = strings.TrimSpace(rest[1:])
	}
}

func quotedName(rest string) (name, after string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		if rest[i] != '"' {
			b.WriteByte(rest[i])
			continue
		}
		if i+1 < len(rest) && rest[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		return b.String(), rest[i+1:], true
	}
	return "", "", false
}

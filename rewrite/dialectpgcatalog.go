package rewrite

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// The catalogues of PostgreSQL 8.0 that clients read on a Redshift: pg_class and its like as rows of constants, with the columns that psql and psqlODBC ask
// for, also where a Redshift has none of the name; and the functions that they call on them, whose answers are worked out here. None is sent.

// warehouseOwner is who owns everything, as far as clients are told.
const warehouseOwner = "postern"

// pgRelations are those of pg_catalog; per "type" is a row for each type.
func pgRelations(name string) (redshiftRelation, bool) {
	list := func(s string) []string { return strings.Fields(s) }
	switch name {
	case "pg_class":
		return redshiftRelation{list("oid relname relnamespace reltype reloftype relowner relam relfilenode reltablespace relpages reltuples reltoastrelid relhasindex relisshared relkind relnatts " +
			"relchecks relhastriggers relhasoids relhaspkey relhasrules relhassubclass relpersistence relacl reloptions"), "table"}, true
	case "pg_attribute":
		return redshiftRelation{list("attrelid attname atttypid attstattarget attlen attnum attndims atttypmod attnotnull atthasdef attisdropped attislocal attinhcount attidentity attgenerated attcollation attacl"), "column"}, true
	case "pg_namespace":
		return redshiftRelation{list("oid nspname nspowner nspacl"), "schema"}, true
	case "pg_database":
		return redshiftRelation{list("oid datname datdba encoding datcollate datctype datistemplate datallowconn datacl"), "database"}, true
	case "pg_type":
		return redshiftRelation{list("oid typname typnamespace typowner typlen typtype typdelim typrelid typelem typbasetype typtypmod typnotnull typcollation"), "type"}, true
	case "pg_views":
		return redshiftRelation{list("schemaname viewname viewowner definition"), "table"}, true
	}
	if columns, ok := map[string]string{
		"pg_attrdef": "oid adrelid adnum adbin adsrc", "pg_inherits": "inhrelid inhparent inhseqno", "pg_description": "objoid classoid objsubid description",
		"pg_index": "indexrelid indrelid indnatts indkey indisunique indisprimary indisclustered", "pg_constraint": "oid conname connamespace contype conrelid conindid confrelid conkey confkey",
		"pg_collation": "oid collname", "pg_trigger": "oid tgrelid tgname", "pg_rewrite": "oid ev_class rulename ev_type", "pg_tablespace": "oid spcname",
	}[name]; ok {
		return redshiftRelation{list(columns), "nothing"}, true
	}
	return redshiftRelation{}, false
}

// schemaOID is a number for a schema, of which a crawl knows none: the same wherever it is asked for.
func schemaOID(schema string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(schema)) // never fails (hash.Hash)
	return strconv.Itoa(0x4000_0000 | int(h.Sum32()&0x3fff_ffff))
}

// pgRow adds what pg_class, pg_attribute and the like tell of a table.
func pgRow(row map[string]string, relation string, t *catalog.Table, columns int) map[string]string {
	kind := "r"
	if t.Kind == catalog.KindView || t.Kind == catalog.KindMaterializedView {
		kind = "v"
	}
	oid := strconv.FormatUint(uint64(t.OID), 10)
	switch relation {
	case "pg_class":
		return with(row, "oid", oid, "relname", t.Name, "relnamespace", schemaOID(t.Schema), "reltype", "0", "reloftype", "0", "relowner", "1", "relam", "0", "relfilenode", "0", "reltablespace", "0",
			"relpages", "0", "reltuples", "0", "reltoastrelid", "0", "relhasindex", "false", "relisshared", "false", "relkind", kind, "relnatts", strconv.Itoa(columns), "relchecks", "0",
			"relhastriggers", "false", "relhasoids", "false", "relhaspkey", "false", "relhasrules", "false", "relhassubclass", "false", "relpersistence", "p")
	case "pg_views":
		return with(row, "viewname", t.Name, "viewowner", warehouseOwner)
	}
	return row
}

// pgAttribute adds what pg_attribute tells of a visible column, which keeps its number.
func pgAttribute(row map[string]string, t *catalog.Table, c catalog.Column) map[string]string {
	return with(row, "attrelid", strconv.FormatUint(uint64(t.OID), 10), "attname", c.Name, "atttypid", strconv.FormatUint(uint64(c.TypeOID), 10), "attstattarget", "-1",
		"attlen", typeLength(c.TypeOID), "attnum", strconv.Itoa(int(c.Number)), "attndims", "0", "atttypmod", strconv.Itoa(typeModifier(c.Type)), "attnotnull", strconv.FormatBool(c.NotNull),
		"atthasdef", "false", "attisdropped", "false", "attislocal", "true", "attinhcount", "0", "attidentity", "", "attgenerated", "", "attcollation", "0")
}

// typeModifier is pg_attribute.atttypmod of a type as format_type prints it; -1 without one.
func typeModifier(typ string) int {
	m := typeModifiers.FindStringSubmatch(typ)
	if m == nil {
		return -1
	}
	first, _ := strconv.Atoi(m[1])
	switch base := baseType(typ); {
	case class(base) == "text":
		return first + 4
	case base == typeNumeric:
		scale, _ := strconv.Atoi(m[2])
		return first<<16 | scale + 4
	}
	return -1
}

// pgTypes are the types that columns have there, by their numbers: name and length.
func pgTypes() map[uint32][2]string {
	return map[uint32][2]string{16: {"bool", "1"}, 20: {"int8", "8"}, 21: {"int2", "2"}, 23: {"int4", "4"}, 25: {"text", "-1"}, 19: {"name", "64"}, 26: {"oid", "4"}, 700: {"float4", "4"},
		701: {"float8", "8"}, 1042: {"bpchar", "-1"}, 1043: {"varchar", "-1"}, 1082: {"date", "4"}, 1083: {"time", "8"}, 1114: {"timestamp", "8"}, 1184: {"timestamptz", "8"},
		1266: {"timetz", "12"}, 1700: {"numeric", "-1"}, 3000: {"geometry", "-1"}, 3001: {"geography", "-1"}, 4000: {"super", "-1"}, 6551: {"varbyte", "-1"}, 2935: {"hllsketch", "-1"}}
}

func typeLength(oid uint32) string { return cmp.Or(pgTypes()[oid][1], "-1") }

// typeRows are the rows of pg_type.
func typeRows() []map[string]string {
	var rows []map[string]string
	types := pgTypes()
	numbers := make([]uint32, 0, len(types))
	for oid := range types {
		numbers = append(numbers, oid)
	}
	slices.Sort(numbers)
	for _, oid := range numbers {
		rows = append(rows, map[string]string{"oid": strconv.FormatUint(uint64(oid), 10), "typname": types[oid][0], "typnamespace": "11", "typowner": "1", "typlen": types[oid][1], "typtype": "b",
			"typdelim": ",", "typrelid": "0", "typelem": "0", "typbasetype": "0", "typtypmod": "-1", "typnotnull": "false", "typcollation": "0"})
	}
	return rows
}

// pgColumnType is the type of a column of these relations; "" for text.
func pgColumnType(column string) string {
	switch column {
	case "oid", "relnamespace", "reltype", "reloftype", "relowner", "relam", "relfilenode", "reltablespace", "reltoastrelid", "attrelid", "atttypid", "attcollation", "nspowner", "datdba",
		"typnamespace", "typowner", "typrelid", "typelem", "typbasetype", "typcollation", "adrelid", "inhrelid", "inhparent", "objoid", "classoid", "indexrelid", "indrelid", "connamespace",
		"conrelid", "conindid", "confrelid", "tgrelid", "ev_class":
		return "int8" // a number of PostgreSQL's has no sign
	case "relpages", "relnatts", "relchecks", "attstattarget", "attlen", "attnum", "attndims", "atttypmod", "attinhcount", "encoding", "typlen", "typtypmod", "adnum", "inhseqno", "objsubid", "indnatts":
		return "int4"
	case "relhasindex", "relisshared", "relhastriggers", "relhasoids", "relhaspkey", "relhasrules", "relhassubclass", "attnotnull", "atthasdef", "attisdropped", "attislocal", "datistemplate",
		"datallowconn", "typnotnull", "indisunique", "indisprimary", "indisclustered":
		return "bool"
	case "reltuples":
		return "float4"
	}
	return ""
}

// catalogFunction reports a function about objects that is answered here.
func catalogFunction(f *pg.FuncCall, name string) bool {
	if f.Over != nil || f.AggFilter != nil || f.AggStar || f.AggDistinct || len(f.AggOrder) > 0 {
		return false
	}
	switch name + "/" + strconv.Itoa(len(f.Args)) {
	case "pg_get_userbyid/1", "pg_encoding_to_char/1", "pg_get_expr/2", "pg_get_expr/3", "obj_description/1", "obj_description/2", "col_description/2", "array_to_string/2",
		"pg_get_viewdef/1", "pg_get_viewdef/2", "pg_table_is_visible/1", "format_type/2":
		return true
	}
	return false
}

// catalogCall puts the answer in the place of the call, whose arguments were judged.
func (r *resolver) catalogCall(n *pg.Node, name string) error {
	f := n.GetFuncCall()
	switch name {
	case "pg_get_userbyid":
		n.Node = nameConstant(warehouseOwner, f.Location)
	case "pg_encoding_to_char":
		n.Node = nameConstant("UTF8", f.Location)
	case "pg_table_is_visible":
		return r.visibleTables(n, f.Args[0])
	case "format_type":
		return r.formatType(n, f)
	case "pg_get_expr", "obj_description", "col_description", "array_to_string", "pg_get_viewdef":
		n.Node = nameCast(&pg.A_Const{Isnull: true, Location: -1}, "text", false).Node
	default:
		return r.unknown(n)
	}
	return nil
}

// objectCast turns a number of an object into text, in the place of regclass and regtype, whose names it would be; these types stand only where psql asks
// about what is not there.
func objectCast(c *pg.TypeCast) {
	names, _ := stringList(c.TypeName.GetNames())
	if len(names) != 2 || names[0] != builtinSchema {
		return
	}
	inner := c.Arg.GetTypeCast()
	switch names[1] {
	case "char":
		// The type of one byte, which is not character(1): ''::pg_catalog.char.
		if len(c.TypeName.Typmods) == 0 && c.Arg.GetAConst() != nil {
			c.TypeName = longestText()
		}
	case "regclass", "regtype":
		if c.Arg.GetColumnRef() != nil {
			c.TypeName = longestText()
		}
	case "text":
		if within, _ := stringList(inner.GetTypeName().GetNames()); len(within) == 2 && (within[1] == "regclass" || within[1] == "regtype") {
			c.TypeName = longestText()
		}
	}
}

func longestText() *pg.TypeName {
	return &pg.TypeName{Names: []*pg.Node{pg.MakeStrNode("varchar")}, Typmods: []*pg.Node{pg.MakeAConstIntNode(65535, -1)}, Typemod: -1, Location: -1}
}

// visibleTables is pg_table_is_visible: whether the number is one of those that the client's search path finds.
func (r *resolver) visibleTables(n, arg *pg.Node) error {
	known, err := r.rw.views.facts(r.req)
	if err != nil {
		return err
	}
	if !r.path.known {
		return pgerror.NotSupported("pg_table_is_visible behind a change of search_path in one string is not supported through Postern")
	}
	r.until = earlier(r.until, known.until)
	seen := map[string]bool{}
	var oids []string
	for _, schema := range r.path.schemas {
		var names []string
		for key, t := range known.tables {
			if key.schema == schema && !seen[key.name] {
				names = append(names, key.name)
				oids = append(oids, strconv.FormatUint(uint64(t.OID), 10))
			}
		}
		for _, name := range names {
			seen[name] = true
		}
	}
	if len(oids) == 0 {
		n.Node = boolConstant(false).Node
		return nil
	}
	slices.Sort(oids)
	n.Node = &pg.Node_AExpr{AExpr: &pg.A_Expr{Kind: pg.A_Expr_Kind_AEXPR_IN, Name: []*pg.Node{pg.MakeStrNode("=")}, Lexpr: arg, Location: -1,
		Rexpr: &pg.Node{Node: &pg.Node_List{List: &pg.List{Items: numbers(oids)}}}}}
	return nil
}

func numbers(list []string) []*pg.Node {
	out := make([]*pg.Node, len(list))
	for i, text := range list {
		out[i] = numberConstant(text)
	}
	return out
}

// numberConstant is a whole number, which the parser keeps as text where it is beyond 31 bits.
func numberConstant(text string) *pg.Node {
	if v, err := strconv.ParseInt(text, 10, 32); err == nil {
		return pg.MakeAConstIntNode(v, -1)
	}
	return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Fval{Fval: &pg.Float{Fval: text}}, Location: -1}}}
}

// formatType is format_type: the text of each type that a column has which the person may see.
func (r *resolver) formatType(n *pg.Node, f *pg.FuncCall) error {
	known, err := r.rw.views.facts(r.req)
	if err != nil {
		return err
	}
	r.until = earlier(r.until, known.until)
	type key struct {
		oid      uint32
		modifier int
	}
	texts := map[key]string{}
	for _, columns := range known.columns {
		for _, c := range columns {
			k := key{c.TypeOID, typeModifier(c.Type)}
			if have, ok := texts[k]; !ok || c.Type < have {
				texts[k] = c.Type
			}
		}
	}
	keys := make([]key, 0, len(texts))
	for k := range texts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.oid, b.oid), cmp.Compare(a.modifier, b.modifier)) })
	out := &pg.CaseExpr{Location: -1}
	for _, k := range keys {
		is := conjunction([]*pg.Node{equalNode(f.Args[0], numberConstant(strconv.FormatUint(uint64(k.oid), 10))), equalNode(f.Args[1], pg.MakeAConstIntNode(int64(k.modifier), -1))})
		out.Args = append(out.Args, &pg.Node{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Expr: is, Result: pg.MakeAConstStrNode(texts[k], -1), Location: -1}}})
	}
	if len(out.Args) == 0 {
		n.Node = nameCast(&pg.A_Const{Isnull: true, Location: -1}, "text", false).Node
		return nil
	}
	n.Node = &pg.Node_CaseExpr{CaseExpr: out}
	return nil
}

// emptyRelation reports a sub-select from a relation of the catalogues that has no rows here: what it gives is known without asking.
func emptyRelation(stmt *pg.SelectStmt) bool {
	for _, n := range stmt.GetFromClause() {
		rv := n.GetRangeVar()
		if rv == nil || rv.Schemaname != builtinSchema {
			continue
		}
		if relation, ok := systemRelations(rv.Relname); ok && relation.per == "nothing" && len(stmt.FromClause) > 0 && stmt.Op == pg.SetOperation_SETOP_NONE && plainRows(stmt) {
			return true
		}
	}
	return false
}

// plainRows reports a query that gives rows of its FROM, and none without one.
func plainRows(stmt *pg.SelectStmt) bool {
	return len(stmt.GroupClause) == 0 && stmt.HavingClause == nil &&
		!slices.ContainsFunc(stmt.TargetList, func(n *pg.Node) bool { return aggregates(n.ProtoReflect(), true) })
}

// nothingSelected puts the answer in the place of a scalar sub-select of nothing, or of EXISTS; false for any other.
func (r *resolver) nothingSelected(n *pg.Node) bool {
	link := n.GetSubLink()
	if !r.rw.redshift() || r.viewDepth > 0 || !emptyRelation(link.GetSubselect().GetSelectStmt()) {
		return false
	}
	switch link.SubLinkType {
	case pg.SubLinkType_EXPR_SUBLINK:
		n.Node = nameCast(&pg.A_Const{Isnull: true, Location: -1}, "text", false).Node
		return true
	case pg.SubLinkType_EXISTS_SUBLINK:
		n.Node = boolConstant(false).Node
		return true
	default:
		return false
	}
}

// pruneCatalog leaves out of a relation's rows the columns that the statement does not name.
func (p *place) pruneCatalog() {
	if p.use.all || len(p.node.GetRangeSubselect().Alias.GetColnames()) > 0 {
		return
	}
	var keep []int
	for i, name := range p.view.columns {
		if p.use.touched[name] {
			keep = append(keep, i)
		}
	}
	if len(keep) == 0 {
		keep = []int{0}
	}
	keepColumns(p.tree(), keep)
}

func keepColumns(s *pg.SelectStmt, keep []int) {
	if s.Op != pg.SetOperation_SETOP_NONE {
		keepColumns(s.Larg, keep)
		keepColumns(s.Rarg, keep)
		return
	}
	kept := make([]*pg.Node, 0, len(keep))
	for _, i := range keep {
		if i < len(s.TargetList) {
			kept = append(kept, s.TargetList[i])
		}
	}
	s.TargetList = kept
}

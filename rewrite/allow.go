package rewrite

import (
	"regexp"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// builtinSchema is the only schema from which functions, operators, types and collations may be taken. The warehouse's
// search_path is always `pg_catalog, pg_temp` and nobody can create anything in either, so a bare name means the same.
const builtinSchema = "pg_catalog"

// builtin takes a name of one part, or of two if the first is pg_catalog.
func builtin(parts []*pg.Node) (string, bool) {
	names, ok := stringList(parts)
	switch {
	case !ok:
		return "", false
	case len(names) == 1:
		return names[0], true
	case len(names) == 2 && names[0] == builtinSchema:
		return names[1], true
	}
	return "", false
}

// dotted prints a list of names for a message.
func dotted(parts []*pg.Node) string {
	var names []string
	for _, p := range parts {
		switch v := p.GetNode().(type) {
		case *pg.Node_String_:
			names = append(names, v.String_.Sval)
		case *pg.Node_AStar:
			names = append(names, "*")
		}
	}
	return strings.Join(names, ".")
}

// allowOperator admits built-in operators, bare or as OPERATOR(pg_catalog.x).
func (r *resolver) allowOperator(parts []*pg.Node, location int32) error {
	name, ok := builtin(parts)
	if !ok && r.listedOperator(parts) {
		return nil
	}
	if !ok || !catalog.SafeOperator(name) {
		return r.at(pgerror.NotSupported("operator %s is not on Postern's allow-list", dotted(parts)), location)
	}
	return nil
}

// allowType admits built-in types with constant modifiers.
func (r *resolver) allowType(t *pg.TypeName) error {
	if t == nil || r.allowsColumnType(t) {
		return nil
	}
	if r.rw.redshift() {
		return r.redshiftType(t)
	}
	name, ok := builtin(t.Names)
	// The array types' own names are those of their elements with an underscore before them.
	safe := ok && (catalog.SafeType(name) || catalog.SafeType(strings.TrimPrefix(name, "_")))
	if !safe && regType(t) == "" && r.listedType(t) {
		return nil
	}
	if !ok || t.Setof || t.PctType || !catalog.SafeType(name) && !catalog.SafeType(strings.TrimPrefix(name, "_")) {
		return r.at(pgerror.NotSupported("type %s is not on Postern's allow-list", dotted(t.Names)), t.Location)
	}
	for _, m := range t.Typmods {
		if m.GetAConst().GetIval() == nil {
			return r.at(pgerror.NotSupported("modifier of type %s is not supported through Postern", name), t.Location)
		}
	}
	return nil
}

// allowCollation admits collations by bare name: those of pg_catalog.
func (r *resolver) allowCollation(c *pg.CollateClause) error {
	if _, ok := builtin(c.Collname); !ok {
		return r.at(pgerror.NotSupported("collation %s is not on Postern's allow-list", dotted(c.Collname)), c.Location)
	}
	return nil
}

// plainNumber is how every version of PostgreSQL from 15 on reads a number. The parser also takes digits with underscores and
// other bases, which an older server would read as a number and an alias.
var plainNumber = regexp.MustCompile(`^([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// allowConstant admits constants that every server reads as the parser did.
func (r *resolver) allowConstant(c *pg.A_Const) error {
	if f := c.GetFval(); f != nil && !plainNumber.MatchString(f.Fval) {
		return r.at(pgerror.NotSupported("number %s is not supported through Postern: write it with digits only", f.Fval), c.Location)
	}
	return nil
}

// allowsColumnType admits, in the stored query of a view, the types that columns of registered tables have: enums and domains, whose
// constants stand in definitions with a cast.
func (r *resolver) allowsColumnType(t *pg.TypeName) bool {
	names, ok := stringList(t.GetNames())
	if r.viewDepth == 0 || !ok || len(names) != 2 || t.Setof || t.PctType || len(t.Typmods) > 0 {
		return false
	}
	printed := quoteIdentifier(names[0]) + "." + quoteIdentifier(names[1])
	for _, table := range r.req.Program.Snapshot().Tables() {
		if !table.Registered {
			continue
		}
		for _, c := range table.Columns {
			if c.TypeOID >= firstUserOID && strings.TrimSuffix(c.Type, "[]") == printed {
				return true
			}
		}
	}
	return false
}

// plainIdentifier is what needs no quotes, unless it is a keyword: then format_type quotes it, and it is not found.
var plainIdentifier = regexp.MustCompile(`^[a-z_][a-z0-9_$]*$`)

func quoteIdentifier(name string) string {
	if plainIdentifier.MatchString(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

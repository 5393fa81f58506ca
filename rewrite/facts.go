package rewrite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
)

// facts are what one person may see of the warehouse, in the forms that the virtual catalogue needs. They are shared and never
// changed.
type facts struct {
	tables  map[tableName]*catalog.Table
	schemas map[string]bool
	// columns are the visible ones of each table.
	columns map[*catalog.Table][]catalog.Column
	// until is when the first of the decisions ends, denials included; zero is never.
	until time.Time
	// writes are the tables that the person may write.
	writes []writing
	// macros put the facts into the texts of catalog.sql.
	macros *strings.Replacer
}

// writing is a table that the person may write, how, and which of its columns.
type writing struct {
	table      *catalog.Table
	privileges []policy.Privilege
	columns    map[string]bool
}

// addWriting notes what of a table the person may write.
func (f *facts) addWriting(d *policy.Decision) {
	if len(d.Privileges) == 0 {
		return
	}
	w := writing{table: d.Table, privileges: d.Privileges, columns: map[string]bool{}}
	for _, c := range d.Columns {
		w.columns[c.Column.Name] = c.Mask == nil || c.Column.WriteMasked
	}
	f.writes = append(f.writes, w)
}

// maxGroups is how many lists of tables with the same visible columns a condition has at most.
const maxGroups = 50

type tableName struct{ schema, name string }

// facts asks for every registered table at once, and keeps the answer per program, person and database.
func (vs *views) facts(req *Request) (*facts, error) {
	key := viewKey{req.Program, req.Principal.Key() + "\x00" + req.Database, nil, false}
	if v, ok := vs.known.Get(key); ok && (v.until.IsZero() || vs.now().Before(v.until)) {
		return v, nil
	}
	var wants []policy.Want
	for _, t := range req.Program.Snapshot().Tables() {
		if t.Registered {
			wants = append(wants, policy.Want{Table: t})
		}
	}
	decisions := vs.decide(req.Program, req.Principal, wants)
	if len(decisions) != len(wants) {
		return nil, fmt.Errorf("deciding: %d answers for %d tables", len(decisions), len(wants))
	}
	f := &facts{tables: map[tableName]*catalog.Table{}, schemas: map[string]bool{}, columns: map[*catalog.Table][]catalog.Column{}}
	g := gathered{groups: map[string][]string{}, open: map[string][]string{}, types: map[uint32]bool{}, enums: map[uint32]bool{}}
	for i := range decisions {
		d := &decisions[i]
		if d.Table != wants[i].Table {
			return nil, fmt.Errorf("deciding: the answer is not for the table that was asked for")
		}
		f.until = earlier(f.until, d.ValidUntil)
		if d.Allowed {
			f.tables[tableName{d.Table.Schema, d.Table.Name}] = d.Table
			f.schemas[d.Table.Schema] = true
			for _, c := range d.Columns {
				f.columns[d.Table] = append(f.columns[d.Table], c.Column)
			}
			g.add(d)
			f.addWriting(d)
		}
	}
	if err := vs.sandboxFacts(req, f, &g); err != nil {
		return nil, err
	}
	f.macros = g.macros(f, req)
	vs.known.Add(key, f)
	return f, nil
}

// sandboxFacts adds the person's own tables in sandboxes, as far as a crawl has found them.
func (vs *views) sandboxFacts(req *Request, f *facts, g *gathered) error {
	if !req.Program.HasSandbox(req.Principal.User()) {
		return nil
	}
	for _, t := range req.Program.Snapshot().Tables() {
		box, ok := req.Program.Sandbox(t.Schema)
		if !ok || box.Owner != req.Principal.User() {
			continue
		}
		v, until, err := vs.sandboxView(req, box, t)
		f.until = earlier(f.until, until)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		f.tables[tableName{t.Schema, t.Name}] = t
		f.schemas[t.Schema] = true
		g.add(&v.decision)
		f.addWriting(&v.decision)
	}
	return nil
}

// gathered collects oids in the forms in which they are printed. Tables with the same numbers of visible columns share a group,
// so that the text stays short.
type gathered struct {
	groups map[string][]string
	// open are the same for unmasked columns of tables without a row filter.
	open         map[string][]string
	types, enums map[uint32]bool
}

func (g *gathered) add(d *policy.Decision) {
	numbers := make([]string, len(d.Columns))
	var open []string
	for i, c := range d.Columns {
		numbers[i] = strconv.Itoa(int(c.Column.Number))
		if c.Mask == nil && c.Kind == policy.MaskNone {
			open = append(open, numbers[i])
		}
		if c.Column.TypeOID < firstUserOID {
			continue
		}
		g.types[c.Column.TypeOID] = true
		if c.Mask == nil && c.Kind == policy.MaskNone {
			g.enums[c.Column.TypeOID] = true
		}
	}
	if !d.Filtered() && d.Table.Kind != catalog.KindView && len(open) > 0 {
		atts := strings.Join(open, ",")
		g.open[atts] = append(g.open[atts], strconv.FormatUint(uint64(d.Table.OID), 10))
	}
	atts := strings.Join(numbers, ",")
	g.groups[atts] = append(g.groups[atts], strconv.FormatUint(uint64(d.Table.OID), 10))
}

// macros says what each word in braces in catalog.sql stands for.
func (g *gathered) macros(f *facts, req *Request) *strings.Replacer {
	visible := derived(g.groups)
	indexes := "SELECT i.indexrelid FROM pg_catalog.pg_index AS i JOIN " + visible + " AS v ON v.relid = i.indrelid " +
		"WHERE i.indpred IS NULL AND i.indexprs IS NULL AND " + within("i.indkey::pg_catalog.int2[]", "v.atts")
	constraints := "SELECT k.oid FROM pg_catalog.pg_constraint AS k JOIN " + visible + " AS v ON v.relid = k.conrelid " +
		"WHERE k.contype IN ('p', 'u') AND (k.conindid IN (" + indexes + ")) IS TRUE AND " + within("k.conkey", "v.atts") +
		" UNION ALL SELECT k.oid FROM pg_catalog.pg_constraint AS k JOIN " + visible + " AS v ON v.relid = k.conrelid JOIN " +
		visible + " AS w ON w.relid = k.confrelid WHERE k.contype = 'f' AND " + within("k.conkey", "v.atts") + " AND " + within("k.confkey", "w.atts")
	types := "SELECT t.oid FROM pg_catalog.pg_type AS t WHERE t.oid IN (SELECT pg_catalog.unnest(ARRAY[u.oid, u.typelem, " +
		"u.typbasetype, u.typarray]) FROM pg_catalog.pg_type AS u WHERE u.oid = ANY (" + oidArray(keys(g.types)) + ")) AND NOT EXISTS (" +
		"SELECT FROM pg_catalog.pg_type AS u JOIN pg_catalog.pg_class AS k ON k.oid = u.typrelid " +
		"WHERE u.oid IN (t.oid, t.typelem, t.typbasetype) AND k.relkind <> 'c')"
	schemas := []string{builtinSchema, informationSchema}
	for s := range f.schemas {
		schemas = append(schemas, s)
	}
	slices.Sort(schemas)
	return strings.NewReplacer("{visible}", visible, "{attributes}", attributes(g.groups), "{statistics}", derived(g.open), "{indexes}", indexes, "{constraints}", constraints, "{types}", types,
		"{relids}", oidArray(g.relids()), "{enums}", oidArray(keys(g.enums)), "{schemas}", textArray(schemas, "name"),
		"{settings}", textArray(settingNames(), "text"), "{user}", quoteLiteral(req.Principal.User())+"::pg_catalog.name",
		"{acl}", textArray([]string{aclText(req.Principal.User())}, "text"), "{database}", quoteLiteral(req.Database)+"::pg_catalog.name")
}

// within reports columns that are all among others. The planner takes a bare <@ for next to never true, so it would go through all tables for each of all
// constraints; of CASE it knows nothing. For the same reason the sub-select beside it stands behind IS TRUE: so it is run once, and not for each row.
func within(columns, of string) string {
	return "CASE WHEN " + columns + " OPERATOR(pg_catalog.<@) " + of + " THEN true ELSE false END"
}

// aclText is what an access list says of somebody who may read (manual, 5.7).
func aclText(user string) string {
	for _, c := range user {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			user = `"` + strings.ReplaceAll(user, `"`, `""`) + `"`
			break
		}
	}
	return user + "=r/" + user
}

// derived prints tables and the numbers of their visible columns as a derived table (relid, atts).
func derived(groups map[string][]string) string {
	rows := []string{}
	for atts, oids := range groups {
		rows = append(rows, "("+oidArray(oids)+", '{"+atts+"}'::pg_catalog.int2[])")
	}
	slices.Sort(rows)
	if len(rows) == 0 {
		rows = []string{"('{}'::pg_catalog.oid[], '{}'::pg_catalog.int2[])"}
	}
	return "(SELECT pg_catalog.unnest(g.relids) AS relid, g.atts FROM (VALUES " + strings.Join(rows, ", ") + ") AS g(relids, atts))"
}

// attributes prints them as a condition on a.attrelid and a.attnum. A server hashes each list once for a statement (ScalarArrayOpExpr), where a join would go
// through all tables for each table that is looked up; of too many lists it would try too many for each column.
func attributes(groups map[string][]string) string {
	if len(groups) > maxGroups {
		return "(a.attrelid, a.attnum) IN (SELECT v.relid, pg_catalog.unnest(v.atts) FROM " + derived(groups) + " AS v)"
	}
	parts := []string{}
	for atts, oids := range groups {
		parts = append(parts, "a.attrelid = ANY ("+oidArray(oids)+") AND a.attnum = ANY ('{"+atts+"}'::pg_catalog.int2[])")
	}
	slices.Sort(parts)
	return "(" + strings.Join(append(parts, "false"), " OR ") + ")"
}

func (g *gathered) relids() []string {
	var out []string
	for _, oids := range g.groups {
		out = append(out, oids...)
	}
	slices.Sort(out)
	return out
}

func keys(set map[uint32]bool) []string {
	var out []string
	for oid := range set {
		out = append(out, strconv.FormatUint(uint64(oid), 10))
	}
	slices.Sort(out)
	return out
}

func oidArray(oids []string) string { return "'{" + strings.Join(oids, ",") + "}'::pg_catalog.oid[]" }

func textArray(list []string, typeName string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quoteLiteral(s) + "::pg_catalog." + typeName
	}
	return "ARRAY[" + strings.Join(quoted, ", ") + "]"
}

// inPath are the oids of the visible tables that the client's path finds by their bare names.
func (f *facts) inPath(path []string) []string {
	found := map[string]bool{}
	var out []string
	for _, schema := range path {
		if !f.schemas[schema] {
			continue
		}
		var names []string
		for key, t := range f.tables {
			if key.schema == schema && !found[key.name] && !strings.HasPrefix(key.name, "pg_") {
				names = append(names, key.name)
				out = append(out, strconv.FormatUint(uint64(t.OID), 10))
			}
		}
		for _, name := range names {
			found[name] = true
		}
	}
	slices.Sort(out)
	return out
}

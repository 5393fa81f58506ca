package push

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// columnDefault is what a column of a source has where nothing is said.
type columnDefault struct {
	column, expression string
	// plain says that whoever owns our views can print it there: it calls functions of the server's own alone, and names what may be named.
	plain bool
	// sequences from which it draws numbers.
	sequences []Relation
}

// sequence is one from which a source's default draws.
type sequence struct {
	// grantable says that we may let others draw.
	grantable bool
}

// defaultsQuery has the defaults of the sources' columns, with the sequences from which they draw. A default of a type, a function or anything else of
// somebody's own that we may not name cannot be put elsewhere. Identity columns have none, and ask nobody for their sequences.
const defaultsQuery = `
SELECT n.nspname, c.relname, a.attname, pg_get_expr(ad.adbin, ad.adrelid),
    NOT EXISTS (SELECT FROM pg_depend AS d
        LEFT JOIN pg_class AS s ON d.refclassid = 'pg_class'::regclass AND s.oid = d.refobjid AND s.relkind = 'S'
        LEFT JOIN pg_type AS t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
        WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid AND d.deptype = 'n'
          AND NOT COALESCE(has_schema_privilege(COALESCE(s.relnamespace, t.typnamespace), 'USAGE'), false)),
    COALESCE((SELECT json_agg(json_build_array(sn.nspname, s.relname)) FROM pg_depend AS d
        JOIN pg_class AS s ON s.oid = d.refobjid AND s.relkind = 'S' JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
        WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = ad.oid AND d.refclassid = 'pg_class'::regclass), '[]')
FROM unnest($1::name[], $2::name[]) AS w (schema, name) JOIN pg_namespace AS n ON n.nspname = w.schema JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
JOIN pg_attrdef AS ad ON ad.adrelid = c.oid JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ad.adnum AND a.attgenerated = ''
WHERE c.relkind IN ('r', 'p') ORDER BY c.oid, a.attnum`

// defaults reads those of the sources to which anybody may write, and what our views have.
func (c *crawler) defaults() {
	if c.err != nil {
		return
	}
	c.out.defaults, c.out.viewDefaults, c.out.sequences = map[Relation][]columnDefault{}, map[Relation]map[string]string{}, map[Relation]sequence{}
	if schemas, names := split(slices.SortedFunc(maps.Keys(c.written()), compareRelations)); len(names) > 0 {
		c.each(defaultsQuery, []string{list(schemas), list(names)}, func(v []string) {
			d := columnDefault{column: v[2], expression: v[3], plain: v[4] == "t"}
			for _, pair := range jsonPairs(v[5]) {
				at := Relation{pair[0], pair[1]}
				d.sequences = append(d.sequences, at)
				c.out.sequences[at] = sequence{}
			}
			at := Relation{v[0], v[1]}
			c.out.defaults[at] = append(c.out.defaults[at], d)
		})
	}
	c.each(`SELECT n.nspname, c.relname, a.attname, pg_get_expr(ad.adbin, ad.adrelid) FROM pg_attrdef AS ad JOIN pg_class AS c ON c.oid = ad.adrelid AND c.relkind = 'v'
JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ad.adnum WHERE n.nspname = ANY ($1::name[])`,
		[]string{list(c.governedSchemas())}, func(v []string) {
			at := Relation{v[0], v[1]}
			if c.out.viewDefaults[at] == nil {
				c.out.viewDefaults[at] = map[string]string{}
			}
			c.out.viewDefaults[at][v[2]] = v[3]
		})
	c.draws()
}

// written are the sources to which the policies let anybody write, by whatever way.
func (c *crawler) written() map[Relation]bool {
	out := map[Relation]bool{}
	for g := range c.want.Grants {
		if g.Object.Kind == ObjectTable && (g.Privilege == "INSERT" || g.Privilege == "UPDATE") {
			out[c.settings.base(c.want.Bases, g.Object)] = true
		}
	}
	for at, s := range c.want.Secured {
		for g := range s.Grants {
			out[at] = out[at] || g.Privilege == "INSERT"
		}
	}
	return out
}

// base is the source of a table or view that is granted.
func (s Settings) base(sources map[Relation]uint32, o Object) Relation {
	if _, source := sources[Relation{o.Schema, o.Name}]; source {
		return Relation{o.Schema, o.Name}
	}
	return Relation{strings.TrimPrefix(o.Schema, s.SchemaPrefix), o.Name}
}

// jsonPairs reads an array of pairs of strings that the server printed; nil for anything else.
func jsonPairs(text string) (out [][2]string) {
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil
	}
	return out
}

// draws reads what our roles hold on sequences, and on which of them we may grant.
func (c *crawler) draws() {
	schemas, names := split(slices.SortedFunc(maps.Keys(c.out.sequences), compareRelations))
	c.each(`SELECT w.schema, w.name FROM unnest($1::name[], $2::name[]) AS w (schema, name) JOIN pg_namespace AS n ON n.nspname = w.schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind = 'S'
WHERE has_schema_privilege(n.oid, 'USAGE') AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE WITH GRANT OPTION') END`,
		[]string{list(schemas), list(names)}, func(v []string) { c.out.sequences[Relation{v[0], v[1]}] = sequence{grantable: true} })
	c.each(`SELECT n.nspname, c.relname, pg_get_userbyid(a.grantee), a.privilege_type, pg_has_role(a.grantor, 'USAGE') AND has_schema_privilege(n.oid, 'USAGE'), pg_get_userbyid(a.grantor)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, aclexplode(c.relacl) AS a
WHERE c.relkind = 'S' AND a.grantee <> 0 AND pg_get_userbyid(a.grantee) = ANY ($1::name[])`, []string{list(c.rolesOf(RoleAudience))}, func(v []string) {
		g := Grant{Object{ObjectSequence, v[0], v[1]}, v[3], v[2]}
		if _, ours := c.out.Roles[g.Role]; !ours {
			return
		}
		if v[4] != "t" {
			c.find(NotGoverned, "sequence "+g.Object.String(), g.Privilege+" was granted to "+g.Role+" by "+v[5]+", and role "+c.settings.SystemRole+" may not take it back")
			return
		}
		c.out.Grants[g] = ""
	})
}

// draws lets who may add rows draw the numbers that the defaults of the table have: the server asks who inserts for the right to do so, also behind a
// view. That tells the last number that was drawn, as RETURNING would; the right to read a sequence is given to nobody.
func (d *difference) draws() {
	for _, g := range slices.SortedFunc(maps.Keys(d.want.Grants), compareGrants) {
		if g.Object.Kind != ObjectTable || g.Privilege != "INSERT" {
			continue
		}
		for _, def := range d.have.defaults[d.settings.base(d.bases, g.Object)] {
			for _, at := range def.sequences {
				object := Object{ObjectSequence, at.Schema, at.Name}
				if _, has := d.have.Grants[Grant{object, "USAGE", g.Role}]; !has && !d.have.sequences[at].grantable {
					d.ask("GRANT USAGE ON SCHEMA " + ident(at.Schema) + " TO " + ident(d.settings.SystemRole))
					d.ask("GRANT USAGE ON " + object.sql() + " TO " + ident(d.settings.SystemRole) + " WITH GRANT OPTION")
					d.find(NotGiven, g.Object.String(), "adding rows that draw column "+def.column+" from sequence "+at.String()+
						": role "+d.settings.SystemRole+" may not hand that on; the plan's script is for a database administrator")
					continue
				}
				d.want.Grants[Grant{object, "USAGE", g.Role}] = ""
			}
		}
	}
}

// viewDefaults has UPDATE … SET c = DEFAULT through our views write what it writes to the table: a view without a default writes NULL. Nobody inserts through
// a view that can be updated, so that a default that was changed since is nobody's but of who asks for it.
func (d *difference) viewDefaults() {
	updated := map[Relation]bool{}
	for g := range d.want.Grants {
		updated[Relation{g.Object.Schema, g.Object.Name}] = updated[Relation{g.Object.Schema, g.Object.Name}] || g.Object.Kind == ObjectTable && g.Privilege == "UPDATE"
	}
	for _, at := range slices.SortedFunc(maps.Keys(d.want.Views), compareRelations) {
		want := d.want.Views[at]
		if !want.Writable || d.kept[at] {
			continue
		}
		wanted := map[string]string{}
		if updated[at] {
			wanted = d.defaultsOf(at, want)
		}
		i := slices.IndexFunc(d.changes, func(c change) bool { return c.at == at })
		has := d.have.viewDefaults[at]
		if i < 0 && !maps.Equal(has, wanted) && d.have.Views[at].Digest == want.Digest {
			d.changes = append(d.changes, change{at: at, want: want, have: d.have.Views[at], there: true, only: true})
			i = len(d.changes) - 1
		}
		if i < 0 {
			continue
		}
		if d.changes[i].drop || !d.changes[i].there {
			has = nil
		}
		d.changes[i].setDefaults(has, wanted)
	}
}

// defaultsOf are the defaults that a view is to have, by column.
func (d *difference) defaultsOf(at Relation, want View) map[string]string {
	out := map[string]string{}
	base := d.settings.base(d.bases, Object{Kind: ObjectTable, Schema: at.Schema, Name: at.Name})
	for _, def := range d.have.defaults[base] {
		if !slices.ContainsFunc(want.Columns, func(c ViewColumn) bool { return c.Name == def.column }) {
			continue
		}
		if !def.plain {
			d.find(NotGiven, base.String(), "UPDATE … SET "+def.column+" = DEFAULT: through the view it writes NULL, for the default is of what role "+d.settings.SystemRole+" may not name, or calls functions of somebody's own")
			continue
		}
		out[def.column] = def.expression
	}
	return out
}

// setDefaults notes what makes the defaults of a view those that are wanted.
func (c *change) setDefaults(has, wanted map[string]string) {
	alter := "ALTER VIEW " + c.at.sql() + " ALTER COLUMN "
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if _, still := wanted[name]; !still {
			c.defaults = append(c.defaults, alter+ident(name)+" DROP DEFAULT")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if has[name] != wanted[name] {
			c.defaults = append(c.defaults, alter+ident(name)+" SET DEFAULT "+wanted[name])
		}
	}
}

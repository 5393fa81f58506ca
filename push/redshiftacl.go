package push

import (
	"slices"
	"strings"
)

// rsPrivilege is one line of the views of privileges. They do not tell who granted it.
type rsPrivilege struct {
	grant  Grant
	column string
}

// who names the holder of a privilege as everywhere here.
func (c *rsCrawler) who(managed []string, name, kind string) string {
	switch kind {
	case "public":
		return publicRole
	case "role":
		return c.role(managed, name)
	case "group":
		return groupKind + name
	}
	return c.user(managed, name)
}

// privileges reads all that matter: those on what is ours and on sources, and those of our roles wherever they are.
func (c *rsCrawler) privileges() {
	managed := c.managed()
	matters := func(schema string, g Grant) bool {
		_, ours := c.out.Roles[g.Role]
		return ours && c.out.Roles[g.Role].Kind != RolePerson || slices.Contains(c.near(), schema)
	}
	add := func(o Object, privilege, name, kind, column string) {
		g := Grant{o, strings.ToUpper(privilege), c.who(managed, name, kind)}
		if !matters(o.Schema, g) {
			return
		}
		c.found = append(c.found, rsPrivilege{g, column})
		if r, ours := c.out.Roles[g.Role]; ours && r.Kind != RolePerson && (o.Kind == ObjectTable || o.Kind == ObjectSchema) && o.Schema != SystemSchema && o.Schema != ProcedureSchema {
			c.held = append(c.held, Relation{o.Schema, o.Name})
		}
	}
	c.each("SELECT namespace_name, relation_name, privilege_type, identity_name, identity_type FROM pg_catalog.svv_relation_privileges", nil, func(v []string) {
		add(Object{ObjectTable, v[0], v[1]}, v[2], v[3], v[4], "")
	})
	c.each("SELECT namespace_name, relation_name, column_name, privilege_type, identity_name, identity_type FROM pg_catalog.svv_column_privileges", nil, func(v []string) {
		add(Object{ObjectTable, v[0], v[1]}, v[3], v[4], v[5], v[2])
	})
	c.each("SELECT namespace_name, privilege_type, identity_name, identity_type, privilege_scope FROM pg_catalog.svv_schema_privileges", nil, func(v []string) {
		if v[4] != "SCHEMA" && v[4] != "" {
			return // a permission on what is in it: redshiftScoped tells those
		}
		add(Object{ObjectSchema, v[0], ""}, v[1], v[2], v[3], "")
	})
	procedures := map[string]bool{}
	c.each(`SELECT p.proname || '(' || oidvectortypes(p.proargtypes) || ')' FROM pg_catalog.pg_proc_info p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind = 'p' AND n.nspname = '`+ProcedureSchema+"'", nil, func(v []string) { procedures[v[0]] = true })
	c.each("SELECT namespace_name, function_name, argument_types, privilege_type, identity_name, identity_type FROM pg_catalog.svv_function_privileges", nil, func(v []string) {
		o := Object{ObjectFunction, v[0], v[1] + "(" + v[2] + ")"}
		if v[0] == ProcedureSchema && procedures[o.Name] {
			o.Kind = ObjectProcedure
		}
		add(o, v[3], v[4], v[5], "")
	})
}

// near are the schemas whose privileges matter, whoever has them.
func (c *rsCrawler) near() []string {
	if c.nearby == nil {
		c.nearby = append(c.governedSchemas(), SystemSchema, ProcedureSchema)
		for r := range c.want.Bases {
			c.nearby = append(c.nearby, r.Schema)
		}
	}
	return c.nearby
}

// grants puts them in order. On what is ours every one counts; on tables of others those of our roles, and others' are kept for what is not governed.
func (c *rsCrawler) grants() {
	for _, p := range c.found {
		g := p.grant
		role, managed := c.out.Roles[g.Role]
		managed = managed && role.Kind != RolePerson
		if !c.ours(g.Object) && !managed {
			c.foreign(g)
			continue
		}
		old, both := c.out.Grants[g]
		switch {
		case p.column == "" || both && old == "":
			c.out.Grants[g] = ""
		default:
			c.out.Grants[g] = columnsOf(append(old.Names(), p.column))
		}
	}
}

// ours reports what belongs to the system account.
func (c *rsCrawler) ours(o Object) bool {
	if o.Schema == SystemSchema || o.Schema == ProcedureSchema {
		return true
	}
	if o.Kind == ObjectTable {
		return c.out.relations[Relation{o.Schema, o.Name}].owner == c.settings.SystemRole
	}
	return o.Kind == ObjectSchema && c.out.schemaOwners[o.Schema] == c.settings.SystemRole
}

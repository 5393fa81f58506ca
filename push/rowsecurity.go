package push

import (
	"fmt"
	"maps"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// The names of our row policies. Each command has two with one condition: the permissive one shows rows, and the restrictive one keeps
// permissive policies of others from showing more. The server asks a condition that both have once, and either one alone shows nobody more.
const (
	policyBound   = "_bound"
	policyRead    = "postern_read"
	policyAllRows = "postern_all_rows"
)

// RowPolicy is one of ours on a table.
type RowPolicy struct {
	Name        string
	Restrictive bool
	// Command is SELECT, INSERT, UPDATE, DELETE or ALL.
	Command string
	Roles   []string
	// Using says which rows are there, Check which may be written; "" where the command has no such condition.
	Using, Check string
	// Admits stands for what the first of the roles is admitted to.
	Admits string
}

// create is the statement that makes it.
func (p RowPolicy) create(at Relation) string {
	kind := "PERMISSIVE"
	if p.Restrictive {
		kind = "RESTRICTIVE"
	}
	out := fmt.Sprintf("CREATE POLICY %s ON %s AS %s FOR %s TO %s", ident(p.Name), at.sql(), kind, p.Command, identList(p.Roles))
	if p.Using != "" {
		out += "\n    USING (" + p.Using + ")"
	}
	if p.Check != "" {
		out += "\n    WITH CHECK (" + p.Check + ")"
	}
	return out
}

// Secured is a source of which people see different rows, each with all values as they are, so that row policies on the table can say it.
type Secured struct {
	Policies []RowPolicy
	// Grants, Roles and Members are what there is in place of the view.
	Grants  map[Grant]Columns
	Roles   map[string]Role
	Members map[Member]bool
	// View is what stands in for it where the policies cannot be had.
	View Relation
	// findings hold of the policies, instead of the view.
	findings, instead []Finding
}

// secured adds a source that row policies can say; found is the number of findings before its view was worked out.
func (d *desirer) secured(t *catalog.Table, dec *policy.Decision, access policy.AccessClass, who *audience, found int) {
	base := Relation{t.Schema, t.Name}
	if err := sqlgen.Postgres().RowsOnly(dec); err != nil {
		d.find(ByView, base.String(), err.Error())
		return
	}
	s := Secured{
		Grants: map[Grant]Columns{}, Roles: map[string]Role{}, Members: map[Member]bool{}, View: Relation{d.in.Settings.SchemaPrefix + t.Schema, t.Name},
		instead: slices.Clone(d.out.Findings[found:]),
	}
	d.out.Findings = d.out.Findings[:found]
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = c.Name
	}
	if err := s.read(d, t, dec, access, who, columnsOf(columns)); err != nil {
		d.find(ByView, base.String(), err.Error())
		return
	}
	if !d.in.Settings.ReadOnly {
		if err := s.write(d, t, dec, access, who, columnsOf(columns)); err != nil {
			d.find(ByView, base.String(), err.Error())
			return
		}
	}
	d.out.Secured[base] = s
}

// read has the audience of the source see its rows, and each of them their own row of the profile, by which the rows are told.
func (s *Secured) read(d *desirer, t *catalog.Table, dec *policy.Decision, access policy.AccessClass, who *audience, columns Columns) error {
	core, using, err := conditionOf(t, "SELECT", dec.Filter)
	if err != nil {
		return err
	}
	reader, profile := d.in.Settings.roleName(access.Key, "read"), d.in.Settings.roleName("profile", "profile")
	s.both(RowPolicy{Name: policyRead, Command: "SELECT", Roles: []string{reader}, Using: using, Admits: core})
	s.Grants[Grant{Object{ObjectSchema, t.Schema, ""}, "USAGE", reader}] = ""
	s.Grants[Grant{Object{ObjectTable, t.Schema, t.Name}, "SELECT", reader}] = columns
	s.Grants[Grant{Object{ObjectSchema, SystemSchema, ""}, "USAGE", profile}] = ""
	s.Grants[Grant{Object{ObjectTable, SystemSchema, "user_profile"}, "SELECT", profile}] = ""
	s.Grants[Grant{Object{ObjectTable, SystemSchema, "user_admission"}, "SELECT", profile}] = ""
	s.Roles[profile] = Role{RoleAudience, d.comment("sees their own row of the profile, which row policies look up")}
	for _, account := range who.readers {
		s.Members[Member{profile, account}] = true
	}
	return nil
}

// write has those who may write do so to the rows that they see; the new rows must be such rows, too.
func (s *Secured) write(d *desirer, t *catalog.Table, dec *policy.Decision, access policy.AccessClass, who *audience, columns Columns) error {
	object := Object{ObjectTable, t.Schema, t.Name}
	for _, w := range dec.Writes {
		privilege, byColumn := nativePrivilege(w.Privilege)
		if privilege == "" || len(who.writers[w.Privilege]) == 0 {
			continue
		}
		if w.Privilege == policy.PrivilegeTruncate {
			s.findings = append(s.findings, Finding{Kind: NotGiven, Object: object.String(), Detail: "TRUNCATE: it takes all rows, whatever the policies say of them"})
			continue
		}
		core, condition, err := conditionOf(t, privilege, w.When, dec.Filter)
		if err != nil {
			return err
		}
		role := d.in.Settings.roleName(access.Key, string(w.Privilege))
		p := RowPolicy{Name: "postern_" + string(w.Privilege), Command: privilege, Roles: []string{role}, Admits: core}
		d.admits(role, who.writers[w.Privilege])
		if w.Privilege != policy.PrivilegeInsert {
			p.Using = condition
		}
		if w.Privilege != policy.PrivilegeDelete {
			p.Check = condition
		}
		s.both(p)
		s.Roles[role] = Role{RoleAudience, d.comment(writerWords(w.Privilege, access))}
		for _, account := range who.writers[w.Privilege] {
			s.Members[Member{role, account}] = true
		}
		s.Grants[Grant{Object{ObjectSchema, t.Schema, ""}, "USAGE", role}] = ""
		s.Grants[Grant{object, privilege, role}] = ""
		if byColumn {
			s.Grants[Grant{object, privilege, role}] = columns
		}
	}
	return nil
}

// conditionOf is the condition of a row policy for a command, and what stands for what its role is admitted to.
func conditionOf(t *catalog.Table, command string, conditions ...expr.Expr) (core, condition string, err error) {
	bare, err := sqlgen.Postgres().RowPolicy(t, conditions...)
	if err != nil {
		return "", "", err
	}
	core = digest(command + "\x00" + bare)
	condition, err = sqlgen.Postgres().AdmittedRowPolicy(t, Relation{t.Schema, t.Name}.to(core), conditions...)
	return core, condition, err
}

// both adds the permissive policy and the restrictive one.
func (s *Secured) both(p RowPolicy) {
	bound := p
	bound.Name, bound.Restrictive = p.Name+policyBound, true
	s.Policies = append(s.Policies, p, bound)
}

// apply puts the policies, which are made beside the State, in the place of the view.
func (s *Secured) apply(to *State) {
	delete(to.Views, s.View)
	view := Object{ObjectTable, s.View.Schema, s.View.Name}
	maps.DeleteFunc(to.Grants, func(g Grant, _ Columns) bool { return g.Object == view })
	maps.Copy(to.Grants, s.Grants)
	maps.Copy(to.Members, s.Members)
	maps.Copy(to.Roles, s.Roles)
}

// tidy drops schemas of views in which there are none, and what was granted on them, and mends what hangs on the whole.
func (s *State) tidy(set Settings, sources map[Relation]uint32, find func(kind FindingKind, object, detail string)) {
	type use struct{ schema, role string }
	schemas, uses := map[string]bool{}, map[use]bool{}
	for at := range s.Views {
		schemas[at.Schema] = true
	}
	for g := range s.Grants {
		if g.Object.Kind == ObjectTable {
			uses[use{g.Object.Schema, g.Role}] = true
		}
	}
	for name := range s.Schemas {
		maps.DeleteFunc(s.Grants, func(g Grant, _ Columns) bool {
			return g.Object.Kind == ObjectSchema && g.Object.Schema == name && !uses[use{name, g.Role}]
		})
		if !schemas[name] {
			delete(s.Schemas, name)
		}
	}
	s.paths(set, sources)
	s.grantees(find)
}

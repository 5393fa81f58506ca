package push

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// GroupRoles says which groups of people are roles of the database, too. They hold nothing: a database administrator can see by them who is in
// a group, and grant to them what Postern does not know.
type GroupRoles string

const (
	// GroupRolesUsed are the groups that policies ask about; all of them where a policy may ask about any.
	GroupRolesUsed GroupRoles = "used"
	// GroupRolesAll are all groups of the people to whom anything is open.
	GroupRolesAll GroupRoles = "all"
	// GroupRolesNone makes none.
	GroupRolesNone GroupRoles = "none"
)

// DefaultGroupRole is how roles of groups are called: roles are the whole server's, so that the database is part of the name.
const DefaultGroupRole = "{prefix}{database}_group_{group}"

// groupRole is the name of a group's role.
func (s Settings) groupRole(group string) string {
	return strings.NewReplacer("{prefix}", s.RolePrefix, "{database}", s.Database, "{group}", group).Replace(s.GroupRole)
}

func (s Settings) validateGroups(add func(format string, args ...any)) {
	if !slices.Contains([]GroupRoles{GroupRolesUsed, GroupRolesAll, GroupRolesNone}, s.GroupRoles) {
		add("groupRoles %q is none of %s, %s and %s", s.GroupRoles, GroupRolesUsed, GroupRolesAll, GroupRolesNone)
	}
	if strings.Count(s.GroupRole, "{group}") != 1 || strings.ContainsRune(s.GroupRole, 0) {
		add("the name of groups' roles %.80q has {group} in it, once", s.GroupRole)
	}
}

// groups mirrors groups as roles that hold nothing, with the accounts of their people as members. It is asked when all other roles are known.
func (d *desirer) groups() {
	names, all := d.in.Program.GroupsAsked()
	if d.in.Settings.GroupRoles == GroupRolesNone {
		return
	}
	all = all || d.in.Settings.GroupRoles == GroupRolesAll
	members := map[string][]string{}
	for _, p := range d.governed {
		if _, known := d.out.Profile[p.Account]; !known {
			continue
		}
		for _, g := range p.Principal.Groups() {
			if all || slices.Contains(names, g) {
				members[g] = append(members[g], p.Account)
			}
		}
	}
	for _, g := range slices.Sorted(maps.Keys(members)) {
		role := d.in.Settings.groupRole(g)
		if why := d.notGroup(role); why != "" {
			d.find(Blocked, "group "+g, why)
			continue
		}
		d.out.Roles[role] = Role{Kind: RoleGroup, Comment: d.comment("the members of group " + g)}
		for _, account := range members[g] {
			d.out.Members[Member{role, account}] = true
		}
	}
}

// notGroup says why a role cannot be a group's, "" if it can.
func (d *desirer) notGroup(role string) string {
	set := d.in.Settings
	_, taken := d.out.Roles[role]
	switch {
	case checkName(role) != nil:
		return fmt.Sprintf("is no role: %.80q is not a name of 1 to %d bytes; another groupRole makes it shorter", role, maxNameBytes)
	case d.dialect.folds(role):
		return "is no role: Redshift folds the name " + role + " to lower case"
	case strings.HasPrefix(role, "pg_") || role == publicRole:
		return "is no role: no role can be called " + role
	case taken, role == set.SystemRole, role == set.ServiceRole:
		return "is no role: " + role + " is another one (" + string(ForeignObject) + "); another groupRole tells them apart"
	}
	return ""
}

// burdened finds roles of groups on which something else hangs: they cannot be dropped before who granted it takes it back.
func (c *crawler) burdened() {
	var groups []string
	for k := range c.out.ledger {
		if k.kind == string(RoleGroup) {
			groups = append(groups, k.name)
		}
	}
	c.out.burdened = map[string]bool{}
	if len(groups) == 0 {
		return
	}
	c.each(`SELECT DISTINCT r.rolname FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
WHERE d.classid <> 'pg_auth_members'::regclass AND r.rolname = ANY ($1::name[])`, []string{list(groups)}, func(v []string) { c.out.burdened[v[0]] = true })
}

// others reports a grant to a group's role on what is no source and nothing of ours: that is between the group and who granted it.
func (c *crawler) others(g Grant, kind RoleKind) bool {
	if kind != RoleGroup {
		return false
	}
	_, source := c.want.Bases[Relation{g.Object.Schema, g.Object.Name}]
	return g.Object.Kind == ObjectSchema || !source
}

package push

import (
	"cmp"
	"maps"
	"slices"
)

// change is what must happen to one view.
type change struct {
	at   Relation
	want View // zero to drop it
	have View
	// only says that the view stays as it is, but for its defaults, which these statements change.
	only     bool
	defaults []string
	// there says that something stands in its place, drop that it cannot be replaced in place.
	there, drop bool
	hazards     []Hazard
}

// difference is what must happen, before it is put in order.
type difference struct {
	settings Settings
	want     State
	have     *Actual

	changes []change
	// chosen are the sources that get row policies, tables what must happen to those of tables.
	chosen map[Relation]Secured
	// login are people who shall log in by IAM; logout shall not any more.
	login, logout []string
	// bases are the sources.
	bases map[Relation]uint32
	// absent are roles of ours that somebody dropped, and that are left so.
	absent map[string]bool
	// nothing says that nothing is to be left of ours.
	nothing bool
	tables  []tableChange
	// kept are views that should change or go and cannot: nobody may read them.
	kept        map[Relation]bool
	newSchemas  []string
	newRoles    []string
	adopted     []string
	revoke      []Grant
	columns     map[Grant][]string // of revoke, the columns; nil for the whole
	leave       []Member
	join        []Member
	give        []Grant
	giveColumns map[Grant][]string
	profiles    []Profile
	gone        []string
	paths       []string
	oldPaths    []string
	oldRoles    []string
	oldSchemas  []string
	byDBA       []string
	drop        []string // by a database administrator, at the end
	findings    []Finding
	changed     []Changed
}

// past is what is known of the last run: what it left, if that is known, and what this process then read back.
type past struct {
	base *baseline
	last *Actual
}

// diff compares what should be there with what is.
func diff(settings Settings, want *Desired, have *Actual, past past) *difference {
	d := &difference{
		settings: settings, nothing: want.nothing, bases: want.Bases, absent: map[string]bool{}, want: want.clone(), have: have, kept: map[Relation]bool{}, chosen: map[Relation]Secured{}, columns: map[Grant][]string{}, giveColumns: map[Grant][]string{},
		findings: slices.Concat(want.Findings, have.findings),
	}
	d.secure(want)
	d.schemas()
	d.roles()
	d.rowPolicies()
	d.rowSecurity(want)
	d.views()
	d.viewDefaults()
	d.draws()
	d.grants()
	d.admissions()
	d.members()
	d.logins()
	d.rows()
	d.searchPaths()
	d.leftovers()
	d.drift(past.base, past.last)
	slices.SortFunc(d.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Detail, b.Detail))
	})
	d.findings = slices.Compact(d.findings)
	return d
}

func (d *difference) find(kind FindingKind, object, detail string) {
	d.findings = append(d.findings, Finding{Kind: kind, Object: object, Detail: detail})
}

// say has the words of the warehouse.
func (d *difference) say() printer { return d.settings.dialect() }

func (d *difference) allowed(hazards ...Hazard) bool {
	return !slices.ContainsFunc(hazards, func(h Hazard) bool { return h.held() && !slices.Contains(d.settings.AllowHazards, h) })
}

func (d *difference) schemas() {
	for _, name := range slices.Sorted(maps.Keys(d.want.Schemas)) {
		owner, there := d.have.schemaOwners[name]
		if !there {
			if d.driftedSchema(name) {
				for at := range d.want.Views {
					if at.Schema == name {
						d.withdraw(at)
					}
				}
				d.dropGrants(Object{Kind: ObjectSchema, Schema: name})
				continue
			}
			d.newSchemas = append(d.newSchemas, name)
			continue
		}
		_, known := d.have.ledger[ledgerKey{"schema", name, ""}]
		switch {
		case owner != d.settings.SystemRole:
			d.find(Blocked, "schema "+name, "belongs to role "+owner+": its views are not made")
		case !known && !d.allowed(ForeignObject):
			d.find(Blocked, "schema "+name, "is there, and was not made for this connection ("+string(ForeignObject)+"): its views are not made")
		default:
			if !known {
				d.newSchemas = append(d.newSchemas, name)
			}
			continue
		}
		for at := range d.want.Views {
			if at.Schema == name {
				d.withdraw(at)
			}
		}
	}
}

// withdraw gives up a view: nobody may read it.
func (d *difference) withdraw(at Relation) {
	delete(d.want.Views, at)
	d.kept[at] = true
	d.dropGrants(Object{ObjectTable, at.Schema, at.Name})
}

func (d *difference) dropGrants(o Object) {
	maps.DeleteFunc(d.want.Grants, func(g Grant, _ Columns) bool { return g.Object == o })
}

// roles finds those to make, and gives up what hangs on one that cannot be had.
func (d *difference) roles() {
	for _, name := range slices.Sorted(maps.Keys(d.want.Roles)) {
		role := d.want.Roles[name]
		server, there := d.have.Server[name]
		_, ours := d.have.Roles[name]
		switch {
		case !there && d.driftedRole(name, role.Kind):
			d.lacking(name)
		case !there && d.have.facts.make(role.Kind):
			d.newRoles = append(d.newRoles, name)
		case !there:
			d.byDBA = append(d.byDBA, d.say().role(name, role)...)
			if role.Kind != RolePerson {
				d.byDBA = append(d.byDBA, d.say().administer(name, d.settings.SystemRole))
			}
			d.without(name, "there is no such role, and Postern may make none: the plan's script is for a database administrator")
		case role.Kind == RolePerson:
			d.person(name, server)
		case !ours && !d.allowed(ForeignObject):
			d.without(name, "a role of this name is there, and was not made for this database ("+string(ForeignObject)+")")
		case server.super || server.bypassRLS || server.createRole || server.replication:
			d.without(name, "the role has attributes of an administrator")
		case server.login:
			d.without(name, "the role can log in: run ALTER ROLE "+ident(name)+" NOLOGIN")
		default:
			if _, known := d.have.ledger[ledgerKey{string(role.Kind), "", name}]; !known {
				d.adopted = append(d.adopted, name)
			}
		}
	}
}

// person says what of a person's own role the policies do not reach.
func (d *difference) person(name string, r serverRole) {
	for _, a := range []struct {
		has  bool
		what string
	}{
		{r.super, "is a superuser: no grant and no policy holds for it"}, {r.bypassRLS, "has BYPASSRLS"}, {r.replication, "has REPLICATION, and can read whole databases"},
		{r.createRole && d.have.facts.version < 160000, "has CREATEROLE, and can make itself a member of almost any role"},
	} {
		if a.has {
			d.find(NotGoverned, "role "+name, a.what)
		}
	}
	if !r.login {
		d.find(NotGiven, "role "+name, "cannot log in")
	}
	if !r.inherit && d.have.facts.version < 160000 {
		d.find(NotGiven, "role "+name, "is NOINHERIT: what it is a member of gives it nothing")
	}
}

// without gives up what hangs on a role.
func (d *difference) without(role, why string) {
	d.find(Blocked, "role "+role, why)
	d.lacking(role)
}

// lacking gives up what hangs on a role, without a word.
func (d *difference) lacking(role string) {
	delete(d.want.Roles, role)
	maps.DeleteFunc(d.want.Grants, func(g Grant, _ Columns) bool { return g.Role == role })
	maps.DeleteFunc(d.want.Members, func(m Member, _ bool) bool { return m.Role == role || m.Account == role })
	delete(d.want.Profile, role)
	delete(d.want.Paths, role)
}

// rowSecurity closes what somebody else has put row policies on: they would add to ours, and differ by who asks.
func (d *difference) rowSecurity(want *Desired) {
	for base := range want.Bases {
		if d.have.shared[base.Schema] {
			d.find(Blocked, base.String(), "is in a datashare of another cluster, whose policies do not come with it and whose grants are that cluster's: it is opened to nobody; register it there")
			d.shut(base)
			continue
		}
		r, there := d.have.relations[base]
		if t := d.have.secured[base]; !there || !r.rowSecurity || t != nil && t.known {
			continue
		}
		d.find(Blocked, base.Schema+"."+base.Name, "has row security of its own, which would differ by who asks: it is not opened")
		d.shut(base)
	}
}

// shut opens a source to nobody.
func (d *difference) shut(base Relation) {
	d.dropGrants(Object{ObjectTable, base.Schema, base.Name})
	view := Relation{d.settings.SchemaPrefix + base.Schema, base.Name}
	if _, wanted := d.want.Views[view]; wanted {
		d.withdraw(view)
	}
}

func (d *difference) views() {
	for at, want := range d.want.Views {
		have, there := d.have.Views[at]
		// A column that was renamed leaves the query as it was.
		sameNames := slices.EqualFunc(have.Columns, want.Columns, func(a, b ViewColumn) bool { return a.Name == b.Name })
		if there && have.Digest == want.Digest && have.Writable == want.Writable && have.Late == want.Late && !have.Foreign && sameNames {
			continue
		}
		if d.driftedView(at, want, there, have.Digest == "" || !sameNames && have.Digest == want.Digest) {
			continue
		}
		c := change{at: at, want: want, have: have, there: there}
		for _, f := range want.Functions {
			if !d.have.facts.wrappers[f] {
				d.find(Blocked, at.Schema+"."+at.Name, "needs the function "+f+": run `postern register`")
				d.withdraw(at)
				d.withoutFunction(f)
			}
		}
		if _, gone := d.want.Views[at]; !gone {
			continue
		}
		if there && have.Foreign {
			c.hazards = append(c.hazards, ForeignObject)
		}
		c.drop = there && (have.Foreign || have.Late != want.Late || !d.say().replaceable(have.Columns, want.Columns))
		d.change(c)
	}
	for at, have := range d.have.Views {
		if _, wanted := d.want.Views[at]; wanted || d.kept[at] {
			continue
		}
		if have.Foreign {
			d.find(Drifted, at.Schema+"."+at.Name, "somebody else's, in a schema of Postern's: it is left")
			continue
		}
		d.change(change{at: at, have: have, there: true, drop: true})
	}
	slices.SortFunc(d.changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.at.Schema, b.at.Schema), cmp.Compare(a.at.Name, b.at.Name))
	})
}

// withoutFunction gives up what would be granted on a function that is not there, and on its schema where that is not there either.
func (d *difference) withoutFunction(f string) {
	_, there := d.have.schemaOwners[functionsSchema]
	maps.DeleteFunc(d.want.Grants, func(g Grant, _ Columns) bool {
		return g.Object.Kind == ObjectFunction && g.Object.Name == f || !there && g.Object == Object{ObjectSchema, functionsSchema, ""}
	})
}

// change adds a change, unless it has a hazard that is not allowed: then the view stays, and nobody may read it.
func (d *difference) change(c change) {
	r := d.have.relations[c.at]
	if c.drop && len(c.have.Dependents) > 0 {
		c.hazards = append(c.hazards, DropsDependents)
	}
	switch {
	case c.there && (r.owner != d.settings.SystemRole || r.kind != "v"):
		d.find(Blocked, c.at.Schema+"."+c.at.Name, "is no view of role "+d.settings.SystemRole+", and cannot be replaced")
	case !d.allowed(c.hazards...):
		detail := "must be replaced"
		for _, h := range c.hazards {
			detail += " (" + string(h) + ")"
		}
		if len(c.have.Dependents) > 0 {
			detail += "; these read it: " + listed(c.have.Dependents)
		}
		d.find(Blocked, c.at.Schema+"."+c.at.Name, detail)
	default:
		d.changes = append(d.changes, c)
		return
	}
	d.withdraw(c.at)
}

// listed is the first of many names.
func listed(names []string) string {
	out := ""
	for i, n := range names {
		if i == 10 {
			return out + ", …"
		}
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

func (d *difference) grants() {
	for g, have := range d.have.Grants {
		want, wanted := d.want.Grants[g]
		switch {
		case !wanted:
			d.revoke, d.columns[g] = append(d.revoke, g), have.Names()
		case have == "" && want != "":
			d.revoke, d.columns[g] = append(d.revoke, g), nil
		case want != "":
			if extra := have.minus(want); len(extra) > 0 {
				d.revoke, d.columns[g] = append(d.revoke, g), extra
			}
		}
	}
	for g, want := range d.want.Grants {
		have, there := d.have.Grants[g]
		switch {
		case !there, have == "" && want != "":
			d.give, d.giveColumns[g] = append(d.give, g), want.Names()
		case have != "" && want == "":
			d.give = append(d.give, g)
		case want != "":
			if missing := want.minus(have); len(missing) > 0 {
				d.give, d.giveColumns[g] = append(d.give, g), missing
			}
		}
	}
	slices.SortFunc(d.revoke, compareGrants)
	slices.SortFunc(d.give, compareGrants)
}

func compareGrants(a, b Grant) int {
	return cmp.Or(cmp.Compare(a.Object.Kind, b.Object.Kind), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Privilege, b.Privilege),
		cmp.Compare(a.Object.Schema, b.Object.Schema), cmp.Compare(a.Object.Name, b.Object.Name))
}

func (d *difference) members() {
	for m := range d.have.Members {
		if !d.want.Members[m] {
			d.leave = append(d.leave, m)
		}
	}
	for m := range d.want.Members {
		if !d.have.Members[m] {
			d.join = append(d.join, m)
		}
	}
	slices.SortFunc(d.leave, compareMembers)
	slices.SortFunc(d.join, compareMembers)
}

func (d *difference) rows() {
	for account, want := range d.want.Profile {
		if have, there := d.have.Profile[account]; !there || !have.equal(want) {
			d.profiles = append(d.profiles, want)
		}
	}
	for account := range d.have.Profile {
		if _, wanted := d.want.Profile[account]; !wanted {
			d.gone = append(d.gone, account)
		}
	}
	slices.SortFunc(d.profiles, func(a, b Profile) int { return cmp.Compare(a.Account, b.Account) })
	slices.Sort(d.gone)
}

// searchPaths are set where we may, and never over somebody else's.
func (d *difference) searchPaths() {
	if !d.have.facts.createRole {
		if len(d.want.Paths) > 0 {
			d.find(NotGiven, "search paths", "role "+d.settings.SystemRole+" may not set them: unqualified names find the tables and not the views")
		}
		d.want.Paths = map[string]string{}
		return
	}
	for _, account := range slices.Sorted(maps.Keys(d.want.Paths)) {
		want := d.want.Paths[account]
		if d.driftedPath(account) {
			continue
		}
		if _, foreign := d.have.foreignPaths[account]; foreign && !d.allowed(ForeignObject) {
			d.find(NotGiven, "role "+account, "has a search path of its own: unqualified names may find the tables and not the views")
			continue
		}
		switch {
		case d.have.Paths[account] == want:
		case d.alters(account):
			d.paths = append(d.paths, account)
		default:
			d.byDBA = append(d.byDBA, "GRANT "+ident(account)+" TO "+ident(d.settings.SystemRole)+" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE")
			d.find(NotGiven, "role "+account, "its search path may not be set: unqualified names may find the tables and not the views; the plan's script is for a database administrator")
		}
	}
	for account := range d.have.Paths {
		_, wanted := d.want.Paths[account]
		switch {
		case wanted:
		case d.alters(account):
			d.oldPaths = append(d.oldPaths, account)
		default:
			d.find(Drifted, "role "+account, "keeps the search path that Postern set: we may not alter the role any more")
		}
	}
	slices.Sort(d.paths)
	slices.Sort(d.oldPaths)
}

// alters reports whether the system role may alter a role: one that it made, or that it was given for that. Before 16 CREATEROLE is enough.
func (d *difference) alters(account string) bool {
	r, there := d.have.Server[account]
	return !there || r.administered || d.have.facts.version < 160000
}

// leftovers are schemas and roles that nothing needs any more.
func (d *difference) leftovers() {
	for key := range d.have.ledger {
		kind := RoleKind(key.kind)
		_, there := d.have.Server[key.name]
		_, wanted := d.want.Roles[key.name]
		wanted = wanted || d.absent[key.name]
		switch {
		case key.kind == "schema" && !d.want.Schemas[key.schema]:
			d.oldSchemas = append(d.oldSchemas, key.schema)
		case kind == RoleGroup && !wanted && d.have.burdened[key.name] && !d.nothing:
			d.find(Blocked, "role "+key.name, "nobody is in the group any more, and somebody granted it something: it is dropped when that is taken back")
		case (kind == RoleAudience || kind == RoleGroup || kind == RolePerson) && !wanted && (there || d.have.facts.make(kind)):
			d.oldRoles = append(d.oldRoles, key.name)
		}
	}
	slices.Sort(d.oldSchemas)
	slices.Sort(d.oldRoles)
}

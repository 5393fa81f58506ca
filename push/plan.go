package push

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Statement is one that the plan runs.
type Statement struct {
	SQL string `json:"sql"`
	// Params are of type text, and stand for $1 and so on. They hold what is known of people, and are not shown.
	Params []string `json:"-"`
	// Note says in words what the parameters hold, or what else is to be known.
	Note    string   `json:"note,omitempty"`
	Hazards []Hazard `json:"hazards,omitempty"`
	// locks that the statement takes, about.
	locks int
	// view or table that it changes.
	view *Relation
	// of are the grants that it takes back.
	of []Grant
	// member says that it changes who is in a role of ours, and nothing else.
	member bool
	// person says that it is about the role or the search path of one person, and nothing else.
	person bool
	// admits says that it changes which roles are admitted to what.
	admits bool
	// ask is asked first, and has the parameters, where a statement cannot ask for them itself.
	ask *asking
	// one says that it has to write one row.
	one bool
	// alone keeps those of other views and tables out of its transaction.
	alone bool
}

// asking is a question and what is made of the answer.
type asking struct {
	sql    string
	params func(rows [][]string) []string
}

// Transaction is what is committed together. It leaves everybody with the same access as before, with none, or with the one that the policies say.
type Transaction struct {
	Title      string      `json:"title"`
	Statements []Statement `json:"statements"`
}

// Plan is what must be done, in order.
type Plan struct {
	Transactions []Transaction `json:"transactions,omitempty"`
	// Last are tried at the end, each on its own: dropping what nobody needs any more. That one fails changes nobody's access.
	Last []Statement `json:"last,omitempty"`
	// ByDBA are statements that Postern may not run and a database administrator can.
	ByDBA []string `json:"byDBA,omitempty"`
	// Findings are what the administrator should know.
	Findings []Finding `json:"-"`
	// narrowed are accounts that may see less after the first transaction.
	narrowed []string
}

// Empty reports that there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Transactions) == 0 && len(p.Last) == 0 }

// Statements counts them.
func (p *Plan) Statements() int {
	n := len(p.Last)
	for _, t := range p.Transactions {
		n += len(t.Statements)
	}
	return n
}

// The bounds of a merged statement and of a transaction.
const (
	mergedObjects    = 40
	batchStatements  = 500
	locksOfCreate    = 6
	locksOfReplace   = 8
	locksOfDrop      = 12
	locksOfStatement = 1
)

// plan puts the difference in order: first all that narrows, in one transaction that waits for no lock of a view; then what must be made or
// changed; then what is given, and search paths. Where all fits into one transaction, and in haste, it is one. stuck are views that could not be changed.
func (d *difference) plan(budget int, apart bool, stuck map[Relation]bool) *Plan {
	p := &Plan{Last: d.last(), narrowed: d.narrowed()}
	p.ByDBA, p.Findings = slices.Concat(d.byDBA, d.drop), d.findings
	narrow, define, widen, paths := d.narrow(false), d.define(stuck), d.widen(false, stuck), slices.Concat(d.pathsOfEach()...)
	total := 0
	for _, s := range slices.Concat(narrow, define, widen, paths) {
		total += s.locks
	}
	n := len(narrow) + len(define) + len(widen) + len(paths)
	if n == 0 {
		return p
	}
	if !apart && total <= budget && n <= batchStatements && len(d.tables) <= tablesAtOnce {
		p.Transactions = []Transaction{{"everything at once", slices.Concat(narrow, define, widen, paths)}}
		return p
	}
	narrow, widen = d.narrow(true), d.widen(true, stuck)
	if len(narrow) > 0 {
		p.Transactions = append(p.Transactions, Transaction{"take away", narrow})
	}
	p.Transactions = append(p.Transactions, batches("make and change", define, budget)...)
	p.Transactions = append(p.Transactions, batches("give", widen, budget)...)
	p.Transactions = append(p.Transactions, batches("set search paths", paths, budget)...)
	return p
}

// batches splits statements into transactions within the bound on locks.
func batches(title string, all []Statement, budget int) (out []Transaction) {
	var now []Statement
	locks := 0
	flush := func() {
		if len(now) > 0 {
			out = append(out, Transaction{title, now})
			now, locks = nil, 0
		}
	}
	for _, s := range all {
		alone, together := false, false
		if n := len(now) - 1; n >= 0 {
			together = s.alone && now[n].alone && sameView(s.view, now[n].view)
			alone = (s.alone || now[n].alone) && !together
		}
		if alone || !together && (locks+s.locks > budget || len(now) == batchStatements) {
			flush()
		}
		now = append(now, s)
		locks += s.locks
	}
	flush()
	if len(out) > 1 {
		for i := range out {
			out[i].Title = fmt.Sprintf("%s (%d of %d)", title, i+1, len(out))
		}
	}
	return out
}

// narrow is all that takes access away, and the profile. Where views change in other transactions than this, nobody may read them meanwhile.
func (d *difference) narrow(apart bool) (out []Statement) {
	for _, group := range merged(d.leave, func(m Member) string { return m.Role }) {
		out = append(out, Statement{SQL: d.say().leave(d, group[0].Role, accounts(group)), member: true, locks: locksOfStatement})
	}
	out = append(out, d.logouts()...)
	revoke, columns := d.revoke, d.columns
	if apart {
		revoke, columns = slices.Clone(d.revoke), maps.Clone(d.columns)
		for _, g := range d.onChanged() {
			if _, both := columns[g]; !both {
				revoke = append(revoke, g)
			}
			columns[g] = nil
		}
	}
	out = append(out, d.grantStatements("REVOKE", revoke, columns)...)
	changed := map[Object]bool{}
	if apart {
		changed = d.changedObjects()
	}
	out = append(out, d.say().dismiss(d.dismissed(changed))...)
	if len(d.gone) > 0 {
		out = append(out, d.say().gone(d.gone)...)
	}
	return append(out, d.say().profiles(d.profiles)...)
}

// changedObjects are the views that are there and change, and the tables whose row policies change.
func (d *difference) changedObjects() map[Object]bool {
	changed := map[Object]bool{}
	for _, c := range d.changes {
		// What a view shows does not hang on its defaults.
		changed[Object{ObjectTable, c.at.Schema, c.at.Name}] = c.there && !c.only
	}
	for _, c := range d.tables {
		changed[Object{ObjectTable, c.at.Schema, c.at.Name}] = true
	}
	return changed
}

// onChanged are the grants on these.
func (d *difference) onChanged() (out []Grant) {
	changed := d.changedObjects()
	for g := range d.have.Grants {
		if changed[g.Object] {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, compareGrants)
	return out
}

// define makes schemas, roles and views. None of it gives anybody anything.
func (d *difference) define(stuck map[Relation]bool) (out []Statement) {
	one := func(sql string) { out = append(out, Statement{SQL: sql, locks: locksOfStatement}) }
	for _, name := range d.newSchemas {
		for _, sql := range slices.Concat(d.say().schema(d, name), d.say().remember("schema", name, "", "", "")) {
			one(sql)
		}
	}
	for _, name := range d.newRoles {
		role := d.want.Roles[name]
		for _, sql := range slices.Concat(d.say().role(name, role), d.say().remember(string(role.Kind), "", name, "", "")) {
			out = append(out, Statement{SQL: sql, person: role.Kind == RolePerson, locks: locksOfStatement})
		}
	}
	for _, name := range d.adopted {
		for _, sql := range d.say().remember(string(d.want.Roles[name].Kind), "", name, "", "") {
			one(sql)
		}
	}
	for i := range d.changes {
		if c := &d.changes[i]; !stuck[c.at] {
			out = append(out, c.statements(d.say())...)
		}
	}
	for i := range d.tables {
		if c := &d.tables[i]; !stuck[c.at] {
			out = append(out, c.statements()...)
		}
	}
	return out
}

// statements of one view stay together, so that a batch never ends between the view and its entry.
func (c *change) statements(say printer) (out []Statement) {
	one := func(sql string, locks int, hazards ...Hazard) {
		out = append(out, Statement{SQL: sql, locks: locks, view: &c.at, Hazards: hazards})
	}
	if c.drop {
		one(say.dropView(c.at, len(c.have.Dependents) > 0), locksOfDrop+len(c.have.Dependents)*locksOfDrop, c.hazards...)
	}
	if c.want.SQL == "" {
		one(say.forget("view", c.at.Schema, c.at.Name), locksOfStatement)
		return out
	}
	locks, replace := locksOfCreate, c.there && !c.drop
	if replace {
		locks = locksOfReplace
	}
	if c.only {
		for _, sql := range c.defaults {
			one(sql, locksOfReplace)
		}
		return out
	}
	one(say.view(c.at, c.want, replace), locks)
	for _, sql := range c.defaults {
		one(sql, locksOfStatement)
	}
	for _, st := range say.rememberView(c.at, c.want) {
		st.view, st.locks = &c.at, locksOfStatement
		out = append(out, st)
	}
	return out
}

// widen is all that gives. Members come last: until then nobody has anything of a new audience.
func (d *difference) widen(apart bool, stuck map[Relation]bool) (out []Statement) {
	give, columns := slices.Clone(d.give), maps.Clone(d.giveColumns)
	again, already := map[Object]bool{}, map[Grant]bool{}
	for _, g := range give {
		already[g] = true
	}
	for _, c := range d.changes {
		// A view that was dropped has lost its grants, and one that changed apart had them taken away.
		again[Object{ObjectTable, c.at.Schema, c.at.Name}] = c.drop || apart && !c.only
	}
	for _, c := range d.tables {
		again[Object{ObjectTable, c.at.Schema, c.at.Name}] = apart
	}
	for g, want := range d.want.Grants {
		if !again[g.Object] {
			continue
		}
		if columns[g] = want.Names(); !already[g] {
			give = append(give, g)
		}
	}
	give = slices.DeleteFunc(give, func(g Grant) bool { return stuck[Relation{g.Object.Schema, g.Object.Name}] })
	slices.SortFunc(give, compareGrants)
	out = d.grantStatements("GRANT", give, columns)
	out = append(out, d.say().admit(d.admitted(again, stuck), d.want.Admitted)...)
	for _, group := range merged(d.join, func(m Member) string { return m.Role }) {
		out = append(out, Statement{SQL: d.say().join(d, group[0].Role, accounts(group)), Hazards: []Hazard{WidensAccess}, member: true, locks: locksOfStatement})
	}
	return append(out, d.giveLogins()...)
}

// pathsOfEach are the statements about each person's search path. They come last, and nothing hangs on them: a person may hold what is changed, their own settings,
// with a transaction of their own, and must not keep anything from being taken away by that.
func (d *difference) pathsOfEach() (out [][]Statement) {
	for _, account := range d.oldPaths {
		out = append(out, d.resetPath(account))
	}
	for _, account := range d.paths {
		out = append(out, d.setPath(account))
	}
	return out
}

// inherited has members use what a role holds without becoming it: whoever becomes it has no profile. Servers before 16 have no such option.
func (d *difference) inherited() string {
	if d.have.facts.version < 160000 {
		return ""
	}
	return " WITH INHERIT TRUE, SET FALSE"
}

func (d *difference) setPath(account string) []Statement {
	in := "ALTER ROLE " + ident(account) + " IN DATABASE " + ident(d.settings.Database)
	note := fmt.Sprintf("INSERT INTO postern_system.ledger SELECT 'path', '', %[1]s, %[2]s, COALESCE((SELECT pg_catalog.substr(o.setting, 13) FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS o (setting) "+
		"WHERE s.setrole = %[3]s::regrole AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND o.setting LIKE 'search\\_path=%%'), '') "+
		"ON CONFLICT (kind, schema, name) DO UPDATE SET digest = EXCLUDED.digest, mark = EXCLUDED.mark", text(account), text(d.want.Paths[account]), text(ident(account)))
	return []Statement{{SQL: in + " SET search_path = " + d.want.Paths[account], person: true, locks: locksOfStatement}, {SQL: note, person: true, locks: locksOfStatement}}
}

func (d *difference) resetPath(account string) []Statement {
	out := []Statement{{SQL: forget("path", "", account), person: true, locks: locksOfStatement}}
	if _, there := d.have.Server[account]; there {
		out = append([]Statement{{SQL: "ALTER ROLE " + ident(account) + " IN DATABASE " + ident(d.settings.Database) + " RESET search_path", person: true, locks: locksOfStatement}}, out...)
	}
	return out
}

// last drops what nothing needs.
func (d *difference) last() (out []Statement) {
	d.drop = nil
	for _, name := range d.oldSchemas {
		out = append(out, Statement{SQL: d.say().dropSchema(name) + "; " + d.say().forget("schema", name, "")})
	}
	for _, name := range d.oldRoles {
		sql := ""
		for _, kind := range []RoleKind{RoleAudience, RoleGroup, RolePerson} {
			sql += d.say().forget(string(kind), "", name) + "; "
		}
		if _, there := d.have.Server[name]; there && !d.have.facts.make(d.have.kindOf(name)) {
			d.drop = append(d.drop, strings.Replace(d.say().dropRole(d, name), " IF EXISTS", "", 1))
			continue
		}
		out = append(out, Statement{SQL: d.say().dropRole(d, name) + "; " + strings.TrimSuffix(sql, "; ")})
	}
	return out
}

// narrowed are the accounts of which something is taken away: what a transaction sees that began before could be more.
func (d *difference) narrowed() (out []string) {
	out = slices.Clone(d.gone)
	for _, p := range d.profiles {
		if old, there := d.have.Profile[p.Account]; there && (old.Attributes != p.Attributes || !slices.Equal(old.Groups, p.Groups) ||
			!slices.Equal(old.Purposes, p.Purposes) || lost(old.Flags, p.Flags) || old.User != p.User) {
			out = append(out, p.Account)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lost reports a flag that is no more, or that turned: one that was added for a new condition takes nothing away from a view that is there.
func lost(old, now []string) bool {
	return slices.ContainsFunc(old, func(f string) bool { return !slices.Contains(now, f) })
}

func accounts(members []Member) (out []string) {
	for _, m := range members {
		out = append(out, m.Account)
	}
	return out
}

// merged cuts a sorted list into runs with one key, of bounded length.
func merged[T any](all []T, key func(T) string) (out [][]T) {
	for i, v := range all {
		if n := len(out) - 1; i > 0 && key(all[i-1]) == key(v) && len(out[n]) < mergedObjects {
			out[n] = append(out[n], v)
			continue
		}
		out = append(out, []T{v})
	}
	return out
}

// grantStatements prints GRANT or REVOKE, for many objects at once where no columns are named.
func (d *difference) grantStatements(verb string, grants []Grant, columns map[Grant][]string) (out []Statement) {
	var hazards []Hazard
	if verb == "GRANT" {
		hazards = []Hazard{WidensAccess}
	}
	key := func(g Grant) string {
		if len(columns[g]) > 0 {
			return g.Object.String() + "\x00" + g.Privilege + "\x00" + g.Role
		}
		return string(g.Object.Kind) + "\x00" + g.Privilege + "\x00" + g.Role
	}
	for _, group := range merged(grants, key) {
		g := group[0]
		objects := make([]Object, len(group))
		for i, other := range group {
			objects[i] = other.Object
		}
		st := Statement{SQL: d.say().grant(d, verb, g, objects, columns[g]), Hazards: hazards, locks: locksOfStatement * len(group)}
		if verb == "REVOKE" {
			st.of = group
		}
		out = append(out, st)
	}
	return out
}

package push

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// Person is somebody who has an account of the warehouse's own.
type Person struct {
	Principal identity.Principal
	// Account is the name of their role, as the server spells it.
	Account string
	// MayActAs are the accounts of those as whom they may act, if the settings want that.
	MayActAs []string
}

// Input is what the desired state follows from.
type Input struct {
	Settings Settings
	Program  *policy.Program
	People   []Person
	// Now decides what has expired.
	Now time.Time
}

// Desired is what should be there.
type Desired struct {
	State
	// Findings are what the policies allow and cannot be had directly.
	Findings []Finding
	// ValidUntil is when something in it ends by the passing of time; zero is never.
	ValidUntil time.Time
	// Bases are the registered sources, by relation, with the object identifier that the crawl saw.
	Bases map[Relation]uint32
	// Secured are sources that row policies can say, if they are to be had. The State has what is made if not.
	Secured map[Relation]Secured
	// nothing says that nothing is to be left of ours.
	nothing bool
}

// Desire works out what should be there. It is pure: it asks nobody and changes nothing.
func Desire(in Input) (*Desired, error) {
	out, _, err := desire(in, nil)
	return out, err
}

// desire is Desire with what was worked out before, and with what is worth keeping for the next time. The outcome is the same.
func desire(in Input, before *memory) (*Desired, *memory, error) {
	if in.Program == nil {
		return nil, nil, errors.New("working out what should be there: nothing is published")
	}
	if err := in.Program.Deferrable(); err != nil {
		return nil, nil, fmt.Errorf("working out what should be there: %w", err)
	}
	d := &desirer{in: in, dialect: in.Settings.dialect(), out: &Desired{State: newState(), Bases: map[Relation]uint32{}, Secured: map[Relation]Secured{}}, audiences: map[string]*audience{}, filled: map[string]bool{}, admitted: map[string]bool{}, audiencesOf: map[string][]string{}, before: before.of(in.Program), after: newMemory(in.Program)}
	d.people()
	for _, t := range in.Program.Snapshot().Tables() {
		if !t.Registered || t.Held {
			continue
		}
		d.source(t)
	}
	d.impersonators()
	d.profiles()
	d.dialect.paths(d)
	d.out.grantees(d.find)
	slices.SortFunc(d.out.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Detail, b.Detail))
	})
	return d.out, d.after, nil
}

type desirer struct {
	in          Input
	dialect     dialect
	out         *Desired
	audiences   map[string]*audience
	filled      map[string]bool     // roles whose members are known
	admitted    map[string]bool     // roles whose members know of them
	audiencesOf map[string][]string // the roles that admit an account
	tables      map[string][]string // those that are open to an account, as schema.table; nil until somebody asks
	governed    []Person
	acts        map[string][]string // as whom people may act; nil until somebody asks
	// before is what was worked out the last time, after what is now.
	before, after *memory
}

// audience is those to whom sources of one access class are open, in the same ways.
type audience struct {
	readers []string
	writers map[policy.Privilege][]string
	// sources of the class, as schema.table.
	sources []string
}

// open are the sources that are open to an account, as schema.table, sorted. They are worked out when somebody first asks: there are as many as sources times
// people, and most warehouses keep none of it.
func (d *desirer) open(account string) []string {
	if d.tables == nil {
		d.tables = map[string][]string{}
		for _, who := range d.audiences {
			for _, reader := range who.readers {
				d.tables[reader] = append(d.tables[reader], who.sources...)
			}
		}
		for _, all := range d.tables {
			slices.Sort(all)
		}
	}
	return d.tables[account]
}

// people leaves out those who are not governed, and those whose account cannot be theirs alone.
func (d *desirer) people() {
	owners := map[string][]string{}
	for _, p := range d.in.People {
		if !p.Principal.IsZero() && p.Account != "" {
			owners[d.dialect.one(p.Account)] = append(owners[d.dialect.one(p.Account)], p.Principal.User())
		}
	}
	for _, p := range d.in.People {
		who, account := p.Principal.User(), p.Account
		switch {
		case p.Principal.IsZero() || account == "":
		case p.Principal.Exempt():
			d.find(NotGoverned, who, "is exempt: what account "+account+" may do is not Postern's")
		case len(owners[d.dialect.one(account)]) > 1:
			d.find(Blocked, who, "account "+account+" is said to be that of "+strings.Join(owners[d.dialect.one(account)], " and ")+": it gets nothing")
		case checkName(account) != nil || d.dialect.account(account) != nil || strings.HasPrefix(account, "pg_") || account == publicRole:
			d.find(Blocked, who, fmt.Sprintf("no person's role can have the name %.80q: it gets nothing", account))
		case account == d.in.Settings.SystemRole || account == d.in.Settings.ServiceRole || strings.HasPrefix(account, d.in.Settings.RolePrefix):
			d.find(Blocked, who, "account "+account+" is named as roles of Postern's own are: it gets nothing")
		default:
			d.governed = append(d.governed, p)
		}
	}
	slices.SortFunc(d.governed, func(a, b Person) int { return cmp.Compare(a.Account, b.Account) })
}

func (d *desirer) find(kind FindingKind, object, detail string) {
	d.out.Findings = append(d.out.Findings, Finding{Kind: kind, Object: object, Detail: detail})
}

// source adds what one source needs: a view, or grants on the table itself where everybody sees it as it is.
func (d *desirer) source(t *catalog.Table) {
	base := Relation{t.Schema, t.Name}
	d.out.Bases[base] = t.OID
	dec := d.decide(t)
	if !dec.Allowed {
		return
	}
	if len(dec.Columns) == 0 {
		d.find(NotGiven, base.Schema+"."+base.Name, "no column of it is visible, and there are no views without columns")
		return
	}
	if t.Kind == catalog.KindView {
		d.find(NotGiven, base.Schema+"."+base.Name, "a view reads its tables with its owner's rights; the proxy reads them as the person may, and a stored view cannot")
		return
	}
	d.until(dec.ValidUntil)
	access, ok := d.in.Program.AccessOf(t)
	if !ok {
		return
	}
	who := d.audience(access, t)
	who.sources = append(who.sources, t.Schema+"."+t.Name)
	native := d.in.Program.Raw(t) && (t.Kind == catalog.KindTable || t.Kind == catalog.KindPartitionedTable) && !d.in.Settings.Impersonation
	reader := d.role(access, "read", "may read what policies "+strings.Join(access.Policies, ", ")+" open")
	if !d.filled[reader] {
		d.members(reader, d.andWhoActs(who.readers))
	}
	if native {
		d.native(t, access, reader, who)
		return
	}
	found := len(d.out.Findings)
	if err := d.view(t, &dec, reader, who); err != nil {
		d.find(Blocked, base.Schema+"."+base.Name, err.Error())
	}
	d.dialect.rules(d, t, &dec, access, who, found)
}

// native grants on the table itself, column by column: a column that appears later is hidden until somebody has reviewed it.
func (d *desirer) native(t *catalog.Table, access policy.AccessClass, reader string, who *audience) {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	columns, object, schema := columnsOf(names), Object{ObjectTable, t.Schema, t.Name}, Object{ObjectSchema, t.Schema, ""}
	d.grant(schema, "USAGE", reader, "")
	d.grant(object, "SELECT", reader, columns)
	for _, w := range access.Privileges {
		privilege, list := d.dialect.privilege(d, t, w, who)
		if privilege == "" || d.in.Settings.ReadOnly {
			continue
		}
		role := d.role(access, string(w), writerWords(w, access))
		d.members(role, who.writers[w])
		d.grant(schema, "USAGE", role, "")
		if list {
			d.grant(object, privilege, role, columns)
		} else {
			d.grant(object, privilege, role, "")
		}
	}
}

func writerWords(w policy.Privilege, access policy.AccessClass) string {
	return "may " + string(w) + " as policies " + strings.Join(access.Policies, ", ") + " say"
}

func (d *desirer) view(t *catalog.Table, dec *policy.Decision, reader string, who *audience) error {
	at := Relation{d.in.Settings.SchemaPrefix + t.Schema, t.Name}
	if checkName(at.Schema) != nil {
		return fmt.Errorf("the schema of the views of %s would be called %s, which is longer than %d bytes", t.Schema, at.Schema, maxNameBytes)
	}
	v, core, err := d.stored(t, dec)
	if err != nil {
		return err
	}
	v.Admits = map[string]string{reader: core}
	d.admits(reader, who.readers)
	for _, c := range dec.Columns {
		v.Columns = append(v.Columns, ViewColumn{c.Column.Name, c.Column.Type})
	}
	look := func(e expr.Expr) {
		if k, ok := e.(expr.Keyed); ok && d.dialect.keyed(k.Func) != "" {
			v.Functions = append(v.Functions, d.dialect.keyed(k.Func))
		}
	}
	expr.Walk(dec.Filter, look)
	for _, c := range dec.Columns {
		expr.Walk(c.Mask, look)
	}
	slices.Sort(v.Functions)
	v.Functions = slices.Compact(v.Functions)
	d.out.Schemas[at.Schema] = true
	d.out.Views[at] = v
	d.grant(Object{ObjectSchema, at.Schema, ""}, "USAGE", reader, "")
	d.grant(Object{ObjectTable, at.Schema, at.Name}, "SELECT", reader, "")
	d.dialect.called(d, reader, v.Functions)
	d.dialect.guarantee(d, t, dec, v.Functions)
	return nil
}

// audience asks for everybody, once for all sources of an access class.
func (d *desirer) audience(access policy.AccessClass, t *catalog.Table) *audience {
	if known, ok := d.audiences[access.Key]; ok {
		return known
	}
	out := &audience{writers: map[policy.Privilege][]string{}}
	d.audiences[access.Key] = out
	d.after.access[access.Key] = map[string]accessAnswer{}
	for _, p := range d.governed {
		may := d.accessOf(access.Key, p.Principal, t)
		if !may.allowed {
			continue
		}
		out.readers = append(out.readers, p.Account)
		for _, w := range may.privileges {
			out.writers[w] = append(out.writers[w], p.Account)
		}
	}
	return out
}

// roleName names the role of an audience. Roles are the whole server's, so that the database is part of the name.
func (s Settings) roleName(key, way string) string {
	return s.RolePrefix + digest(s.Database + "\x00" + key)[:12] + "_" + way
}

// role adds the role of an audience.
func (d *desirer) role(access policy.AccessClass, way, comment string) string {
	name := d.in.Settings.roleName(access.Key, way)
	if _, there := d.out.Roles[name]; !there {
		d.out.Roles[name] = Role{Kind: RoleAudience, Comment: d.comment(comment)}
	}
	return name
}

// commentBytes bounds a comment on a role.
const commentBytes = 500

func (d *desirer) comment(words string) string {
	out := "postern: " + d.in.Settings.Database + ": " + words
	if len(out) > commentBytes {
		out = strings.ToValidUTF8(out[:commentBytes], "") + "…"
	}
	return out
}

// members fills a role, once for all sources of its access class.
func (d *desirer) members(role string, accounts []string) {
	if d.filled[role] {
		return
	}
	d.filled[role] = true
	for _, a := range accounts {
		d.out.Members[Member{role, a}] = true
	}
}

func (d *desirer) grant(o Object, privilege, role string, columns Columns) {
	d.out.Grants[Grant{o, privilege, role}] = columns
}

// grantees closes what would have an access control list that gets too long.
func (s *State) grantees(find func(kind FindingKind, object, detail string)) {
	roles := map[Object]map[string]bool{}
	for g := range s.Grants {
		if roles[g.Object] == nil {
			roles[g.Object] = map[string]bool{}
		}
		roles[g.Object][g.Role] = true
	}
	for object, list := range roles {
		if len(list) > maxGrantees {
			find(Blocked, object.String(), fmt.Sprintf("would be granted to %d audiences, and %d is the bound: it is granted to none; let more sources share their subscription policies", len(list), maxGrantees))
			maps.DeleteFunc(s.Grants, func(g Grant, _ Columns) bool { return g.Object == object })
		}
	}
}

func (d *desirer) until(at time.Time) {
	if !at.IsZero() && (d.out.ValidUntil.IsZero() || at.Before(d.out.ValidUntil)) {
		d.out.ValidUntil = at
	}
}

// paths let unqualified names find the views before the tables.
func (s *State) paths(set Settings, sources map[Relation]uint32) {
	clear(s.Paths)
	if len(s.Views) == 0 {
		return
	}
	bases := map[string]bool{}
	for base := range sources {
		bases[base.Schema] = true
	}
	order := slices.SortedFunc(maps.Keys(bases), func(a, b string) int {
		return cmp.Or(cmp.Compare(boolRank(b == "public"), boolRank(a == "public")), cmp.Compare(a, b))
	})
	var path []string
	for _, base := range order {
		if governed := set.SchemaPrefix + base; s.Schemas[governed] {
			path = append(path, governed)
		}
		path = append(path, base)
	}
	for m := range s.Members {
		s.Paths[m.Account] = identList(path)
	}
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// digest is a short name for a text.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

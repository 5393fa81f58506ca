package push

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// Changed is one thing that somebody changed behind our back.
type Changed struct {
	// Names are words that a statement has that did it: one at least of each list. Names are as the server has them, without quotes; two words are one after the other.
	Names [][]string
	// Since is when all was last known to be as we left it, by the server's clock; zero where that is not known.
	Since time.Time
	// about is what is told of it.
	about Finding
}

// Origin is what is known of who changed something. Text says it in words; Known is false where that is that it is not known.
type Origin struct {
	Text  string
	Known bool
}

// attribute asks who changed what drifted, where that was not told before, and puts what is new on record.
func (s *Syncer) attribute(ctx context.Context, d *difference, since time.Time, record func(Finding) error) error {
	s.attribution.Lock()
	known := maps.Clone(s.origins)
	s.attribution.Unlock()
	var ask []Changed
	for _, c := range d.changed {
		if !known[c.about].Known {
			c.Since = since
			ask = append(ask, c)
		}
	}
	told := map[Finding]Origin{}
	if s.config.Who != nil && len(ask) > 0 {
		for i, o := range s.config.Who(ctx, ask) {
			told[ask[i].about] = o
		}
	}
	now := map[Finding]Origin{}
	for i := range d.findings {
		f := d.findings[i]
		if f.Kind != Drifted || !slices.ContainsFunc(d.changed, func(c Changed) bool { return c.about == f }) {
			continue
		}
		origin, already := known[f]
		if o, asked := told[f]; asked {
			origin = o
		}
		now[f] = origin
		d.findings[i].Who = origin.Text
		if record != nil && !already {
			if err := record(d.findings[i]); err != nil {
				return err
			}
		}
	}
	if record != nil {
		s.attribution.Lock()
		s.origins = now
		s.attribution.Unlock()
	}
	return nil
}

// drift finds what is not as the last run left it, and has Report leave it where the policies have not changed since. base is nil where it is not
// known what that run left: then nothing is drift, and all is put right.
func (d *difference) drift(base *baseline, last *Actual) {
	if base != nil {
		d.driftedGrants(base)
		d.driftedMembers(base)
	}
	if last != nil {
		d.driftedProfiles(last)
		d.driftedAdmissions(last)
		d.driftedDefaults(last)
	}
}

// leaves reports that what somebody changed is left.
func (d *difference) leaves() bool { return d.settings.Drift == DriftReport }

// drifted tells of one change. kept says that it is left as it is.
func (d *difference) drifted(object, detail string, wider, kept bool, names ...[]string) {
	switch {
	case kept:
		detail += "; it is left (drift: report)"
	case d.leaves():
		detail += "; the policies have changed there since, and hold"
	default:
		detail += "; it is undone"
	}
	if wider {
		detail = "wider than the policies say: " + detail
	}
	d.tell(Finding{Kind: Drifted, Object: object, Detail: detail, Wider: wider}, names)
}

// tell adds a finding once.
func (d *difference) tell(f Finding, names [][]string) {
	if !slices.ContainsFunc(d.changed, func(c Changed) bool { return c.about == f }) {
		d.findings = append(d.findings, f)
		d.changed = append(d.changed, Changed{Names: names, about: f})
	}
}

func (d *difference) driftedGrants(base *baseline) {
	changing := map[Object]bool{}
	for _, c := range d.changes {
		changing[Object{ObjectTable, c.at.Schema, c.at.Name}] = true
	}
	for _, c := range d.tables {
		changing[Object{ObjectTable, c.at.Schema, c.at.Name}] = true
	}
	all := maps.Clone(base.grants)
	maps.Copy(all, d.have.Grants)
	kept := map[Grant]bool{}
	for _, g := range slices.SortedFunc(maps.Keys(all), compareGrants) {
		was, before := base.grants[g]
		is, now := d.have.Grants[g]
		if before == now && was == is || !d.standing(g) {
			continue
		}
		want, wanted := d.want.Grants[g]
		// Where a view changes its grants are given anew, as the policies say.
		keep := d.leaves() && !changing[g.Object] && before == wanted && was == want
		kept[g] = keep
		added, gone := columnsBetween(was, before, is, now)
		names := [][]string{{g.Object.Name, g.Object.Schema}, {g.Role}, {g.Privilege, "all"}}
		if g.Role == publicRole {
			// A schema has the same name.
			names[1] = []string{"to public", "from public"}
		}
		if g.Object.Kind == ObjectFunction {
			name, _, _ := strings.Cut(g.Object.Name, "(")
			names[0][0] = name
		}
		if added != "" {
			d.drifted(g.Object.String(), "somebody gave "+g.Privilege+added+" to "+g.Role, true, keep, names...)
		}
		if gone != "" {
			d.drifted(g.Object.String(), "somebody took "+g.Privilege+gone+" from "+g.Role, false, keep, names...)
		}
	}
	d.revoke = slices.DeleteFunc(d.revoke, func(g Grant) bool { return kept[g] })
	d.give = slices.DeleteFunc(d.give, func(g Grant) bool { return kept[g] })
}

// standing reports that the object and the role of a grant are there: what went with them is told of them.
func (d *difference) standing(g Grant) bool {
	if g.Role != publicRole {
		if _, there := d.have.Server[g.Role]; !there {
			return false
		}
	}
	switch g.Object.Kind {
	case ObjectTable:
		_, there := d.have.relations[Relation{g.Object.Schema, g.Object.Name}]
		return there || g.Object.Schema == SystemSchema
	case ObjectSchema:
		_, there := d.have.schemaOwners[g.Object.Schema]
		return there || g.Object.Schema == SystemSchema
	case ObjectSequence:
		_, there := d.have.sequences[Relation{g.Object.Schema, g.Object.Name}]
		return there
	case ObjectFunction, ObjectProcedure:
		return true
	}
	return true
}

// columnsBetween says in words of which columns a privilege was added and of which it is gone; " " stands for the whole.
func columnsBetween(was Columns, before bool, is Columns, now bool) (added, gone string) {
	list := func(names []string) string { return " (" + listed(names) + ")" }
	whole := func(c Columns) string {
		if c == "" {
			return " "
		}
		return list(c.Names())
	}
	switch {
	case !before:
		added = whole(is)
	case !now:
		gone = whole(was)
	case is == "":
		added = " "
	case was == "":
		gone = " "
	default:
		if n := is.minus(was); len(n) > 0 {
			added = list(n)
		}
		if n := was.minus(is); len(n) > 0 {
			gone = list(n)
		}
	}
	return strings.TrimRight(added, " ") + blank(added), strings.TrimRight(gone, " ") + blank(gone)
}

// blank keeps a mark of the whole, which is not printed as a list.
func blank(s string) string {
	if s == " " {
		return " on the whole"
	}
	return ""
}

func compareMembers(a, b Member) int {
	return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Account, b.Account))
}

func (d *difference) driftedMembers(base *baseline) {
	all := maps.Clone(base.members)
	maps.Copy(all, d.have.Members)
	kept := map[Member]bool{}
	for _, m := range slices.SortedFunc(maps.Keys(all), compareMembers) {
		before, now, wanted := base.members[m], d.have.Members[m], d.want.Members[m]
		_, role := d.have.Server[m.Role]
		_, account := d.have.Server[m.Account]
		if before == now || !role || !account {
			continue
		}
		kept[m] = d.leaves() && before == wanted
		text := "somebody made it a member of " + m.Role
		if before {
			text = "somebody ended its membership of " + m.Role
		}
		d.drifted("role "+m.Account, text, !before, kept[m], []string{m.Role}, []string{m.Account})
	}
	d.leave = slices.DeleteFunc(d.leave, func(m Member) bool { return kept[m] })
	d.join = slices.DeleteFunc(d.join, func(m Member) bool { return kept[m] })
}

// driftedProfiles tells of rows of the profile that are not as this process left them. They are Postern's own, and always put right.
func (d *difference) driftedProfiles(last *Actual) {
	tell := func(account, what string) {
		detail := "somebody " + what + " its row of postern_system.profile; it is put right"
		d.tell(Finding{Kind: Drifted, Object: "role " + account, Detail: "wider than the policies say, perhaps: " + detail, Wider: true}, [][]string{{"profile"}})
	}
	for _, account := range slices.Sorted(maps.Keys(d.have.Profile)) {
		was, before := last.Profile[account]
		if !before {
			tell(account, "made")
		} else if is := d.have.Profile[account]; !is.equal(was) {
			tell(account, "changed")
		}
	}
	for _, account := range slices.Sorted(maps.Keys(last.Profile)) {
		if _, now := d.have.Profile[account]; !now {
			tell(account, "removed")
		}
	}
}

// driftedDefaults tells of defaults of our views that are not as this process left them, where the view itself is. They are always put right: what they should be
// is what the table says, and not what a policy does.
func (d *difference) driftedDefaults(last *Actual) {
	for _, at := range slices.SortedFunc(maps.Keys(last.Views), compareRelations) {
		was, is := last.Views[at], d.have.Views[at]
		if was.Digest == "" || is.Digest != was.Digest || !slices.Equal(was.Columns, is.Columns) {
			continue
		}
		before, now := last.viewDefaults[at], d.have.viewDefaults[at]
		for _, c := range is.Columns {
			if before[c.Name] == now[c.Name] {
				continue
			}
			what := "set the default of column " + c.Name
			if now[c.Name] == "" {
				what = "dropped the default of column " + c.Name
			}
			d.tell(Finding{Kind: Drifted, Object: at.String(), Detail: "somebody " + what + " of the view; it is put right"}, [][]string{{at.Name, at.Schema}, {"default"}})
		}
	}
}

// driftedView tells of a view of ours that somebody changed or dropped, and reports that it is left as it is.
func (d *difference) driftedView(at Relation, want View, there, changed bool) (left bool) {
	entry, known := d.have.ledger[ledgerKey{"view", at.Schema, at.Name}]
	if !known || there && !changed {
		return false
	}
	left = d.leaves() && entry.digest == want.Digest
	names := []string{at.Name, at.Schema}
	if there {
		d.drifted(at.Schema+"."+at.Name, "somebody changed the view: what it shows nobody can know", true, left, names)
		return left
	}
	d.drifted(at.Schema+"."+at.Name, "somebody dropped the view", false, left, names)
	if left {
		d.withdraw(at)
	}
	return left
}

// driftedRole tells of a role of ours that somebody dropped, and reports that it is left so.
func (d *difference) driftedRole(name string, kind RoleKind) (left bool) {
	if _, known := d.have.ledger[ledgerKey{string(kind), "", name}]; !known {
		return false
	}
	left = d.leaves()
	d.absent[name] = left
	d.drifted("role "+name, "somebody dropped the role", false, left, []string{name})
	return left
}

// driftedSchema is driftedRole for a schema of ours.
func (d *difference) driftedSchema(name string) (left bool) {
	if _, known := d.have.ledger[ledgerKey{"schema", name, ""}]; !known {
		return false
	}
	left = d.leaves()
	d.drifted("schema "+name, "somebody dropped the schema", false, left, []string{name})
	return left
}

// driftedPath is driftedRole for a search path of ours.
func (d *difference) driftedPath(account string) (left bool) {
	entry, known := d.have.ledger[ledgerKey{"path", "", account}]
	_, there := d.have.Paths[account]
	// One that somebody set is theirs, and told of as such.
	if _, foreign := d.have.foreignPaths[account]; !known || there || foreign {
		return false
	}
	left = d.leaves() && entry.digest == d.want.Paths[account]
	d.drifted("role "+account, "somebody changed its search path in this database", false, left, []string{account})
	return left
}

// driftedRows tells of row policies of ours that somebody changed, or of row security that somebody ended, and reports that they are left as they are.
func (d *difference) driftedRows(at Relation, t *securedTable, want string) (left bool) {
	if !t.known || t.intact {
		return false
	}
	left = d.leaves() && t.digest == want
	d.drifted(at.String(), "somebody changed its row policies: what it shows nobody can know", true, left, []string{at.Name, at.Schema})
	return left
}

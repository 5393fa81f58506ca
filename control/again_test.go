package control

import (
	"context"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// decisions are what everybody gets of every source of a generation, with the conditions on people that it holds, as a value to compare.
func decisions(t *testing.T, g *Generation) map[string][]policy.Decision {
	t.Helper()
	program, ok := g.Program("tpch")
	if !ok {
		t.Fatal("there is no program")
	}
	var wants []policy.Want
	for _, table := range program.Snapshot().Tables() {
		wants = append(wants, policy.Want{Table: table})
	}
	out := map[string][]policy.Decision{"": program.Decide(policy.BindDeferred(), wants)}
	for name := range g.people {
		who, err := g.Principal(name)
		if err != nil {
			continue
		}
		out[name] = program.Decide(policy.BindPrincipal(who), wants)
	}
	return out
}

// TestPeopleCompileNothing: a change of people alone is decided by the program that is there, under a new version; any other change compiles another one; and
// both decide as a publisher does that begins with nothing.
func TestPeopleCompileNothing(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.write("push.yaml", "kind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: views\nreadOnly: true\n")
	last := w.publish(p)
	fit, reused := p.fits["tpch"], 0
	for _, c := range []struct {
		what, file, from, to, ddl string
		same, fits                bool
	}{
		{what: "nothing", same: true, fits: true},
		{what: "an attribute", file: "users.yaml", from: "region: [EUROPE", to: "region: [AFRICA", same: true, fits: true},
		{what: "a group", file: "users.yaml", from: "groups: [analysts", to: "groups: [support, analysts", same: true, fits: true},
		{what: "a new person", file: "people.yaml", to: "kind: User\nname: eve\ngroups: [analysts]\n", same: true, fits: true},
		{what: "settings", file: "push.yaml", from: "enforce: views", to: "enforce: rowSecurity", same: true},
		{what: "a tag", file: "sources.yaml", from: "tags: [Sales]", to: "tags: [Sales, Other]"},
		{what: "a policy", file: "more.yaml", to: "kind: DataPolicy\nname: more\non: {tables: [tpch.public.nation]}\nrules:\n  - rows: n_nationkey > 3\n"},
		{what: "a column", ddl: "ALTER TABLE region ADD COLUMN more int"},
		{what: "a person again", file: "people.yaml", from: "analysts", to: "support", same: true, fits: true},
	} {
		switch {
		case c.ddl != "":
			conn := w.conn()
			if _, err := conn.Exec(t.Context(), c.ddl).ReadAll(); err != nil {
				t.Fatal(err)
			}
		case c.from != "":
			w.edit(c.file, c.from, c.to)
		case c.file != "":
			w.write(c.file, c.to)
		}
		g := w.publish(p)
		was, _ := last.Program("tpch")
		is, _ := g.Program("tpch")
		if is.Same(was) != c.same || is.Version() != g.Version() {
			t.Errorf("%s: the program is the same: %v; version %d of %d", c.what, is.Same(was), is.Version(), g.Version())
		}
		if same := reflect.DeepEqual(p.fits["tpch"].from, fit.from); same != c.fits {
			t.Errorf("%s: what can be said was not asked again: %v", c.what, same)
		}
		fit, last = p.fits["tpch"], g
		fresh := w.publisher(nil)
		fresh.reviews = maps.Clone(p.reviews)
		if got, want := decisions(t, g), decisions(t, w.publish(fresh)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: it is decided otherwise than by a publisher that begins with nothing", c.what)
		}
		if c.same {
			reused++
		}
	}
	t.Logf("%d changes compiled nothing", reused)
}

// TestFitEnds: what was found to be possible to say is asked again when something in it has ended.
func TestFitEnds(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	now := time.Now()
	p.config.Now = func() time.Time { return now }
	w.write("push.yaml", "kind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: views\nreadOnly: true\n---\nkind: SubscriptionPolicy\nname: soon\non: {tables: [tpch.public.region]}\n"+
		"access: read\neffect: grant\nallow: {anyone: true}\nexpires: "+now.Add(time.Hour).UTC().Format(time.RFC3339)+"\n")
	w.publish(p)
	asked := p.fits["tpch"].from
	for _, c := range []struct {
		later time.Duration
		again bool
	}{{time.Minute, false}, {time.Hour, true}, {time.Minute, false}} {
		now = now.Add(c.later)
		w.publish(p)
		if again := !p.fits["tpch"].from.Equal(asked); again != c.again {
			t.Errorf("%v later it was asked again: %v", c.later, again)
		}
		asked = p.fits["tpch"].from
	}
}

// keptInMemory is a state without history.
type keptInMemory struct {
	stored Stored
}

func (k *keptInMemory) Stored(context.Context) (Stored, error) {
	return Stored{Revision: k.stored.Revision, Resources: slices.Clone(k.stored.Resources)}, nil
}

func (k *keptInMemory) Marks(context.Context) (Marks, error) {
	return Marks{Revision: k.stored.Revision}, nil
}

func (k *keptInMemory) Commit(ctx context.Context, c Commit) (int64, error) {
	if c.Base != k.stored.Revision {
		return 0, ErrMoved
	}
	if err := c.Before(ctx, c.Base+1); err != nil {
		return 0, err
	}
	k.stored.Revision++
	for _, write := range c.Writes {
		k.stored.Resources = slices.DeleteFunc(k.stored.Resources, func(r StoredResource) bool { return r.Key() == write.Key() })
		if write.Version = k.stored.Revision; !write.Deleted && write.File == "" {
			k.stored.Resources = append(k.stored.Resources, write)
		}
	}
	return k.stored.Revision, nil
}

// TestPeopleAskNoWarehouse: a change of people and groups alone takes effect without a look at the warehouses, and any other with one; so does one of people that
// does not fit, because that may be for what a warehouse has become.
func TestPeopleAskNoWarehouse(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.write("push.yaml", "kind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: views\nreadOnly: true\n---\n"+
		"kind: IdentityMapping\nname: m\nconnection: tpch\nattribute: account\nusers: {ann: joe}\n")
	crawls := 0
	p.config.crawl = func(ctx context.Context, c warehouse.Config, domains []string) (crawled, error) {
		crawls++
		return crawlWarehouse(ctx, c, domains)
	}
	r, err := NewRegistry(RegistryConfig{Publisher: p, Store: &keptInMemory{}, Paths: []string{w.folder}, Log: slog.New(slog.DiscardHandler),
		Record: func(context.Context, ...audit.Event) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text  string
		looks int
		fails bool
	}{
		{text: "kind: User\nname: eve\ngroups: [analysts]\nattributes: {region: [EUROPE]}\n"},
		{text: "kind: User\nname: eve\ngroups: [analysts]\nattributes: {region: [ASIA]}\n"},
		{text: "kind: Group\nname: wide\nmembers: [eve]\n"},
		{text: "kind: User\nname: fay\nattributes: {account: [joe]}\n", looks: 1, fails: true},
		{text: "kind: DataPolicy\nname: more\non: {tables: [tpch.public.nation]}\nrules:\n  - rows: n_nationkey > 3\n", looks: 1},
		{text: "kind: User\nname: eve\ngroups: []\n---\nkind: DataPolicy\nname: more\non: {tables: [tpch.public.nation]}\nrules:\n  - rows: n_nationkey > 4\n", looks: 1},
	} {
		docs, err := resource.ReadDocuments("test", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		before, version := crawls, p.Current().Version()
		_, err = r.Apply(t.Context(), audit.Event{User: "admin"}, Change{Documents: docs, Since: -1})
		if (err != nil) != c.fails || (p.Current().Version() == version) != c.fails {
			t.Errorf("%s: %v, version %d after %d", c.text, err, p.Current().Version(), version)
		}
		if crawls-before != c.looks {
			t.Errorf("%s: %d looks at the warehouse, want %d", c.text, crawls-before, c.looks)
		}
	}
}

package control

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// TestRowSecurityWriting: a source with row rules may be written to where it has row policies, but for TRUNCATE, which knows none; with views only by one of INSERT and UPDATE.
func TestRowSecurityWriting(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	settings := func(enforce, more string) {
		w.write("push.yaml", "kind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: "+enforce+"\n---\nkind: SubscriptionPolicy\nname: writers\n"+
			"on: {tables: [tpch.public.region]}\naccess: write\neffect: grant\nallow: {anyone: true}\n"+more+"---\nkind: DataPolicy\nname: regions\n"+
			"on: {tables: [tpch.public.region]}\nrules:\n  - rows: r_regionkey > 1\n")
	}
	settings("rowSecurity", "")
	w.refused(p, "push.yaml:1: PushSettings push: tpch.public.region has row rules, and may be emptied: TRUNCATE knows no rules")
	settings("rowSecurity", "privileges: [insert, update, delete]\n")
	w.publish(p)
	settings("views", "privileges: [insert, update, delete]\n")
	w.refused(p, "reaches hidden rows with ON CONFLICT DO UPDATE")
	// What looks rows up is enforced by a view, whatever is wished for.
	settings("rowSecurity", "privileges: [insert, update]\n")
	w.edit("push.yaml", "  - rows: r_regionkey > 1", "  - rows: r_regionkey IN (SELECT n_regionkey FROM public.nation)")
	w.refused(p, "reaches hidden rows with ON CONFLICT DO UPDATE")
}

// TestAccountsOfPeople: who maps to which account in a warehouse, letter by letter, by hand before attribute before name; roles of AWS identities too.
// It is the other way round of personOf.
func TestAccountsOfPeople(t *testing.T) {
	g := &Generation{set: &resource.Set{}, people: map[string]person{}, connections: map[string]connection{
		"plain": {config: warehouse.Config{User: "postern"}}, "mapped": {config: warehouse.Config{User: "postern"}},
	}}
	for name, accounts := range map[string][]string{"ann": {"IAMR:Analyst"}, "fay": {"arn:aws:iam::123456789012:user/staff/fay.x"}, "Bob": nil, "cyd": {"one", "two"}, "dan": {"d_1"}, "eve": {"e_old"}, "gil": nil} {
		spec := identity.Spec{User: name, Attributes: map[string][]string{"account": accounts}}
		g.people[name] = person{spec: spec, principal: identity.NewPrincipal(spec), disabled: name == "eve"}
	}
	g.set.IdentityMappings = []resource.IdentityMapping{{Connection: "mapped", Attribute: "account", Users: map[string]string{"Bob": "Robert", "dan": "by hand", "gil": "arn:aws-us-gov:sts::123456789012:assumed-role/Analyst/gil@example.com"}}}
	for connection, want := range map[string]map[string]string{
		"plain":  {"ann": "ann", "Bob": "Bob", "cyd": "cyd", "dan": "dan", "fay": "fay", "gil": "gil"},
		"mapped": {"ann": "IAMR:Analyst", "Bob": "Robert", "dan": "by hand", "fay": "fay.x", "gil": "Analyst"},
	} {
		got := g.accounts(connection)
		if !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", connection, got, want)
		}
		for user, account := range got {
			if back, ok := g.personOf(connection, account); !ok || back != user {
				t.Errorf("%s: account %s of %s is that of %q", connection, account, user, back)
			}
		}
	}
}

// TestOneAccountOfTwo: an account that would be two people's is refused, and so is one set of settings beside another.
func TestOneAccountOfTwo(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.write("push.yaml", "kind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: views\n---\nkind: IdentityMapping\nname: m\nconnection: tpch\nusers: {ann: IAMR:Analyst}\n---\nkind: IdentityMapping\nname: n\nconnection: tpch\nusers: {bob: IAMR:Analyst}\n")
	w.refused(p, "account IAMR:Analyst of connection tpch is both ann and bob")
	w.edit("push.yaml", "bob: IAMR:Analyst", "bob: IAMR:analyst")
	w.publish(p)
	// Sessions of one role, and principals of two accounts of AWS's, would be one account.
	w.edit("push.yaml", "bob: IAMR:analyst", "bob: 'arn:aws:sts::123456789012:assumed-role/Analyst/bob'")
	w.edit("push.yaml", "ann: IAMR:Analyst", "ann: 'arn:aws:iam::210987654321:role/team/Analyst'")
	w.refused(p, "account Analyst of connection tpch is both ann and bob")
	w.edit("push.yaml", "role/team/Analyst", "role/team/Analyst2")
	w.publish(p)
}

// TestMayActAs: as whom people may act in a warehouse is as in the proxy: by themselves and by their groups, never as or by somebody exempt or disabled,
// and only where it is wanted.
func TestMayActAs(t *testing.T) {
	g := &Generation{set: &resource.Set{IdentityMappings: []resource.IdentityMapping{{Connection: "lake", Attribute: "account", Users: map[string]string{"ann": "IAM:ann", "bob": "bob", "cyd": "cyd", "dan": "dan", "root": "root"}}}},
		people: map[string]person{}, connections: map[string]connection{"lake": {config: warehouse.Config{User: "postern"}}}}
	for name, p := range map[string]person{
		"ann": {spec: identity.Spec{Groups: []string{"marketing"}}}, "bob": {impersonates: []resource.Members{{Users: []string{"cyd", "nobody"}}, {Groups: []string{"marketing"}}}},
		"cyd": {impersonates: []resource.Members{{Users: []string{"cyd", "dan", "root"}}}}, "dan": {disabled: true, impersonates: []resource.Members{{Users: []string{"ann"}}}},
		"root": {spec: identity.Spec{Exempt: true}, impersonates: []resource.Members{{Users: []string{"ann"}}}},
	} {
		p.spec.User = name
		p.principal = identity.NewPrincipal(p.spec)
		g.people[name] = p
	}
	accounts := g.accounts("lake")
	for user, want := range map[string][]string{"ann": nil, "bob": {"IAM:ann", "cyd"}, "cyd": nil, "dan": nil, "root": nil, "nobody": nil} {
		if got := g.mayActAs(resource.PushSettings{Connection: "lake", Impersonation: true}, user, accounts); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", user, got, want)
		}
		if got := g.mayActAs(resource.PushSettings{Connection: "lake"}, user, accounts); got != nil {
			t.Errorf("%s, where it is not wanted: %v", user, got)
		}
	}
}

// TestImpersonationWanted: people act as others in a Redshift alone.
func TestImpersonationWanted(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	w.write("push.yaml", "kind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: views\nimpersonation: true\n")
	w.refused(p, "impersonation: only in a warehouse of engine redshift")
}

// TestSystemRoleByIAM: where the proxy logs in by IAM, the system role does so too, as itself, unless it has a password.
func TestSystemRoleByIAM(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_SECRET", "s")
	t.Setenv("SYSTEM_PASSWORD", "pw")
	const text = "kind: Connection\nname: tpch\nengine: postgres\nhost: db.example.com\ndatabase: d\nuser: postern\ntls: {mode: verify-full}\n" +
		"aws: {method: rds, region: eu-central-1, accessKey: {id: KEY, secret: {env: AWS_ACCESS_KEY_SECRET}}}\n" +
		"---\nkind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: views\n"
	for given, want := range map[string]string{"": "DBUser=postern_system", "password: {env: SYSTEM_PASSWORD}\n": "pw"} {
		set, err := resource.Parse("x.yaml", []byte(text+given))
		if err != nil {
			t.Fatal(err)
		}
		config := set.Connections[0].Warehouse()
		g := &Generation{set: set, connections: map[string]connection{"tpch": {config: config, program: &policy.Program{}}}}
		login, err := g.Pushes()[0].Warehouse.Login(t.Context())
		if err != nil || login.User != "postern_system" || !strings.Contains(login.Password.Reveal(), want) {
			t.Errorf("%q: as %s with %s, %v", given, login.User, login.Password.Reveal(), err)
		}
		if service, err := config.Login(t.Context()); err != nil || !strings.Contains(service.Password.Reveal(), "DBUser=postern&") && !strings.HasSuffix(service.Password.Reveal(), "DBUser=postern") {
			t.Errorf("the proxy logs in as %s: %v", service.User, err)
		}
	}
}

// TestViewsCannotSay: what a view cannot keep is refused when it is published, for a connection in whose warehouse something is maintained, and for no other.
func TestViewsCannotSay(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	for name, c := range map[string]struct{ file, text, says string }{
		"hide for some": {"cannot.yaml", "kind: DataPolicy\nname: cannot\non: {tables: [tpch.public.customer]}\nrules:\n  - mask: {columns: [c_comment], hide: true}\n    exceptFor: \"isInGroups('analysts')\"\n",
			"has hide for some people"},
		"predicates refused": {"sources.yaml", "", "predicates"},
	} {
		t.Run(name, func(t *testing.T) {
			remove := func(file string) {
				t.Helper()
				if err := os.Remove(filepath.Join(w.folder, file)); err != nil {
					t.Fatal(err)
				}
			}
			if c.text != "" {
				w.write(c.file, c.text)
			} else {
				w.edit("sources.yaml", "c_phone:   {", "c_phone:   {predicates: refused, ")
			}
			w.publish(p)
			w.write("push.yaml", "kind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: views\nreadOnly: true\n")
			w.refused(p, c.says)
			remove("push.yaml")
			w.publish(p)
			if c.text != "" {
				remove(c.file)
			} else {
				w.edit("sources.yaml", "c_phone:   {predicates: refused, ", "c_phone:   {")
			}
		})
	}
}

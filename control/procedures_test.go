package control

import (
	"testing"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/warehouse"
)

// TestPersonOfAnAccount: an account is the person of its name, or whom the connection's mapping says; the service role, the disabled, and an account
// that would be two people are nobody.
func TestPersonOfAnAccount(t *testing.T) {
	g := &Generation{set: &resource.Set{}, people: map[string]person{}, connections: map[string]connection{
		"plain": {config: warehouse.Config{User: "postern"}}, "mapped": {config: warehouse.Config{User: "postern"}},
	}}
	for name, account := range map[string]string{"ann": "a_smith", "bob": "", "cyd": "shared", "dan": "shared", "postern": "", "eve": "e_old"} {
		spec := identity.Spec{User: name}
		if account != "" {
			spec.Attributes = map[string][]string{"account": {account}}
		}
		g.people[name] = person{spec: spec, principal: identity.NewPrincipal(spec), disabled: name == "eve"}
	}
	g.set.IdentityMappings = []resource.IdentityMapping{{Connection: "mapped", Attribute: "account", Users: map[string]string{"bob": "robert", "zoe": "zoe"}}}
	for _, c := range []struct{ connection, account, want string }{
		{"plain", "ann", "ann"}, {"plain", "a_smith", ""}, {"plain", "postern", ""}, {"plain", "eve", ""}, {"plain", "ANN", ""}, {"plain", "ann ", ""}, {"other", "ann", ""},
		{"mapped", "a_smith", "ann"}, {"mapped", "ann", ""}, {"mapped", "robert", "bob"}, {"mapped", "bob", ""}, {"mapped", "shared", ""}, {"mapped", "zoe", ""},
		{"mapped", "e_old", ""}, {"mapped", "postern", ""},
	} {
		if got, ok := g.personOf(c.connection, c.account); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s of %s is %q (%t), want %q", c.account, c.connection, got, ok, c.want)
		}
	}
}

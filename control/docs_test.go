package control

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/policy"
)

// documented are the examples of the sections of docs/policies.md on people.
func documented(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "policies.md"))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, heading := range []string{"### Approval", "## Purposes", "## Projects", "## Impersonation", "## Time"} {
		_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
		if !found {
			t.Fatalf("there is no section %s", heading)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(section, -1)
		if len(examples) == 0 {
			t.Fatalf("%s has no example", heading)
		}
		for _, e := range examples {
			blocks = append(blocks, e[1])
		}
	}
	return strings.Join(blocks, "---\n")
}

// TestDocumentedPeople publishes the examples of docs/policies.md on people, all together with the example of the tour, and does with them what
// the text says.
func TestDocumentedPeople(t *testing.T) {
	o := newOffice(t, map[string]string{"documented.yaml": documented(t)})
	for _, w := range o.publisher.Current().Warnings() {
		if strings.Contains(w.String(), "documented.yaml") && !strings.Contains(w.String(), "no column of") {
			t.Errorf("the documentation earns a warning: %s", w)
		}
	}
	if !o.sees(o.principal("ann"), "supplier") || o.sees(o.principal("cyd"), "supplier") {
		t.Error("ann's approval does not let her in, or lets in others")
	}
	wantCode(t, o.setProject("cyd", "help-desk"), "42501", "support: I look at customers' data only to answer a question that they asked.|If you agree")
	if got := o.mask("cyd", "c_phone"); got != policy.MaskNull {
		t.Errorf("outside of the project c_phone is masked by %d", got)
	}
	if err := errors.Join(o.acknowledge("cyd", "help-desk"), o.setProject("cyd", "help-desk")); err != nil {
		t.Fatal(err)
	}
	o.is("cyd", "help-desk", "support", "support.complaints")
	if got := o.mask("cyd", "c_phone"); got != policy.MaskRegex {
		t.Errorf("for support c_phone is masked by %d", got)
	}
	if o.sees(o.principal("cyd"), "orders") {
		t.Error("the project does not narrow")
	}
	if err := o.setProject("bob", "team"); err != nil {
		t.Fatal(err)
	}
	if a, b := o.mask("bob", "c_name"), o.mask("ann", "c_name"); a != b || a != policy.MaskHash {
		t.Errorf("bob sees c_name by %d, ann by %d", a, b)
	}
	g := o.publisher.Current()
	for _, tt := range [][2]string{{"bob", "ann"}, {"bob", "cyd"}, {"eve", "cyd"}} {
		if p, err := g.Impersonated(tt[0], tt[1]); err != nil || p.User() != tt[1] || p.Login() != tt[0] {
			t.Errorf("%s as %s: %v", tt[0], tt[1], err)
		}
	}
	if _, err := g.Impersonated("eve", "ann"); err == nil {
		t.Error("eve acts for ann")
	}
	if err := o.setProject("cyd", ""); err != nil {
		t.Fatal(err)
	}
	if got := o.mask("cyd", "c_name"); got != policy.MaskNone {
		t.Errorf("for now cyd sees c_name by %d", got)
	}
	o.mu.Lock()
	o.now = time.Date(2100, 1, 31, 12, 0, 0, 0, time.UTC)
	o.mu.Unlock()
	if got := o.mask("cyd", "c_name"); got != policy.MaskConstant {
		t.Errorf("after the exception's end cyd sees c_name by %d", got)
	}
	o.sleep(60 * 24 * time.Hour)
	if o.sees(o.principal("ann"), "supplier") {
		t.Error("the approval does not end")
	}
}

// mask is how a column of customer reads for a person now.
func (o *office) mask(user, column string) policy.MaskKind {
	o.t.Helper()
	program, _ := o.publisher.Current().Program("tpch")
	customer, _ := program.Snapshot().Table("public", "customer")
	d := program.Decide(policy.BindPrincipal(o.principal(user)).At(o.clock()), []policy.Want{{Table: customer}})[0]
	c, found := d.Column(column)
	if !found {
		o.t.Fatalf("%s does not see %s: %v", user, column, d.Because)
	}
	return c.Kind
}

// TestDocumentedPredicates publishes the examples of how conditions on masked columns are judged, in place of the tour's sources.
func TestDocumentedPredicates(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "policies.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### Conditions on a masked column\n")
	section, _, _ = strings.Cut(section, "\n## ")
	w := newWorld(t)
	for _, e := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(section, -1) {
		name := regexp.MustCompile(`name: \S+\n`).FindString(e[1])
		column := regexp.MustCompile(`  \w_phone: .*\n`).FindString(e[1])
		sources, err := os.ReadFile(filepath.Join("..", "examples", "tpch", "sources.yaml"))
		if err != nil || !strings.Contains(string(sources), name) || column == "" {
			t.Fatalf("%v: %q with %q", err, name, column)
		}
		key, _, _ := strings.Cut(strings.TrimSpace(column), ":")
		line := regexp.MustCompile(`  ` + key + `: .*\n`).FindString(string(sources))
		w.edit("sources.yaml", line, column)
	}
	program, _ := w.publish(w.publisher(nil)).Program("tpch")
	customer, _ := program.Snapshot().Table("public", "customer")
	supplier, _ := program.Snapshot().Table("public", "supplier")
	if c, _ := customer.Column("c_phone"); !c.RawEquality || c.PredicatesRefused {
		t.Errorf("c_phone: %+v", c)
	}
	if c, _ := supplier.Column("s_phone"); c.RawEquality || !c.PredicatesRefused {
		t.Errorf("s_phone: %+v", c)
	}
}

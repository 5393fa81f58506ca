package control

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
)

// TestDerived: a materialized view over masked columns must carry their tags, and plain views that nobody can read are warned about.
func TestDerived(t *testing.T) {
	w := newWorld(t)
	if _, err := w.conn().Exec(t.Context(), `CREATE VIEW public.contact AS SELECT c_custkey, c_phone FROM public.customer;
		CREATE MATERIALIZED VIEW public.phones AS SELECT c_custkey AS key, 'tel:' || c_phone AS phone FROM public.contact;
		GRANT SELECT ON public.contact, public.phones TO PUBLIC`).ReadAll(); err != nil {
		t.Fatal(err)
	}
	p := w.publisher(nil)
	p.config.UnreadableViews = func(program *policy.Program) map[*catalog.Table]string {
		contact, _ := program.Snapshot().Table("public", "contact")
		return map[*catalog.Table]string{contact: "it reads what is not registered"}
	}
	source := "kind: Source\nname: tpch.public.phones\n"
	w.write("phones.yaml", source)
	refusedWith(t, w, p, "the materialized view reads public.customer.c_phone, which has the tag PII.Phone")
	w.write("phones.yaml", source+"columns: {key: {tags: [PII.Phone]}}\n")
	if _, err := p.Publish(t.Context(), w.set()); err != nil {
		t.Error(err)
	}
	w.write("phones.yaml", source+"declassified: [PII]\n---\nkind: Source\nname: tpch.public.contact\n")
	g, err := p.Publish(t.Context(), w.set())
	if err != nil {
		t.Fatal(err)
	}
	warned := false
	for _, warning := range g.Warnings() {
		warned = warned || strings.Contains(warning.String(), "view tpch.public.contact cannot be read through the proxy: it reads what is not registered")
	}
	if !warned {
		t.Errorf("no warning in %v", g.Warnings())
	}
}

package control

import "testing"

// TestFunctionAllowList: what is listed is resolved when it is published, with everything that could be meant by it.
func TestFunctionAllowList(t *testing.T) {
	w := newWorld(t)
	w.exec(`CREATE FUNCTION public.area(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * $2';
		CREATE FUNCTION public.area(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
		CREATE TYPE public.mood AS ENUM ('calm');
		CREATE FUNCTION public.to_mood(integer) RETURNS public.mood LANGUAGE sql IMMUTABLE AS 'SELECT ''calm''::public.mood';
		CREATE CAST (integer AS public.mood) WITH FUNCTION public.to_mood(integer);
		CREATE OPERATOR public.*** (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = public.area)`)
	p := w.publisher(nil)
	const list = "kind: FunctionAllowList\nname: geometry\nconnection: tpch\n"
	for text, want := range map[string]string{
		`functions: ["public.nosuch()"]`:               `the warehouse has no function "public.nosuch()" of its own`,
		`functions: ["pg_catalog.pg_read_file(text)"]`: `the warehouse has no function "pg_catalog.pg_read_file(text)" of its own`,
		`functions: ["public.area(numeric, numeric)"]`: "public.area(integer) is not: a call could mean either",
		`operators: ["public.+++(numeric, numeric)"]`:  "the warehouse has no operator",
		`types: [public.mood]`:                         "the cast integer AS public.mood is not",
		`types: [public.customer]`:                     `the warehouse has no type "public.customer" of its own`,
		`casts: ["text AS public.mood"]`:               "the warehouse has no cast",
	} {
		w.write("list.yaml", list+text+"\n")
		refusedWith(t, w, p, want)
	}
	w.write("list.yaml", list+`functions: ["public.area(numeric, numeric)", "public.area(integer)"]
operators: ["public.***(numeric, numeric)"]
types: [public.mood]
casts: ["integer AS public.mood"]
`)
	g, err := p.Publish(t.Context(), w.set())
	if err != nil {
		t.Fatal(err)
	}
	program, _ := g.Program("tpch")
	allowed := program.Snapshot().Allowed()
	if _, ok := allowed.Function("public", "area", 2); !ok || !allowed.Operator("public", "***") || !allowed.Type("public", "mood") {
		t.Error("what is listed is not allowed")
	}
	if _, ok := allowed.Function("public", "to_mood", 1); ok || allowed.Type("public", "customer") {
		t.Error("what is not listed is allowed")
	}
}

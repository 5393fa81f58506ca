package resource_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// whole has every kind, as the documentation shows them.
const whole = `
kind: Connection
name: tpch
engine: postgres
host: 127.0.0.1
port: 5432
database: tpch
user: postern
password: {env: TPCH_PASSWORD}
---
kind: User
name: ann
groups: [analysts]
attributes: {region: [EUROPE, ASIA], clearance: [low]}
password: {env: ANN_PASSWORD}
---
kind: Source
name: tpch.public.customer
tags: [Sales]
columns:
  c_phone:   {tags: [PII.Phone]}
  c_acctbal: {tags: [Financial.Balance]}
---
kind: SubscriptionPolicy
name: analysts-read-sales
on: {tags: [Sales]}                 # or tables: ["tpch.public.*"], or columnTags
access: read                        # read | write
effect: grant                       # grant | guardrail
allow: {when: "isInGroups('analysts')"}
---
kind: DataPolicy
name: contact-data
on: {columnTags: [PII]}
rules:
  - mask: {columnTags: [PII.Phone], regex: {pattern: "[0-9]", replace: "*"}}
    exceptFor: "hasAttribute('clearance', 'high') || isUsingPurpose('support')"
  - mask: {columns: [c_comment], null: true}
---
kind: DataPolicy
name: balances
on: {columnTags: [Financial]}
rules:
  - mask: {columnTags: [Financial.Balance], round: {to: 1000}}
---
kind: DataPolicy
name: own-region
on: {tables: [tpch.public.customer]}
rules:
  - rows: >
      c_nationkey IN (SELECT n_nationkey FROM public.nation)
    exceptFor: "isInGroups('global-analysts')"
`

func at(line int) policy.Pos { return policy.Pos{File: "x.yaml", Line: line} }

func TestParse(t *testing.T) {
	got, err := resource.Parse("x.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := &resource.Set{
		Connections: []resource.Connection{{
			Pos: at(2), Name: "tpch", Engine: "postgres", Host: "127.0.0.1", Port: 5432, Database: "tpch", User: "postern",
			Password: secret.Ref{Env: "TPCH_PASSWORD"},
		}},
		Users: []resource.User{{
			Pos: at(11), Name: "ann", Groups: []string{"analysts"}, Password: secret.Ref{Env: "ANN_PASSWORD"},
			Attributes: map[string][]string{"region": {"EUROPE", "ASIA"}, "clearance": {"low"}},
		}},
		Sources: []resource.Source{{
			Pos: at(17), Name: "tpch.public.customer", Tags: []string{"Sales"}, Columns: map[string]resource.SourceColumn{
				"c_phone": {Tags: []string{"PII.Phone"}}, "c_acctbal": {Tags: []string{"Financial.Balance"}},
			},
		}},
		Subscriptions: []policy.SubscriptionPolicy{{
			Pos: at(24), Name: "analysts-read-sales", On: policy.Selector{Tags: []string{"Sales"}}, Access: "read", Effect: "grant",
			Allow: policy.Allow{When: "isInGroups('analysts')"},
		}},
		DataPolicies: []policy.DataPolicy{
			{Pos: at(31), Name: "contact-data", On: policy.Selector{ColumnTags: []string{"PII"}}, Rules: []policy.Rule{
				{
					Pos: at(35), Mask: &policy.Mask{ColumnTags: []string{"PII.Phone"}, Regex: &policy.RegexMask{Pattern: "[0-9]", Replace: "*"}},
					ExceptFor: "hasAttribute('clearance', 'high') || isUsingPurpose('support')",
				},
				{Pos: at(37), Mask: &policy.Mask{Columns: []string{"c_comment"}, Null: true}},
			}},
			{Pos: at(39), Name: "balances", On: policy.Selector{ColumnTags: []string{"Financial"}}, Rules: []policy.Rule{
				{Pos: at(43), Mask: &policy.Mask{ColumnTags: []string{"Financial.Balance"}, Round: &policy.RoundMask{To: "1000"}}},
			}},
			{Pos: at(45), Name: "own-region", On: policy.Selector{Tables: []string{"tpch.public.customer"}}, Rules: []policy.Rule{
				{Pos: at(49), Rows: "c_nationkey IN (SELECT n_nationkey FROM public.nation)\n", ExceptFor: "isInGroups('global-analysts')"},
			}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const user = "kind: User\nname: ann\n"

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"webhook": {"kind: Webhook\nname: w\nurl: http://hooks.example.com\nsecret: {env: K}\nevents: [all, drift, drift]",
			[]string{"url: it is neither https nor http to localhost", `events: "all" is not one of`, `events: "drift" is given twice`}},
		"webhook with a password": {"kind: Webhook\nname: w\nurl: https://u:p@hooks.example.com\nsecret: {env: K}", []string{"url: it holds a user or password"}},
		"webhook to a file":       {"kind: Webhook\nname: w\nurl: file:///etc/passwd\nsecret: {env: K}", []string{"url: it is not an address"}},
		"webhook unsigned":        {"kind: Webhook\nname: w\nurl: https://hooks.example.com", []string{`the field "secret" is missing`}},
		"unknown kind":            {"kind: Table\nname: x", []string{`x.yaml:1: there is no kind "Table"; the kinds are Connection, User, Group, Tag`}},
		"no kind":                 {"name: x", []string{`no kind ""`}},
		"not a mapping":           {"- a", []string{"x.yaml:1: expected a resource, which begins with `kind:`, found a list"}},
		"no name":                 {"kind: User", []string{`x.yaml:1: User: the field "name" is missing`}},
		"unknown field":           {user + "goups: [a]", []string{`x.yaml:3: User ann: there is no field "goups"; the fields are name, groups`}},
		"unknown inner field":     {"kind: Source\nname: c.s.t\ncolumns:\n  x: {tag: [a]}", []string{`x.yaml:4: Source c.s.t: columns.x: there is no field "tag"`}},
		"field twice":             {user + "groups: [a]\ngroups: [b]", []string{`x.yaml:4: User ann: "groups" is given twice`}},
		"kind twice":              {"kind: User\nkind: User\nname: ann", []string{`x.yaml:2: User ann: there is no field "kind"`}},
		"name twice":              {user + "name: bob", []string{`x.yaml:3: User ann: "name" is given twice`}},
		"map key twice":           {user + "attributes: {a: [x], a: [y]}", []string{`attributes: "a" is given twice`}},
		"list for a value":        {user + "groups: a", []string{"x.yaml:3: User ann: groups: expected a list, found a single value"}},
		"value for a list":        {user + "exempt: [true]", []string{"exempt: expected a single value, found a list"}},
		"yes is not true":         {user + "exempt: yes", []string{`exempt: expected true or false, found "yes"`}},
		"text for true":           {user + `exempt: "true"`, []string{`exempt: expected true or false, found "true"`}},
		"null":                    {user + "groups:", []string{"groups: no value given"}},
		"null in a list":          {user + "groups: [a, ~]", []string{"groups[1]: no value given"}},
		"bad number":              {"kind: Connection\nname: c\nport: 54a32", []string{`port: expected a whole number, found "54a32"`}},
		"inline secret":           {user + "password: hunter2", []string{"x.yaml:3: User ann: password: secrets are given by reference"}},
		"both secrets":            {user + "password: {env: A}\nverifier: {env: B}", []string{"password, verifier and scram exclude each other"}},
		"anchor":                  {user + "groups: &a [x]", []string{"x.yaml:3: anchors and aliases are not allowed"}},
		"alias":                   {user + "groups: &a [x]\nattributes: {b: *a}", []string{"x.yaml:3: anchors", "x.yaml:4: anchors"}},
		"merge key":               {user + "<<: {exempt: true}", []string{"x.yaml:3: User ann: a field's name is plain text"}},
		"tag":                     {user + "groups: !!python/object [x]", []string{"explicit YAML tags are not allowed"}},
		"broken YAML":             {user + "groups: [x", []string{"x.yaml:", "not valid YAML"}},
		"tab":                     {"kind: User\n\tname: x", []string{"x.yaml:2: not valid YAML"}},
		"not UTF-8":               {"kind: User\nname: \xff", []string{"not UTF-8"}},
		"user name":               {"kind: User\nname: \"a b\"", []string{`the name "a b" is not one of`}},
		"user name length":        {"kind: User\nname: " + strings.Repeat("a", 64), []string{"1 to 63 bytes"}},
		"connection name":         {"kind: Connection\nname: a.b\nengine: postgres\nhost: h\ndatabase: d\nuser: u", []string{`the name "a.b"`}},
		"connection":              {"kind: Connection\nname: a\nengine: postgres\nhost: \"\"\nport: -1\ndatabase: \"\"\nuser: \"\"\ntls: {ca: x}", []string{`host ""`, "port -1", `database ""`, `user ""`, "verify-full"}},
		"missing fields":          {"kind: Connection\nname: a\nengine: oracle", []string{`x.yaml:3: Connection a: engine: "oracle" is not one of postgres, redshift`, `x.yaml:1: Connection a: the field "host" is missing`, `the field "database" is missing`}},
		"missing inner field":     {"kind: DataPolicy\nname: a\non: {}\nrules: [{mask: {regex: {}}}]", []string{`x.yaml:4: DataPolicy a: rules[0].mask.regex: the field "pattern" is missing`}},
		"closed set":              {"kind: SubscriptionPolicy\nname: a\non: {}\naccess: reed\neffect: grant\nallow: {}", []string{`x.yaml:4: SubscriptionPolicy a: access: "reed" is not one of read, write`}},
		"source name":             {"kind: Source\nname: a.b", []string{"is not connection.schema.table"}},
		"source tag":              {"kind: Connection\nname: a\nengine: postgres\nhost: h\ndatabase: d\nuser: u\n---\nkind: Source\nname: a.b.c\ntags: [\"PII..x\"]", []string{`the tag "PII..x"`}},
		"no such connection":      {"kind: Source\nname: a.b.c", []string{`there is no Connection "a"`}},
		"group":                   {user + "groups: [\"\"]", []string{`the group "" is not 1 to 255 bytes`}},
		"attribute value":         {user + "attributes: {a: [\"x\\u0007\"]}", []string{"a value of attribute a"}},
		"zero byte":               {user + "groups: [\"x\\0\"]", []string{"holds a zero byte"}},
		"duplicate":               {user + "---\n" + user, []string{"x.yaml:4: User ann: it is already defined at x.yaml:1"}},
		"case":                    {user + "---\nkind: User\nname: Ann", []string{"x.yaml:4: User Ann: the name differs from that of User ann in case only"}},
		"policy name":             {"kind: DataPolicy\nname: \"a\\nb\"\non: {}\nrules: []", []string{`DataPolicy "a\nb": the name "a\nb" is not one of`}},
		"no such member":          {"kind: Group\nname: g\nmembers: [nobody]", []string{`x.yaml:1: Group g: there is no User "nobody"`}},
		"undeclared tags": {"kind: Tag\nname: PII\n---\nkind: DataPolicy\nname: p\non: {columnTags: [PII.Phone, PIII]}\nrules:\n  - mask: {columnTags: [Pii], null: true}", []string{
			`x.yaml:4: DataPolicy p: the tag "PIII" is not declared`, `x.yaml:8: DataPolicy p: the tag "Pii" is not declared`,
		}},
		"predicates": {"kind: Source\nname: a.b.c\ncolumns: {x: {predicates: raw}}", []string{`columns.x.predicates: "raw" is not one of masked, refused, rawEquality`}},
		"purposes": {"kind: Purpose\nname: a\nwithin: b\n---\nkind: Purpose\nname: b\nwithin: a\n---\nkind: Purpose\nname: c\nwithin: d\n---\nkind: Project\nname: p\npurposes: [e]", []string{
			"x.yaml:1: Purpose a: it stands within itself", "x.yaml:5: Purpose b: it stands within itself",
			`x.yaml:9: Purpose c: there is no Purpose "d"`, `x.yaml:13: Project p: there is no Purpose "e"`,
		}},
		"unload": {"kind: Connection\nname: a\nengine: redshift\nhost: h\ndatabase: d\nuser: u\nunload: {role: \"arn:aws:iam::1:role/x,default\", key: \"it's\"}", []string{
			`unload.role: "arn:aws:iam::1:role/x" is neither default nor an ARN`, `unload.role: "default" is neither`, `unload.key: "it's" is neither auto nor`,
		}},
		"unload of postgres":    {"kind: Connection\nname: a\nengine: postgres\nhost: h\ndatabase: d\nuser: u\nunload: {role: default}", []string{"unload: only of engine redshift"}},
		"unload without a role": {"kind: Connection\nname: a\nengine: redshift\nhost: h\ndatabase: d\nuser: u\nunload: {key: auto}", []string{`the field "role" is missing`}},
		"instant":               {"kind: APIToken\nname: t\nrole: admin\ntoken: {env: T}\nexpires: tomorrow", []string{`expires: "tomorrow" is not an instant`}},
		"account twice":         {"kind: IdentityMapping\nname: m\nconnection: c\nusers: {a: x, b: x}", []string{"account x is both a and b", `there is no Connection "c"`}},
		"empty mapping":         {"kind: IdentityMapping\nname: m\nconnection: c", []string{"neither attribute nor users"}},
		"all at once": {user + "goups: [a]\nexempt: 1\n---\nkind: Nothing\n---\nkind: Source\nname: x\n", []string{
			"x.yaml:3:", "x.yaml:4:", "x.yaml:6:", "x.yaml:8:",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := resource.Parse("x.yaml", []byte(c.in))
			if err == nil || set != nil {
				t.Fatal("nothing was refused")
			}
			var mistakes resource.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("%T", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%s", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the secret is in the message")
			}
		})
	}
}

func TestSourceNames(t *testing.T) {
	for in, want := range map[string]resource.SourceName{
		"a.b.c":            {Connection: "a", Schema: "b", Table: "c"},
		`a."b.x".c`:        {Connection: "a", Schema: "b.x", Table: "c"},
		`a.b."say ""hi"""`: {Connection: "a", Schema: "b", Table: `say "hi"`},
		"a.B.C":            {Connection: "a", Schema: "B", Table: "C"},
	} {
		if got, err := resource.ParseSourceName(in); err != nil || got != want {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", ".", "a", "a.b", "a.b.", "a..c", "a.b.c.d", `a.b."c`, `a.b."c"d`, `a.b.c"d`, `a.b.""`, "a.b.\x00"} {
		if got, err := resource.ParseSourceName(in); err == nil {
			t.Errorf("%q: %v", in, got)
		}
	}
}

// TestHostileFiles: what is refused is refused quickly and without much memory.
func TestHostileFiles(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", 'b'+i, 'b'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i)
	}
	for name, c := range map[string]struct{ in, want string }{
		"bomb":    {bomb, "anchors and aliases"},
		"large":   {user + "# " + strings.Repeat("x", resource.MaxFileBytes), "larger than 8 MiB"},
		"entries": {user + "groups: [" + strings.Repeat("a,", 2_000_000) + "]", "too many entries"},
		"deep":    {user + "groups: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "nested deeper than 32"},
		"deeper":  {user + "groups: " + strings.Repeat("[", 500_000), "not valid YAML"},
		"value":   {user + "groups: [" + strings.Repeat("a", 100_000) + "]", "longer than 65536 bytes"},
		"many":    {strings.Repeat("kind: User\nname: ''\n---\n", 10_000), "and 9800 more mistakes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := resource.Parse("x.yaml", []byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %.300v", err)
			}
			if err != nil && len(err.Error()) > 1<<16 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestLoadFolders(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("b.yaml", "kind: User\nname: bob")
	write("a/x.yml", "kind: User\nname: ann")
	write(".hidden/y.yaml", "nonsense: [")
	write(".z.yaml", "nonsense: [")
	write("README.md", "nonsense: [")
	set, err := resource.Load([]string{dir, filepath.Join(dir, "b.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Users) != 2 || set.Users[0].Name != "ann" || set.Users[1].Name != "bob" {
		t.Errorf("got %v", set.Users)
	}
	empty := t.TempDir()
	for _, paths := range [][]string{{filepath.Join(dir, "absent")}, {empty}, {os.DevNull}} {
		if _, err := resource.Load(paths); err == nil {
			t.Errorf("%v gave no error", paths)
		}
	}
	write("c.yaml", "kind: User\nname: bob")
	if _, err := resource.Load([]string{dir}); err == nil || !strings.Contains(err.Error(), "c.yaml:1: User bob: it is already defined at "+dir+"/b.yaml:1") {
		t.Errorf("got %v", err)
	}
}

func TestConnectionDefaults(t *testing.T) {
	set, err := resource.Parse("x", []byte("kind: Connection\nname: c\nengine: redshift\nhost: h\ndatabase: d\nuser: u\n"+
		"connectTimeout: 3\ntls: {mode: verify-full, ca: /ca.pem, serverName: s}"))
	if err != nil {
		t.Fatal(err)
	}
	w := set.Connections[0].Warehouse()
	if w.Port != 5439 || w.ConnectTimeout.Seconds() != 3 || w.Credentials != nil ||
		w.TLS != (warehouse.TLS{Mode: warehouse.TLSVerifyFull, CAFile: "/ca.pem", ServerName: "s"}) {
		t.Errorf("got %+v", w)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("kind: User\nname: &a x\n---\n[*a]"))
	f.Add([]byte("kind: DataPolicy\nname: p\nrules: [{mask: {null: true}}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := resource.Parse("x", text)
		if (set == nil) == (err == nil) {
			t.Errorf("%v and %v", set, err)
		}
	})
}

package difftest

import (
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// policyCases are the case files of the policies: testdata/cases/README.md of the module says what their sections are.
const policyCases = "../../testdata/cases/*.txtar"

// policyCase is one of them, read for the ways in which people ask.
type policyCase struct {
	name, setup, refused string
	sources              []caseSource
	people               []casePerson
	subscriptions        []policy.SubscriptionPolicy
	data                 []policy.DataPolicy
	approvals            []caseApproval
	projects             []caseProject
	// rows are what each person is to see of each source: a line for each row.
	rows map[string]map[string][]string
}

type caseSource struct {
	Name      string   `yaml:"name"` // schema.table
	Tags      []string `yaml:"tags"`
	Key       []string `yaml:"key"`
	EventTime string   `yaml:"eventTime"`
	Columns   map[string]struct {
		Tags       []string `yaml:"tags"`
		Unreviewed bool     `yaml:"unreviewed"`
	} `yaml:"columns"`
}

// relation is the schema and the table.
func (s caseSource) relation() (schema, table string) {
	schema, table, _ = strings.Cut(s.Name, ".")
	return schema, table
}

type casePerson struct {
	Name       string              `yaml:"name"`
	Groups     []string            `yaml:"groups"`
	Attributes map[string][]string `yaml:"attributes"`
	Purposes   []string            `yaml:"purposes"`
	Project    string              `yaml:"project"`
}

func (p casePerson) principal() identity.Principal {
	return identity.NewPrincipal(identity.Spec{User: p.Name, Groups: p.Groups, Attributes: p.Attributes, Purposes: p.Purposes, Project: p.Project})
}

type caseApproval struct {
	Policy     string    `yaml:"policy"`
	User       string    `yaml:"user"`
	ApprovedBy []string  `yaml:"approvedBy"`
	Expires    time.Time `yaml:"expires"`
}

type caseProject struct {
	Name        string          `yaml:"name"`
	Sources     policy.Selector `yaml:"sources"`
	Equalize    bool            `yaml:"equalize"`
	MaskedJoins bool            `yaml:"maskedJoins"`
}

// instant is how the cases write one.
var instant = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z`)

// readPolicyCase reads one case. Where it is asked at a time of its own, all of its times are moved so that this is now: the warehouse's clock is the one that counts.
func readPolicyCase(t testing.TB, path string) *policyCase {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &policyCase{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), rows: map[string]map[string][]string{}}
	given := map[string]string{}
	for _, f := range archive.Files {
		given[f.Name] = string(f.Data)
	}
	if text := strings.TrimSpace(given["now"]); text != "" {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		moved := time.Since(now).Truncate(time.Second) - time.Second
		given["policies.yaml"] = instant.ReplaceAllStringFunc(given["policies.yaml"], func(s string) string {
			at, err := time.Parse(time.RFC3339, s)
			if err != nil {
				t.Fatal(err)
			}
			return at.Add(moved).UTC().Format(time.RFC3339)
		})
	}
	c.setup, c.refused = given["setup.sql"], given["refused"]
	c.sources, c.people = all[caseSource](t, given["sources.yaml"]), all[casePerson](t, given["people.yaml"])
	for name, text := range given {
		if person, ok := strings.CutSuffix(name, ".rows"); ok {
			c.rows[person] = c.sections(text)
		}
	}
	c.policies(t, given["policies.yaml"])
	return c
}

// sections of what a person sees: the name of a source, and indented rows. A value may have ends of lines in it.
func (c *policyCase) sections(text string) map[string][]string {
	out, source := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if slices.ContainsFunc(c.sources, func(s caseSource) bool { return s.Name == line }) {
			source, out[line] = line, []string{}
			continue
		}
		out[source] = append(out[source], strings.TrimPrefix(line, "  "))
	}
	return out
}

func (c *policyCase) policies(t testing.TB, text string) {
	t.Helper()
	for _, doc := range strings.Split(text, "\n---\n") {
		var head struct {
			Kind string `yaml:"kind"`
		}
		decode(t, doc, &head)
		switch head.Kind {
		case "SubscriptionPolicy":
			c.subscriptions = append(c.subscriptions, all[policy.SubscriptionPolicy](t, doc)...)
		case "DataPolicy":
			c.data = append(c.data, all[policy.DataPolicy](t, doc)...)
		case "Approval":
			c.approvals = append(c.approvals, all[caseApproval](t, doc)...)
		case "Project":
			c.projects = append(c.projects, all[caseProject](t, doc)...)
		default:
			t.Fatalf("kind %q", head.Kind)
		}
	}
}

// all reads every document of a text. Unknown fields are for the cases' own test to refuse.
func all[T any](t testing.TB, text string) (out []T) {
	t.Helper()
	for _, doc := range strings.Split(text, "\n---\n") {
		if strings.TrimSpace(doc) != "" {
			var one T
			decode(t, doc, &one)
			out = append(out, one)
		}
	}
	return out
}

// decode reads YAML as resource files are read: the key null is a name.
func decode(t testing.TB, text string, into any) {
	t.Helper()
	text = strings.NewReplacer(" null: ", ` "null": `, "{null: ", `{"null": `).Replace(text)
	if err := yaml.NewDecoder(strings.NewReader(text)).Decode(into); err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("%v in\n%s", err, text)
	}
}

// compile publishes the case over what was crawled, as the control plane would.
func (c *policyCase) compile(t testing.TB, tables []*catalog.Table) (*policy.Program, error) {
	t.Helper()
	for _, s := range c.sources {
		for _, table := range tables {
			if table.QualifiedName() != s.Name {
				continue
			}
			table.Registered, table.Tags, table.Key, table.EventTime = true, s.Tags, s.Key, s.EventTime
			for i := range table.Columns {
				col := &table.Columns[i]
				col.Tags, col.Reviewed = s.Columns[col.Name].Tags, !s.Columns[col.Name].Unreviewed
			}
		}
	}
	snapshot, err := catalog.New(1, "tpch", tables)
	if err != nil {
		t.Fatal(err)
	}
	in := policy.Input{Version: 1, Snapshot: snapshot, Subscriptions: c.subscriptions, Data: c.data}
	for _, a := range c.approvals {
		given := policy.Approved{Policy: a.Policy, User: a.User, Expires: a.Expires}
		for _, name := range a.ApprovedBy {
			by := policy.Approver{Name: name}
			for _, p := range c.people {
				if p.Name == name {
					by.Groups = p.Groups
				}
			}
			given.By = append(given.By, by)
		}
		in.Approvals = append(in.Approvals, given)
	}
	for _, g := range c.projects {
		p := policy.Project{Name: g.Name, Sources: g.Sources, Equalize: g.Equalize}
		if g.MaskedJoins {
			p.Domain = "project"
		}
		for _, who := range c.people {
			if who.Project == g.Name {
				p.Members = append(p.Members, who.principal())
			}
		}
		in.Projects = append(in.Projects, p)
	}
	program, _, err := policy.Compile(in)
	return program, err
}

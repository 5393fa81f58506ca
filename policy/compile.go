package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/posternsql/postern/catalog"
)

// compiler gathers mistakes while it turns policies into table programs. Nothing of it is published if there is one mistake.
type compiler struct {
	in         Input
	conditions *conditions
	tables     []*tableProgram // registered sources, in the snapshot's order
	byName     map[string]*tableProgram
	byTag      map[string][]*tableProgram // source tags and the tags that cover them
	byColTag   map[string][]*tableProgram // the same for columns' tags
	approvals  map[string][]Approved      // by policy
	problems   Errors
	warnings   []Warning
	seen       map[string]bool // problems and warnings are told once
	// masks made of one rule text for columns of one name and type, which are the same in all sources.
	masks map[maskKey]builtMask
}

// Compile checks all policies against the snapshot and returns the program, or every mistake at once as Errors. It does
// not change its input.
func Compile(in Input) (*Program, []Warning, error) {
	if in.Snapshot == nil {
		return nil, nil, Errors{{Rule: -1, Message: "there is no catalog to compile against"}}
	}
	conditions, err := newConditions()
	if err != nil {
		return nil, nil, err
	}
	c := &compiler{
		in: in, conditions: conditions, seen: map[string]bool{}, approvals: map[string][]Approved{}, masks: map[maskKey]builtMask{},
		byName: map[string]*tableProgram{}, byTag: map[string][]*tableProgram{}, byColTag: map[string][]*tableProgram{},
	}
	c.indexSources()
	for _, given := range in.Approvals {
		c.approvals[given.Policy] = append(c.approvals[given.Policy], given)
	}
	c.names()
	for _, s := range in.Subscriptions {
		c.subscription(s)
	}
	for _, d := range in.Data {
		c.data(d)
	}
	projects := c.projects()
	if len(c.problems) > 0 {
		return nil, c.warnings, c.problems
	}
	return c.program(projects)
}

func (c *compiler) program(projects map[string]*projectProgram) (*Program, []Warning, error) {
	cache, err := lru.New[decisionKey, remembered](decisionCacheSize)
	if err != nil {
		return nil, nil, fmt.Errorf("making the cache of decisions: %w", err)
	}
	p := &Program{version: c.in.Version, snapshot: c.in.Snapshot, tables: make(map[*catalog.Table]*tableProgram, len(c.tables)), projects: projects, unload: c.in.Unload, cache: cache, made: &compilation{}}
	c.conditions.memory.conditions = len(c.conditions.known)
	p.conditions = slices.SortedFunc(maps.Values(c.conditions.known), func(a, b *condition) int { return cmp.Compare(a.text, b.text) })
	for _, t := range c.tables {
		t.sort()
		t.through = t.reachable()
		p.tables[t.table] = t
		p.tolerances = append(p.tolerances, t.tolerance())
		p.groups.add(t.groupsOf())
	}
	for _, condition := range p.conditions {
		p.groups.add(condition.groups)
	}
	p.groups.tidy()
	for _, s := range c.in.Sandboxes {
		if p.sandboxes == nil {
			p.sandboxes, p.owners = map[string]Sandbox{}, map[string]bool{}
		}
		p.sandboxes[s.Schema], p.owners[s.Owner] = s, true
	}
	slices.Sort(p.tolerances)
	p.tolerances = slices.Compact(p.tolerances)
	return p, c.warnings, nil
}

// indexSources makes an empty table program for each registered source and finds it by name and tags.
func (c *compiler) indexSources() {
	for _, t := range c.in.Snapshot.Tables() {
		if !t.Registered {
			continue
		}
		tp := &tableProgram{table: t, place: len(c.tables)}
		c.tables = append(c.tables, tp)
		c.byName[t.QualifiedName()] = tp
		index(c.byTag, t.Tags, tp)
		for _, col := range t.Columns {
			if col.Reviewed {
				tp.columns = append(tp.columns, columnProgram{column: col})
			}
			index(c.byColTag, col.Tags, tp)
		}
	}
}

// index enters a table under its tags and all that cover them.
func index(into map[string][]*tableProgram, tags []string, tp *tableProgram) {
	for _, tag := range tags {
		for {
			if list := into[tag]; len(list) == 0 || list[len(list)-1] != tp {
				into[tag] = append(list, tp)
			}
			dot := strings.LastIndexByte(tag, '.')
			if dot < 0 {
				break
			}
			tag = tag[:dot]
		}
	}
}

// maxName bounds a policy's name.
const maxName = 200

// names refuses policies without a name and two of one name: the name decides conflicts and stands in every explanation.
func (c *compiler) names() {
	first := map[string]Pos{}
	check := func(name string, pos Pos) {
		switch other, dup := first[name]; {
		case name == "":
			c.problem(Problem{Pos: pos, Rule: -1, Message: "a policy has no name"})
		case len(name) > maxName:
			c.problem(Problem{Pos: pos, Rule: -1, Message: fmt.Sprintf("a policy's name is longer than %d bytes", maxName)})
		case dup:
			c.problem(Problem{Pos: pos, Policy: name, Rule: -1, Message: "there is another policy of this name at " + other.String()})
		default:
			first[name] = pos
		}
	}
	for _, s := range c.in.Subscriptions {
		check(s.Name, s.Pos)
	}
	for _, d := range c.in.Data {
		check(d.Name, d.Pos)
	}
}

func (c *compiler) problem(p Problem) {
	if key := "!" + p.String(); !c.seen[key] {
		c.seen[key] = true
		c.problems = append(c.problems, p)
	}
}

func (c *compiler) warn(p Problem) {
	if key := "?" + p.String(); !c.seen[key] {
		c.seen[key] = true
		c.warnings = append(c.warnings, Warning(p))
	}
}

// sources returns the registered sources that a selector selects. report names the policy.
func (c *compiler) sources(on Selector, report Problem) []*tableProgram {
	lists := 0
	for _, l := range [][]string{on.Tables, on.Tags, on.ColumnTags} {
		if len(l) > 0 {
			lists++
		}
	}
	if lists != 1 {
		report.Message = "`on` says exactly one of tables, tags and columnTags"
		c.problem(report)
		return nil
	}
	chosen := map[*tableProgram]bool{}
	for _, pattern := range on.Tables {
		c.byPattern(pattern, chosen, report)
	}
	for _, tag := range on.Tags {
		c.tagged(c.byTag, tag, "source", chosen, report)
	}
	for _, tag := range on.ColumnTags {
		c.tagged(c.byColTag, tag, "column", chosen, report)
	}
	out := slices.SortedFunc(maps.Keys(chosen), func(a, b *tableProgram) int { return cmp.Compare(a.place, b.place) })
	if len(out) == 0 {
		report.Message = "the policy selects no registered source of connection " + c.in.Snapshot.Connection()
		c.warn(report)
	}
	return out
}

// byPattern chooses by `connection.schema.table`. A name of this connection without * must be that of a registered source.
func (c *compiler) byPattern(pattern string, chosen map[*tableProgram]bool, report Problem) {
	connection, rest, ok := strings.Cut(pattern, ".")
	schema, table, full := strings.Cut(rest, ".")
	if !ok || !full || connection == "" || schema == "" || table == "" || strings.Contains(table, ".") {
		report.Message = fmt.Sprintf("the pattern %q is not of the form connection.schema.table", pattern)
		c.problem(report)
		return
	}
	if !matchPart(connection, c.in.Snapshot.Connection()) {
		return
	}
	if !strings.Contains(rest, "*") {
		t, ok := c.byName[rest]
		if !ok {
			report.Message = fmt.Sprintf("%s is not a registered source", pattern)
			c.problem(report)
			return
		}
		chosen[t] = true
		return
	}
	for _, t := range c.tables {
		if matchPattern(rest, t.table.QualifiedName()) {
			chosen[t] = true
		}
	}
}

// tagged chooses by tag. A tag that nothing carries is a mistake: a policy that is silently for nothing protects nothing.
func (c *compiler) tagged(by map[string][]*tableProgram, tag, what string, chosen map[*tableProgram]bool, report Problem) {
	found := by[tag]
	if len(found) == 0 && !c.knownTag(tag) {
		report.Message = fmt.Sprintf("no %s carries the tag %q or one below it", what, tag)
		c.problem(report)
	}
	for _, t := range found {
		chosen[t] = true
	}
}

// knownTag reports a tag that is in use elsewhere.
func (c *compiler) knownTag(tag string) bool {
	return slices.ContainsFunc(c.in.KnownTags, func(have string) bool { return covers(tag, have) })
}

// condition compiles a condition on people; "" is none.
func (c *compiler) condition(text, field string, report Problem) *condition {
	if text == "" {
		return nil
	}
	cond, err := c.conditions.compile(text)
	if err != nil {
		report.Message = field + ": " + err.Error()
		c.problem(report)
		// Not nil: nothing is published, and meanwhile nobody is excepted.
		return &condition{text: text}
	}
	return cond
}

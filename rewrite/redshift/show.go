package redshift

import (
	"strconv"
	"strings"

	"github.com/posternsql/postern/lex"
)

// ShowKind is what a SHOW lists.
type ShowKind string

// The lists that are answered.
const (
	ShowDatabases ShowKind = "DATABASES"
	ShowSchemas   ShowKind = "SCHEMAS"
	ShowTables    ShowKind = "TABLES"
	ShowColumns   ShowKind = "COLUMNS"
)

// MaxShown is the most rows of a SHOW (Database Developer Guide, "SHOW TABLES").
const MaxShown = 10_000

// Show is a SHOW that lists what there is. Names are folded; nothing of it is judged.
type Show struct {
	Kind ShowKind
	// Of are the parts of the name behind FROM, the database first where it is given.
	Of []string
	// Like is a pattern in which % and _ stand for characters; nil for none.
	Like *string
	// Limit is the most rows that are wanted; -1 for all.
	Limit int
}

// shows are the lists that are answered: the word behind FROM, and how many parts the name behind it has.
func shows(kind string) (from string, least, most int, ok bool) {
	switch ShowKind(strings.ToUpper(kind)) {
	case ShowDatabases:
		return "", 0, 0, true
	case ShowSchemas:
		return "database", 1, 1, true
	case ShowTables:
		return "schema", 1, 2, true
	case ShowColumns:
		return "table", 1, 3, true
	}
	return "", 0, 0, false
}

// show reads a SHOW that lists something; nil is one of a setting. Those that tell definitions, grants or shares are refused by name.
func (p *pass) show() (*Show, error) {
	if !p.is(0, "show") || p.kind(1) != lex.Name {
		return nil, nil
	}
	kind := p.tokens[1].Value
	if len(p.tokens) > 2 || kind == "datashares" || kind == "policies" || kind == "parameters" {
		switch kind {
		case "table", "view", "external", "procedure", "procedures", "function", "functions", "grants", "column", "constraints", "datashares", "model", "models", "parameters", "policies",
			"template", "templates", "identity":
			words := strings.ToUpper(kind)
			if kind == "external" || kind == "column" {
				words += " " + strings.ToUpper(p.tokens[2].Value)
			}
			return nil, p.refuse(0, "SHOW %s", words)
		}
	}
	from, least, most, ok := shows(kind)
	if !ok {
		return nil, nil
	}
	s := &Show{Kind: ShowKind(strings.ToUpper(kind)), Limit: -1}
	i := 2
	if p.is(i, "from") {
		if from == "" || !p.is(i+1, from) {
			return nil, p.refuse(i, "this FROM of SHOW %s", s.Kind)
		}
		var err error
		if i, err = p.showOf(s, i+2); err != nil {
			return nil, err
		}
	}
	if n := len(s.Of); n > most || n < least && s.Kind != ShowSchemas {
		return nil, p.refuse(0, "SHOW %s without FROM %s and a name of at most %d parts", s.Kind, strings.ToUpper(from), most)
	}
	return s, p.showRest(s, i)
}

// showOf reads a name of several parts.
func (p *pass) showOf(s *Show, i int) (int, error) {
	for {
		if k := p.kind(i); k != lex.Name && k != lex.Quoted {
			return 0, p.refuse(min(i, len(p.tokens)-1), "SHOW %s from anything but a name", s.Kind)
		}
		if err := p.name(i); err != nil {
			return 0, err
		}
		s.Of = append(s.Of, p.tokens[i].Value)
		if i++; !p.is(i, ".") {
			return i, nil
		}
		i++
	}
}

// showRest reads [LIKE 'pattern'] [LIMIT n].
func (p *pass) showRest(s *Show, i int) error {
	if p.is(i, "like") {
		if p.kind(i+1) != lex.String {
			return p.refuse(i, "LIKE of SHOW %s without a string", s.Kind)
		}
		t := p.tokens[i+1]
		if t.Doubt != "" || strings.Contains(t.Value, `\`) {
			return p.refuse(i+1, "a backslash in the pattern of SHOW %s", s.Kind)
		}
		s.Like = &t.Value
		i += 2
	}
	if p.is(i, "limit") {
		if p.kind(i+1) != lex.Number {
			return p.refuse(i, "LIMIT of SHOW %s without a number", s.Kind)
		}
		n, err := strconv.Atoi(p.tokens[i+1].Value)
		if err != nil || n > MaxShown {
			return p.refuse(i+1, "LIMIT of SHOW %s above %d", s.Kind, MaxShown)
		}
		s.Limit = n
		i += 2
	}
	if i < len(p.tokens) {
		return p.refuse(i, "%q in SHOW %s", p.tokens[i].Value, s.Kind)
	}
	return nil
}

package resource

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/posternsql/postern/policy"
)

// Source registers a table, view or other relation. Without it the relation is denied to all.
type Source struct {
	Pos policy.Pos `yaml:"-"`
	// Name is connection.schema.table; a schema or table with a dot or quote in its name stands in double quotes, as in SQL.
	Name string `yaml:"name"`
	// Description is for people.
	Description string `yaml:"description"`
	// Tags of the source.
	Tags []string `yaml:"tags"`
	// Owner is a user or a group that answers for the source.
	Owner string `yaml:"owner"`
	// Key lists the columns that identify a row, where the warehouse declares no primary key.
	Key []string `yaml:"key"`
	// EventTime is the column that says when what a row tells of happened.
	EventTime string `yaml:"eventTime"`
	// LatencyTolerance bounds, in seconds, the age of attributes from outside identity sources in decisions on this source.
	LatencyTolerance int `yaml:"latencyTolerance"`
	// Enabled false takes the source out of service without forgetting it: it is denied to all.
	Enabled *bool `yaml:"enabled"`
	// Replaced says what becomes of the source when another table has its name; what the Connection says when it is left out.
	Replaced string `yaml:"replaced"`
	// Declassified lists tags of columns that a materialized view reads and that its own columns need not carry.
	Declassified []string `yaml:"declassified"`
	// Columns that have something to say of them; the others need not be listed.
	Columns map[string]SourceColumn `yaml:"columns"`
}

// SourceColumn says something of one column.
type SourceColumn struct {
	// Description is for people.
	Description string   `yaml:"description"`
	Tags        []string `yaml:"tags"`
	// Predicates says what a person's predicates on the masked column see.
	Predicates string `yaml:"predicates"`
	// WriteMasked lets who may write the table write the column although it is masked for them.
	WriteMasked bool `yaml:"writeMasked"`
}

// The values of SourceColumn.Predicates.
const (
	// PredicatesMasked is the default: a predicate sees what the person sees.
	PredicatesMasked = "masked"
	// PredicatesRefused refuses statements with a predicate on the masked column.
	PredicatesRefused = "refused"
	// PredicatesRawEquality compares by = with the value itself, and audits it.
	PredicatesRawEquality = "rawEquality"
)

// IsEnabled is true unless the resource says otherwise.
func (s Source) IsEnabled() bool { return s.Enabled == nil || *s.Enabled }

// Named lists the columns that the resource names anywhere, sorted.
func (s Source) Named() []string {
	names := slices.Collect(maps.Keys(s.Columns))
	names = append(names, s.Key...)
	if s.EventTime != "" {
		names = append(names, s.EventTime)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// SourceName is a source's name in its parts.
type SourceName struct{ Connection, Schema, Table string }

// String is connection.schema.table without quotes, for messages.
func (n SourceName) String() string { return n.Connection + "." + n.Schema + "." + n.Table }

// Parts splits the name.
func (s Source) Parts() (SourceName, error) { return ParseSourceName(s.Name) }

// ParseSourceName splits connection.schema.table. Names are exact: nothing is folded to lower case.
func ParseSourceName(text string) (SourceName, error) {
	var parts []string
	for rest, more := text, true; more; {
		var part string
		var err error
		if part, rest, more, err = nextPart(rest); err != nil {
			return SourceName{}, fmt.Errorf("the name %q: %w", clip(text), err)
		}
		parts = append(parts, part)
		if len(parts) > 3 {
			break
		}
	}
	if len(parts) != 3 {
		return SourceName{}, fmt.Errorf("the name %q is not connection.schema.table", clip(text))
	}
	return SourceName{parts[0], parts[1], parts[2]}, nil
}

// nextPart takes one name off the front; more reports that a dot followed it.
func nextPart(text string) (part, rest string, more bool, err error) {
	if !strings.HasPrefix(text, `"`) {
		part, rest, more = strings.Cut(text, ".")
		if strings.Contains(part, `"`) {
			return "", "", false, errors.New("a quote stands inside a name; double it and quote the whole name")
		}
	} else {
		end := 1
		for ; end < len(text); end++ {
			if text[end] != '"' {
				continue
			}
			if end+1 == len(text) || text[end+1] != '"' {
				break
			}
			end++
		}
		if end >= len(text) {
			return "", "", false, errors.New("a quoted name does not end")
		}
		part, rest = strings.ReplaceAll(text[1:end], `""`, `"`), text[end+1:]
		if rest, more = strings.CutPrefix(rest, "."); !more && rest != "" {
			return "", "", false, errors.New("a quoted name is followed by something other than a dot")
		}
	}
	if part == "" || len(part) > 63 || hasControl(part) {
		return "", "", false, errors.New("each part is 1 to 63 bytes without control characters")
	}
	return part, rest, more, nil
}

func (s Source) validate(add func(error)) {
	_, err := s.Parts()
	add(err)
	for _, tag := range slices.Concat(s.Tags, s.Declassified) {
		add(checkTag(tag))
	}
	if s.Owner != "" {
		add(checkWord("owner", s.Owner))
	}
	if s.LatencyTolerance < 0 {
		add(errors.New("latencyTolerance is negative"))
	}
	add(checkReplaced("replaced", s.Replaced))
	for _, column := range slices.Sorted(maps.Keys(s.Columns)) {
		for _, tag := range s.Columns[column].Tags {
			if err := checkTag(tag); err != nil {
				add(fmt.Errorf("column %s: %w", clip(column), err))
			}
		}
	}
}

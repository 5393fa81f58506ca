package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite/redshift"
)

// Relation is a name in FROM position, as the text says it.
type Relation struct {
	Schema, Name string
	// Database is there where the name has three parts.
	Database string
}

// Relations lists the names in FROM position of a text, each once, in the order of the text. Names of common table expressions are among
// them where a table of that name could be meant. It judges nothing: it is for telling an administrator what a refused text is about.
// The error is a *pgerror.Error.
func Relations(sql string) ([]Relation, error) {
	config := Config{}.withDefaults()
	stmts, err := parse(sql, &config)
	if err != nil {
		return nil, err
	}
	var out []Relation
	for _, raw := range stmts {
		relations(raw.ProtoReflect(), &out)
	}
	return out, nil
}

// RedshiftRelations is Relations for a text by Redshift's rules. That of an UNLOAD has the names of its query.
func RedshiftRelations(sql string) ([]Relation, error) {
	config := Config{}.withDefaults()
	return redshiftRelations(sql, &config, true)
}

func redshiftRelations(sql string, config *Config, unload bool) (out []Relation, _ error) {
	if err := checkText(sql, config); err != nil {
		return nil, err
	}
	statements, err := redshift.Translate(sql)
	if err != nil {
		return nil, err
	}
	for _, s := range statements {
		if s.Unload != nil {
			if !unload {
				return nil, pgerror.Syntax("UNLOAD in an UNLOAD", 0)
			}
			inner, err := redshiftRelations(s.Unload.Query, config, false)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
			continue
		}
		if s.Show != nil {
			continue
		}
		stmts, err := parse(s.SQL, config)
		if err != nil {
			return nil, err
		}
		for _, raw := range stmts {
			relations(raw.ProtoReflect(), &out)
		}
	}
	return out, nil
}

func relations(m protoreflect.Message, out *[]Relation) {
	if v, ok := m.Interface().(*pg.RangeVar); ok {
		if r := (Relation{v.Schemaname, v.Relname, v.Catalogname}); !slices.Contains(*out, r) {
			*out = append(*out, r)
		}
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Kind() != protoreflect.MessageKind || !m.Has(f) {
			continue
		}
		if f.IsList() {
			list := m.Get(f).List()
			for j := range list.Len() {
				relations(list.Get(j).Message(), out)
			}
			continue
		}
		relations(m.Get(f).Message(), out)
	}
}

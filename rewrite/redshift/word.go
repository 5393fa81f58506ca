package redshift

import (
	"strings"

	"github.com/posternsql/postern/lex"
)

// word judges one unquoted word that does not stand behind a dot: what it means on Redshift and not to PostgreSQL's parser. Words that both
// read alike are left alone.
func (p *pass) word(i int) error {
	if p.out[i] == "" {
		return nil // a clause has used it
	}
	switch w := p.tokens[i].Value; w {
	case "top":
		return p.top(i)
	case "minus":
		return p.minus(i)
	case "qualify":
		return p.qualify(i)
	case "exclude":
		return p.exclude(i)
	case "all":
		return p.groupByAll(i)
	case "convert":
		return p.convert(i)
	case "approximate":
		return p.approximate(i)
	case "listagg":
		return p.listagg(i)
	case "ignore", "respect":
		return p.nulls(i)
	case "sysdate":
		return p.sysdate(i)
	case "interval":
		return p.interval(i)
	case "varchar", "nvarchar", "varying":
		p.longest(i)
	case "operator":
		p.qualifiedOperator(i)
	case "json_serialize":
		// A word of the grammar of PostgreSQL 17, and a plain function on Redshift.
		if p.is(i+1, "(") {
			p.out[i] = `"json_serialize"`
		}
	default:
		if bareParts(w) && p.is(i+1, "(") && !(p.stored && p.kind(i+2) == lex.String && p.is(i+3, "::")) {
			return p.datePartCall(i)
		}
		if err := p.unsupported(i, w); err != nil {
			return err
		}
		return p.reserved(i)
	}
	return nil
}

// unsupported names constructs that have no proven translation.
func (p *pass) unsupported(i int, w string) error {
	switch {
	case w == "pivot" || w == "unpivot":
		return p.refuse(i, "%s", strings.ToUpper(w))
	case w == "connect" && p.is(i+1, "by"), w == "start" && p.is(i+1, "with"), w == "prior":
		return p.refuse(i, "a hierarchical query (CONNECT BY)")
	case w == "array" && (p.is(i+1, "(") || p.is(i+1, "[")):
		return p.refuse(i, "ARRAY")
	case w == "object" && p.is(i+1, "("):
		return p.refuse(i, "OBJECT")
	case w == "try_cast" && p.is(i+1, "("):
		return p.refuse(i, "TRY_CAST")
	case w == "collate":
		return p.refuse(i, "COLLATE")
	case (w == "like" || w == "ilike") && p.is(i+1, "any", "all", "some"):
		return p.refuse(i, "%s %s", strings.ToUpper(w), strings.ToUpper(p.tokens[i+1].Value))
	case w == "at" && p.is(i-2, "as") && p.kind(i+1) == lex.Name:
		return p.refuse(i, "PartiQL navigation (AT)")
	case w == "unnest":
		return p.refuse(i, "UNNEST")
	case w == "limit" && p.kind(i+1) == lex.Number && p.is(i+2, ","):
		return p.refuse(i, "LIMIT with a comma")
	case (w == "semi" || w == "anti") && p.is(i+1, "join"):
		return p.refuse(i, "%s JOIN", strings.ToUpper(w))
	case w == "system_time" && p.is(i-1, "for"):
		return p.refuse(i, "FOR SYSTEM_TIME")
	}
	return nil
}

// reserved refuses a word that Redshift reserves where its grammar does not have it: it would be a name here and a keyword there.
func (p *pass) reserved(i int) error {
	w := p.tokens[i].Value
	if !lex.Reserved(w) {
		return nil
	}
	switch {
	case w == "oid", // listed, and yet the name of a column of every catalogue in the guide's own queries
		w == "partition" && p.is(i+1, "by"),
		w == "nulls" && p.is(i+1, "first", "last"),
		w == "without" && p.is(i+1, "time") && p.is(i+2, "zone"),
		w == "start" && i == 0 && p.is(i+1, "transaction"):
		return nil
	}
	return p.refuse(i, "the word %q, which Redshift reserves, without quotes", w)
}

// firstSchema turns (pg_catalog.current_schemas(true))[1], by which drivers of Redshift's find the schema of temporary tables, into its answer: there
// are none through Postern, so pg_catalog is searched first. It returns how many tokens that was, 0 for anything else.
func (p *pass) firstSchema(i int) int {
	if !p.is(i, "(") || !p.is(i+1, "pg_catalog") {
		return 0
	}
	form := []string{"(", "pg_catalog", ".", "current_schemas", "(", "true", ")", ")", "[", "1", "]"}
	for j, want := range form {
		if i+j >= len(p.tokens) || p.tokens[i+j].Value != want || p.tokens[i+j].Kind == lex.Quoted || p.tokens[i+j].Kind == lex.String {
			return 0
		}
	}
	p.out[i] = "'pg_catalog'"
	return len(form)
}

// rights turns pg_catalog.array_to_string(x.…acl, E'\n'), by which psql asks for privileges, into its answer: nobody is told of any. It returns how many
// tokens that was, 0 for anything else.
func (p *pass) rights(i int) int {
	const length = 11
	if i+length > len(p.tokens) || !p.is(i, "pg_catalog") || !p.is(i+1, ".") || !p.is(i+2, "array_to_string") || !p.is(i+3, "(") || p.kind(i+4) != lex.Name ||
		!p.is(i+5, ".") || p.kind(i+6) != lex.Name || !strings.HasSuffix(p.tokens[i+6].Value, "acl") || !p.is(i+7, ",") || !p.is(i+8, "e") || p.kind(i+9) != lex.String || !p.is(i+10, ")") {
		return 0
	}
	p.out[i] = "CAST ( NULL AS varchar ( 65535 ) )"
	return length
}

// qualifiedOperator turns OPERATOR(pg_catalog.~) into ~, which binds alike: all operators are built in.
func (p *pass) qualifiedOperator(i int) {
	if !p.is(i+1, "(") || !p.is(i+2, "pg_catalog") || !p.is(i+3, ".") || !p.is(i+4, "~", "~*", "!~", "!~*") || !p.is(i+5, ")") {
		return
	}
	p.out[i] = p.out[i+4]
	for j := i + 1; j <= i+5; j++ {
		p.out[j] = ""
	}
}

// longest turns varchar(max) into its length (Database Developer Guide, "Character types").
func (p *pass) longest(i int) {
	if p.is(i+1, "(") && p.is(i+2, "max") && p.is(i+3, ")") {
		p.out[i+2] = "65535"
	}
	if p.is(i, "nvarchar") {
		p.out[i] = "varchar"
	}
}

// sysdate is a function without brackets.
func (p *pass) sysdate(i int) error {
	if p.is(i-1, "as") || p.is(i+1, ".") || p.is(i+1, "(") {
		return p.reserved(i)
	}
	p.out[i] = Own + "sysdate ( )"
	return nil
}

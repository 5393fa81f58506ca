package rsfake

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed s3.sql
var s3SQL string

// unloading is what an UNLOAD says.
type unloading struct {
	form, delimiter, null, ending             string
	header, quotes, include, overwrite, clean bool
	partition                                 []string
}

var s3Place = regexp.MustCompile(`^s3://[a-z0-9.-]+/[A-Za-z0-9_.=+/-]*$`)

// unload runs the query of an UNLOAD as the person and has its rows written below the folder that stands for S3.
func unload(s []token) ([]token, *Refusal) {
	if len(s) < 6 || !s[1].is("(") || s[2].kind != literal && s[2].kind != dollar || !s[3].is(")") || !s[4].is("to") || s[5].kind != literal {
		return nil, near(s[min(len(s)-1, 1)])
	}
	inner, refused := innerQuery(stringText(s[2]))
	if refused != nil {
		return nil, refused
	}
	place := s[5].value()
	if !s3Place.MatchString(place) {
		return nil, &Refusal{Code: "XX000", Message: "S3ServiceException: the stand-in does not write to " + place}
	}
	u := unloading{form: "text"}
	if refused := u.options(s[6:]); refused != nil {
		return nil, refused
	}
	partition := make([]string, len(u.partition))
	for i, p := range u.partition {
		partition[i] = quote(p)
	}
	call := fmt.Sprintf("PERFORM pg_rs_shim.unload(%s, %s, %s, %s, ARRAY[%s]::text[], %t, %t, %t)", quote(strings.TrimPrefix(place, "s3://")), quote(u.form), quote(u.copyOptions()),
		quote(u.ending), strings.Join(partition, ", "), u.include, u.overwrite, u.clean)
	return block("UNLOAD", run("CREATE TEMP TABLE rsfake_unload AS "+inner), call, "DROP TABLE pg_temp.rsfake_unload"), nil
}

// stringText is what a string means, between quotes or dollars.
func stringText(t token) string {
	if t.kind != dollar {
		return t.value()
	}
	tag := t.text[:strings.IndexByte(t.text[1:], '$')+2]
	return strings.TrimSuffix(strings.TrimPrefix(t.text, tag), tag)
}

// innerQuery translates the query of an UNLOAD, which must be one without LIMIT (Database Developer Guide, "UNLOAD", limitations).
func innerQuery(sql string) (string, *Refusal) {
	tokens, refused := lex(sql)
	if refused != nil {
		return "", refused
	}
	statements := split(tokens)
	if len(statements) != 1 || !statements[0][0].is("select") && !statements[0][0].is("with") {
		return "", syntax("UNLOAD wants one query", 0)
	}
	if find(statements[0], 0, "limit") >= 0 || starts(statements[0], "select", "top") {
		return "", &Refusal{Code: "0A000", Message: "Limit clause is not supported"}
	}
	for _, t := range statements[0] {
		if t.kind == param {
			return "", &Refusal{Code: "42P02", Message: "there is no parameter " + t.text}
		}
	}
	out, refused := query(statements[0])
	return print(out), refused
}

// options reads the authorization, without which there is no UNLOAD, and the options that the stand-in has.
func (u *unloading) options(s []token) *Refusal {
	authorized := false
	for i := 0; i < len(s); i++ {
		next := func() string {
			for i++; i < len(s) && s[i].is("as"); i++ {
			}
			if i < len(s) && s[i].kind == literal {
				return s[i].value()
			}
			return ""
		}
		if s[i].kind != word {
			return near(s[i])
		}
		switch s[i].text {
		case "iam_role":
			authorized = true
			if i++; i < len(s) && !s[i].is("default") && s[i].kind != literal {
				return near(s[i])
			}
		case "format", "as", "encrypted", "auto", "on", "true", "mb", "gb":
		case "kms_key_id", "region":
			next()
		case "parallel":
			if i+1 < len(s) && (s[i+1].is("off") || s[i+1].is("false")) {
				i++
			}
		case "maxfilesize", "rowgroupsize":
			for i+1 < len(s) && (s[i+1].is("as") || s[i+1].kind == number) {
				i++
			}
		case "delimiter":
			u.delimiter = next()
		case "null":
			u.null = next()
		case "extension":
			u.ending = "." + next()
		case "partition":
			end, refused := u.partitions(s, i)
			if refused != nil {
				return refused
			}
			i = end
		default:
			if u.flag(s[i].text) {
				continue
			}
			return standIn("UNLOAD with "+strings.ToUpper(s[i].text), s[i].at)
		}
	}
	if !authorized {
		return syntax("UNLOAD without authorization", 0)
	}
	return nil
}

// flag takes an option that is one word.
func (u *unloading) flag(word string) bool {
	switch word {
	case "csv", "json":
		u.form = word
	case "header":
		u.header = true
	case "addquotes":
		u.quotes = true
	case "allowoverwrite":
		u.overwrite = true
	case "cleanpath":
		u.clean = true
	default:
		return word == "escape"
	}
	return true
}

// partitions reads PARTITION BY (…) [INCLUDE] and returns where it ends.
func (u *unloading) partitions(s []token, i int) (int, *Refusal) {
	end := -1
	if i+2 < len(s) && s[i+1].is("by") && s[i+2].is("(") {
		end = closing(s, i+2)
	}
	if end < 0 {
		return 0, near(s[i])
	}
	for _, column := range arguments(s[i+3 : end]) {
		if len(column) != 1 || !column[0].isName() {
			return 0, near(s[i])
		}
		u.partition = append(u.partition, column[0].name())
	}
	if end+1 < len(s) && s[end+1].is("include") {
		u.include = true
		end++
	}
	return end, nil
}

// copyOptions are those of PostgreSQL's COPY that come nearest.
func (u *unloading) copyOptions() string {
	null := ", NULL " + quote(u.null)
	header := ""
	if u.header {
		header = ", HEADER"
	}
	delimiter := func(standard string) string {
		if u.delimiter != "" {
			standard = u.delimiter
		}
		return ", DELIMITER " + quote(standard)
	}
	switch {
	case u.form == "json":
		return "FORMAT csv, DELIMITER '\x02', QUOTE '\x01'" + null
	case u.form == "csv":
		return "FORMAT csv" + delimiter(",") + null + header
	case u.quotes:
		return "FORMAT csv, FORCE_QUOTE *" + delimiter("|") + null + header
	}
	return "FORMAT text" + delimiter("|") + null + header
}

// Objects are the files that were unloaded, by their place in S3.
func (s *Server) Objects(ctx context.Context) (map[string]string, error) {
	conn, err := pgconn.Connect(ctx, s.cfg.Cluster.DSN(s.cfg.Database))
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	result := conn.ExecParams(ctx, "SELECT current_setting('data_directory')", nil, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}
	root := filepath.Join(string(result.Rows[0][0]), "rsfake_s3", s.cfg.Database)
	out := map[string]string{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out["s3://"+filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))] = string(content)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}

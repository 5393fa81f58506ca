package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5/pgconn"
)

// PythonUDF is a function of a Redshift in Python, which the service no longer runs: support ended on June 30, 2026.
type PythonUDF struct {
	Schema    string `json:"schema"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	Owner     string `json:"owner"`
	// Bound are views that the catalog says use it: their queries fail, and it cannot be dropped before them.
	Bound []string `json:"bound"`
	// Named are views whose text names a function that is called so, and which the catalog does not tie to it: late-binding ones, or ones that
	// mean a function of that name in another schema.
	Named []string `json:"named"`
}

const (
	redshiftPython = `SELECT p.prooid, n.nspname, p.proname, oidvectortypes(p.proargtypes), pg_catalog.pg_get_userbyid(p.proowner)
FROM pg_catalog.pg_proc_info p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE l.lanname = 'plpythonu' ORDER BY 2, 3, 4`
	// A view depends on a function by its rule.
	redshiftBound = `SELECT DISTINCT d.refobjid, n.nspname || '.' || c.relname
FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid JOIN pg_catalog.pg_class c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE d.refobjid IN (%s) ORDER BY 2`
	redshiftViewTexts = `SELECT schemaname || '.' || viewname, definition FROM pg_catalog.pg_views WHERE schemaname <> 'information_schema' AND schemaname !~ '^pg_' ORDER BY 1`
)

// PythonUDFs lists the functions in Python that a Redshift still has, and the views that use them as far as the catalog and their texts tell. What
// an account may not see is not listed: it is best asked as a superuser.
func PythonUDFs(ctx context.Context, conn *pgconn.PgConn) ([]PythonUDF, error) {
	rows, err := query(ctx, conn, redshiftPython)
	if err != nil {
		return nil, fmt.Errorf("looking for functions in Python: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	out, at := make([]PythonUDF, len(rows)), map[string]int{}
	var numbers []string
	for i, v := range rows {
		out[i] = PythonUDF{Schema: v[1], Name: v[2], Arguments: v[3], Owner: v[4], Bound: []string{}, Named: []string{}}
		at[v[0]] = i
		numbers = append(numbers, v[0])
	}
	if rows, err = query(ctx, conn, fmt.Sprintf(redshiftBound, strings.Join(numbers, ", "))); err != nil {
		return nil, fmt.Errorf("looking for views that use functions in Python: %w", err)
	}
	for _, v := range rows {
		if i, ours := at[v[0]]; ours {
			out[i].Bound = append(out[i].Bound, v[1])
		}
	}
	if rows, err = query(ctx, conn, redshiftViewTexts); err != nil {
		return nil, fmt.Errorf("reading the texts of views: %w", err)
	}
	for _, v := range rows {
		names := calledIn(v[1])
		for i := range out {
			if names[out[i].Name] && !slices.Contains(out[i].Bound, v[0]) {
				out[i].Named = append(out[i].Named, v[0])
			}
		}
	}
	return out, nil
}

// calledIn are the words of a text that a parenthesis follows, folded.
func calledIn(sql string) map[string]bool {
	out := map[string]bool{}
	word := ""
	ended := false
	for _, r := range sql {
		switch {
		case r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r):
			if ended {
				word, ended = "", false
			}
			word += strings.ToLower(string(r))
		case r == '(' && word != "":
			out[word] = true
			word = ""
		case r == '"' || unicode.IsSpace(r):
			ended = true
		default:
			word = ""
		}
	}
	return out
}

// LambdaUse is one view whose masks call the Lambda.
type LambdaUse struct {
	View string `json:"view"`
	// Functions of Postern's that its text calls, each once, and Calls how many calls there are: each is a batch of its own.
	Functions []string `json:"functions"`
	Calls     int      `json:"calls"`
}

// LambdaUses lists the views of a Redshift that call functions of masks, those with the most calls first.
func LambdaUses(ctx context.Context, conn *pgconn.PgConn) ([]LambdaUse, error) {
	rows, err := query(ctx, conn, redshiftViewTexts)
	if err != nil {
		return nil, fmt.Errorf("reading the texts of views: %w", err)
	}
	var out []LambdaUse
	for _, v := range rows {
		use := LambdaUse{View: v[0]}
		text := strings.ToLower(strings.ReplaceAll(v[1], `"`, ""))
		for _, after := range strings.Split(text, FunctionsSchema+".")[1:] {
			name, _, called := strings.Cut(after, "(")
			if !called || strings.ContainsAny(name, " ,)'") {
				continue
			}
			use.Calls++
			if !slices.Contains(use.Functions, name) {
				use.Functions = append(use.Functions, name)
			}
		}
		if use.Calls > 0 {
			slices.Sort(use.Functions)
			out = append(out, use)
		}
	}
	slices.SortStableFunc(out, func(a, b LambdaUse) int { return cmp.Compare(b.Calls, a.Calls) })
	return out, nil
}

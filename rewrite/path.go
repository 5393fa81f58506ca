package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// pathState is the client's search_path as it will be when a statement of a string runs. The warehouse's own search_path never
// changes; the client's is the setting postern.search_path, which the warehouse keeps with the transaction.
type pathState struct {
	schemas []string
	// known is false where the end of a transaction, or a RESET, may have brought another path back.
	known bool
	// settled says that the end of the open transaction cannot bring another path back.
	settled bool
}

// after is the state behind a statement that was judged. It only ever says that less is known.
func (p pathState) after(st *Statement, user string) pathState {
	switch st.Kind {
	case KindSet:
		if st.Setting != settingSearchPath {
			return p
		}
		if st.Values == nil {
			return pathState{}
		}
		return pathState{schemas: effectivePath(st.Values, user), known: true}
	case KindReset:
		if st.Setting == settingSearchPath || st.Setting == "" {
			return pathState{}
		}
	case KindDiscard:
		if st.Name == "ALL" {
			return pathState{}
		}
	case KindCommit, KindRollback, KindRollbackTo:
		// COMMIT of a failed transaction rolls back; SET LOCAL ends with either.
		if !p.settled {
			return pathState{}
		}
	case KindEmpty, KindSelect, KindCopyOut, KindBegin, KindSavepoint, KindRelease, KindShow, KindDeallocate,
		KindPrepare, KindExecute, KindDeclare, KindFetch, KindMove, KindClose,
		KindExplain, KindInsert, KindUpdate, KindDelete, KindMerge, KindTruncate, KindCopyIn, KindUnlisten, KindCreateTable, KindDropTable, KindUnload:
	}
	return p
}

// effectivePath resolves "$user" and leaves out the schemas that do not take part: pg_catalog is always searched first, and
// nobody has temporary tables.
func effectivePath(schemas []string, user string) []string {
	out := []string{}
	for _, s := range schemas {
		switch s {
		case "$user":
			s = user
		case builtinSchema, "pg_temp", "":
			continue
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// pathText prints a path as SHOW search_path does.
func pathText(schemas []string) string {
	quoted := make([]string, len(schemas))
	for i, s := range schemas {
		quoted[i] = quoteIdent(s)
	}
	return strings.Join(quoted, ", ")
}

// quoteIdent quotes an identifier unless it is a plain lower-case word.
func quoteIdent(name string) string {
	plain := name != "" && (name[0] == '_' || name[0] >= 'a' && name[0] <= 'z')
	for i := 0; i < len(name) && plain; i++ {
		c := name[i]
		plain = c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// pathConstant is the path as a text constant.
func (r *resolver) pathConstant(location int32) (*pg.Node, error) {
	if !r.path.known {
		return nil, errPathUnknown
	}
	return nameCast(pg.MakeAConstStrNode(pathText(r.path.schemas), location).GetAConst(), "text", false), nil
}

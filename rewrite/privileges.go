package rewrite

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// hasPrivilege answers has_table_privilege and its like: reading what one sees is allowed, writing where a policy gives the privilege, everything else
// is not. A constant name of a table that is hidden is as if absent.
func (r *resolver) hasPrivilege(n *pg.Node, name string, s *scope) error {
	f := n.GetFuncCall()
	if len(f.Args) < 2 {
		return r.allowFunction(f)
	}
	if err := r.exprs(s, f.Args...); err != nil {
		return err
	}
	wanted := constantText(f.Args[len(f.Args)-1])
	if wanted == nil {
		return r.at(pgerror.NotSupported("function %s is supported through Postern with a constant privilege only", name), f.Location)
	}
	first := 2
	if name == "has_column_privilege" {
		first = 3
	}
	switch name {
	case "has_table_privilege", "has_column_privilege", "has_any_column_privilege":
		if at := len(f.Args) - first; at >= 0 && at < len(f.Args) {
			if text := constantText(f.Args[at]); text != nil {
				if _, err := r.relationOID(*text, f.Location); err != nil {
					return err
				}
			}
		}
	}
	granted := false
	var writes []policy.Privilege
	for _, word := range strings.Split(*wanted, ",") {
		switch word = strings.ToUpper(strings.TrimSpace(word)); word {
		case "SELECT", "USAGE", "CONNECT", "EXECUTE":
			granted = true
		case "INSERT", "UPDATE", "DELETE", "TRUNCATE":
			writes = append(writes, policy.Privilege(strings.ToLower(word)))
		}
	}
	if at := len(f.Args) - first; !granted && len(writes) > 0 && at >= 0 && strings.HasSuffix(name, "_privilege") && isTablePrivilege(name) {
		return r.mayWrite(n, f, at, name == "has_column_privilege", writes)
	}
	n.Node = boolConstant(granted).Node
	return nil
}

func isTablePrivilege(name string) bool {
	return name == "has_table_privilege" || name == "has_column_privilege" || name == "has_any_column_privilege"
}

// mayWrite answers for the privileges of writing: the table is one of those that the person may write, by its oid or its name. Of a column that is named
// by a constant it is asked whether it can be written too.
func (r *resolver) mayWrite(n *pg.Node, f *pg.FuncCall, at int, column bool, wanted []policy.Privilege) error {
	known, err := r.facts()
	if err != nil {
		return err
	}
	if !r.path.known {
		return r.at(errPathUnknown, f.Location)
	}
	var named *string
	if column {
		named = constantText(f.Args[at+1])
	}
	bare := known.inPath(r.path.schemas)
	var names []string
	for _, w := range known.writes {
		oid := strconv.FormatUint(uint64(w.table.OID), 10)
		if !slices.ContainsFunc(wanted, func(p policy.Privilege) bool { return slices.Contains(w.privileges, p) }) || named != nil && !w.columns[*named] {
			continue
		}
		names = append(names, oid, quoteIdent(w.table.Schema)+"."+quoteIdent(w.table.Name))
		if slices.Contains(bare, oid) {
			names = append(names, quoteIdent(w.table.Name))
		}
	}
	if len(names) == 0 {
		n.Node = boolConstant(false).Node
		return nil
	}
	return r.template(n, "$1::pg_catalog.text = ANY ("+textArray(names, "text")+")", f.Args[at])
}

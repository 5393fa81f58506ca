package rewrite

import (
	"fmt"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/pgerror"
)

// The functions by which clients ask about objects. Each would answer for any oid, so none is called on what the client gives:
// it is replaced by an expression that says NULL for what the person may not see. A name that is not here is looked for in the
// allow-list of functions.

// catalogFunction replaces a call about an object of the catalogues. False means that the function is not one of them.
func (r *resolver) catalogFunction(n *pg.Node, s *scope) (bool, error) {
	f := n.GetFuncCall()
	name, ok := builtin(f.Funcname)
	if !ok || f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 || f.FuncVariadic || f.AggDistinct || f.AggStar {
		return false, nil
	}
	for _, arg := range f.Args {
		if arg.GetNamedArgExpr() != nil {
			return false, nil
		}
	}
	if strings.HasPrefix(name, "has_") && strings.HasSuffix(name, "_privilege") {
		return true, r.hasPrivilege(n, name, s)
	}
	if name == "to_regclass" && len(f.Args) == 1 {
		return true, r.toRegclass(n, s)
	}
	if name == "current_setting" && (len(f.Args) == 1 || len(f.Args) == 2) {
		return true, r.anySetting(n, s)
	}
	text := catalogTemplate(name, len(f.Args))
	if text == "" {
		return false, nil
	}
	if err := r.exprs(s, f.Args...); err != nil {
		return true, err
	}
	return true, r.template(n, text, f.Args...)
}

// template puts an expression of ours in the place of a node. Its arguments were judged before.
func (r *resolver) template(n *pg.Node, text string, args ...*pg.Node) error {
	known, err := r.facts()
	if err != nil {
		return err
	}
	for _, arg := range args {
		if strings.Contains(text, "FROM (SELECT $1") && levelBound(arg.ProtoReflect()) {
			return pgerror.NotSupported("window functions and count(*) as arguments of a catalog function are not supported through Postern")
		}
	}
	if strings.Contains(text, "{inpath}") {
		if !r.path.known {
			return r.at(errPathUnknown, -1)
		}
		text = strings.ReplaceAll(text, "{inpath}", oidArray(known.inPath(r.path.schemas)))
	}
	text = strings.ReplaceAll(text, "{version}", strconv.FormatUint(r.catalogVersion(), 10))
	tree, err := pg.Parse("SELECT " + known.macros.Replace(text))
	if err != nil {
		return fmt.Errorf("parsing an expression of the virtual catalogue: %w", err)
	}
	unplace(tree.Stmts[0].Stmt)
	target := tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget()
	putArguments(target.ProtoReflect(), args)
	n.Node = target.Val.Node
	return nil
}

// levelBound finds what would belong to another level of the query if it were moved into a sub-select.
func levelBound(m protoreflect.Message) bool {
	if f, ok := m.Interface().(*pg.FuncCall); ok && (f.Over != nil || f.AggStar) {
		return true
	}
	return anyMessage(m, levelBound)
}

// facts are what the person may see, and bind the result to how long that holds.
func (r *resolver) facts() (*facts, error) {
	known, err := r.rw.views.facts(r.req)
	if err == nil {
		r.until = earlier(r.until, known.until)
	}
	return known, err
}

// putArguments replaces $1 and so on.
func putArguments(m protoreflect.Message, args []*pg.Node) {
	if n, ok := m.Interface().(*pg.Node); ok {
		if p := n.GetParamRef(); p != nil {
			n.Node = args[p.Number-1].Node
			return
		}
	}
	eachMessage(m, func(child protoreflect.Message) { putArguments(child, args) })
}

// catalogSystemColumn answers for two system columns of the virtual catalogue that clients read: tableoid, the oid of the catalogue
// itself, and xmin, by which they notice changes: it grows with each set of policies.
func (r *resolver) catalogSystemColumn(n *pg.Node, s *scope) (bool, error) {
	names, ok := stringList(n.GetColumnRef().GetFields())
	if !ok || len(names) == 0 || len(names) > 2 || names[len(names)-1] != "tableoid" && names[len(names)-1] != "xmin" {
		return false, nil
	}
	var it *item
	switch {
	case len(names) == 2:
		found := 0
		if it, found = s.alias("", names[0]); found != 1 {
			return false, nil
		}
	case s != nil && len(s.items) == 1:
		it = s.items[0]
	}
	if it == nil || len(it.columns) == 0 || len(it.columns[0].origins) != 1 || !it.columns[0].origins[0].use.view.catalog ||
		it.count(names[len(names)-1]) > 0 {
		return false, nil
	}
	if names[len(names)-1] == "tableoid" {
		t := it.columns[0].origins[0].use.view.decision.Table
		return true, r.template(n, systemRelation(t.Schema, t.Name))
	}
	return true, r.template(n, "'{version}'::pg_catalog.xid")
}

// catalogVersion stands for transaction numbers: it grows with each set of policies.
func (r *resolver) catalogVersion() uint64 { return 3 + r.req.Program.Version()%1_000_000_000 }

// constantText is the text of a string constant, with or without a cast to a text type; nil for anything else.
func constantText(n *pg.Node) *string {
	if cast := n.GetTypeCast(); cast != nil && isTextType(cast.TypeName) {
		n = cast.Arg
	}
	if c := n.GetAConst().GetSval(); c != nil {
		return &c.Sval
	}
	return nil
}

func isTextType(t *pg.TypeName) bool {
	name, ok := builtin(t.GetNames())
	return ok && len(t.ArrayBounds) == 0 && (name == "text" || name == "varchar" || name == "name")
}

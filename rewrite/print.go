package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/posternsql/postern/pgerror"
)

// treeVersion is the version of the parser's trees (PG_VERSION_NUM of libpg_query); the printer refuses any other.
const treeVersion = 170_007

// printTree turns a judged tree into text, and reads the text again: what the warehouse will parse must be the tree that was
// judged. A difference means that the printer does not know a form; the statement is refused, not sent. It returns the places of what is
// in both texts, too.
func printTree(raw *pg.RawStmt, sql string) (string, []Place, error) {
	text, found, err := printOnce(raw, sql)
	if err != nil && printable(raw.ProtoReflect()) {
		return printOnce(raw, sql)
	}
	return text, found, err
}

func printOnce(raw *pg.RawStmt, sql string) (string, []Place, error) {
	tree := &pg.ParseResult{Version: treeVersion, Stmts: []*pg.RawStmt{{Stmt: raw.Stmt}}}
	text, err := pg.Deparse(tree)
	if err != nil {
		return "", nil, unprintable()
	}
	again, err := pg.Parse(text)
	if err != nil || len(again.Stmts) != 1 {
		return "", nil, unprintable()
	}
	found := places(sql, text, raw.Stmt, again.Stmts[0].Stmt)
	judged := proto.Clone(raw.Stmt).(*pg.Node)
	normalize(judged.ProtoReflect())
	normalize(again.Stmts[0].Stmt.ProtoReflect())
	if !proto.Equal(judged, again.Stmts[0].Stmt) {
		return "", nil, unprintable()
	}
	return text, found, nil
}

func unprintable() error {
	return pgerror.NotSupported("a form in this statement cannot be printed safely, so it is not supported through Postern")
}

// normalize takes out of a tree what does not carry meaning: the places of nodes in the text.
func normalize(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		switch name := f.Name(); {
		case f.Kind() != protoreflect.Int32Kind:
		case name == "location", name == "arg_location", name == "stmt_len", name == "stmt_location":
			m.Clear(f)
		}
		return true
	})
	eachMessage(m, normalize)
}

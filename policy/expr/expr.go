package expr

// Expr is one scalar expression. The set is closed: only this package implements it.
//
//sumtype:decl
type Expr interface{ isExpr() }

// Name is a schema-qualified object name. Schema is never empty in a published policy.
type Name struct{ Schema, Name string }

// Type is a data type of the warehouse as format_type prints it, always of a form that can stand behind `::` under any
// search_path: "integer", "character varying(25)", "numeric(15,2)", "public.citext".
type Type string

// Literal is a typed constant. The text form is that of the type's input function.
type Literal struct {
	Type  Type
	Value string
	Null  bool
}

// Column names a column. With an empty Relation it is a column of the source that the rule is for; otherwise
// Relation is the alias of a relation in the enclosing Select. Correlation is not allowed: inside a Select, Relation is
// never empty.
type Column struct {
	Relation string
	Name     string
	Type     Type
}

// Call calls an allow-listed function.
type Call struct {
	Func Name
	Args []Expr
	// Variadic-less and DISTINCT-less by design; Type is the result type if it is known, else "".
	Type Type
}

// KeyedFunc is one of the functions that registration installs in the schema postern_functions.
type KeyedFunc uint8

const (
	// KeyedHash is HMAC-SHA-256 over domain and text value, as lower-case hex.
	KeyedHash KeyedFunc = iota + 1
	// KeyedDraw is a number from 0 to 2^53-1 out of HMAC-SHA-256 over domain and text value, apart from those of KeyedHash.
	KeyedDraw
	// KeyedProtect is AES-SIV of the text value, as lower-case hex.
	KeyedProtect
	// KeyedFormatPreserving is FF1 of the characters of the alphabet in the text value.
	KeyedFormatPreserving
)

// Keyed calls a keyed mask function. Keys never stand in it: Domain names the token domain whose key the function
// reads for itself.
type Keyed struct {
	Func   KeyedFunc
	Domain string
	// Alphabet is that of KeyedFormatPreserving, as its characters; empty for the others.
	Alphabet string
	Arg      Expr
}

// Pick is the item at the index, which counts from 1. It is NULL of the type for an index that is NULL or of no item. The index is
// evaluated once.
type Pick struct {
	Index Expr
	Items []Expr
	Type  Type
}

// CountOver is the number of rows of the View that have the same values of these columns as the row in hand, NULL being a value.
// It makes a View one whose every row depends on the others: nothing may be filtered below it.
type CountOver struct{ By []Column }

// Op applies an operator of pg_catalog; a nil Left makes it a prefix operator.
type Op struct {
	Name  string
	Left  Expr
	Right Expr
}

// And is true if all arguments are; no argument is true.
type And struct{ Args []Expr }

// Or is true if one argument is; no argument is false.
type Or struct{ Args []Expr }

// Not negates.
type Not struct{ Arg Expr }

// IsNull is `Arg IS [NOT] NULL`.
type IsNull struct {
	Arg    Expr
	Negate bool
}

// Cast is `Arg::Type`.
type Cast struct {
	Arg  Expr
	Type Type
}

// When is one arm of a Case.
type When struct{ Cond, Result Expr }

// Case is the searched CASE; a nil Else is NULL.
type Case struct {
	Whens []When
	Else  Expr
}

// In is `Arg [NOT] IN (list)`. An empty list is false (true if negated) and never an SQL error.
type In struct {
	Arg    Expr
	List   []Expr
	Negate bool
}

// InSelect is `Arg [NOT] IN (SELECT …)` with an uncorrelated Select of one column.
type InSelect struct {
	Arg    Expr
	Query  *Select
	Negate bool
}

// NullOf is NULL of exactly the type of a column of the source. It serves for types of which nothing is known: casting NULL to a
// domain can raise an error, and a NULL that comes out of a value of the domain is not checked again.
type NullOf struct{ Column Column }

// Now is the warehouse's now(), the start of the transaction.
type Now struct{}

func (Literal) isExpr()   {}
func (Column) isExpr()    {}
func (Call) isExpr()      {}
func (Keyed) isExpr()     {}
func (Op) isExpr()        {}
func (And) isExpr()       {}
func (Or) isExpr()        {}
func (Not) isExpr()       {}
func (IsNull) isExpr()    {}
func (Cast) isExpr()      {}
func (Case) isExpr()      {}
func (In) isExpr()        {}
func (InSelect) isExpr()  {}
func (NullOf) isExpr()    {}
func (Now) isExpr()       {}
func (Pick) isExpr()      {}
func (CountOver) isExpr() {}

// True and False are the boolean literals.
var (
	True  Expr = Literal{Type: "boolean", Value: "true"}
	False Expr = Literal{Type: "boolean", Value: "false"}
)

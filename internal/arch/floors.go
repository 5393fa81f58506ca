package arch

import "strings"

// Kind is what a folder is for.
type Kind int

const (
	// Unknown is a folder that the table does not name; it may not hold Go files.
	Unknown Kind = iota
	// Product packages stand on floors and import downwards only.
	Product
	// Command packages are the top floor, and the only product packages that may use tooling: the demo needs a database.
	Command
	// Tooling helps tests and builds. It imports no product package, so that it can be used on every floor.
	Tooling
	// Harness packages test or measure several floors together: they import everything, and nothing imports them.
	Harness
)

// Room is one line of the table: a folder, and where it stands.
type Room struct {
	Path  string // relative to the module; one that ends in /... stands for all folders below it
	Kind  Kind
	Floor int // for Product and Command: imports go to lower floors only
	// Beside is for the packages of one house that share a floor: those of the same floor that this one may
	// import. Everything else on a floor are siblings that do not know each other.
	Beside []string
}

// Table is the floors. A folder that is not here may not hold Go files. The order within a floor means nothing.
func Table() []Room {
	return []Room{
		{Path: "cmd/postern", Kind: Command, Floor: 8},
		{Path: "cmd/postern-lambda", Kind: Command, Floor: 8},

		{Path: "proxy", Kind: Product, Floor: 7},
		{Path: "admin", Kind: Product, Floor: 7},

		// What the rewriter and the control plane say together; its rooms do not know each other.
		{Path: "explain", Kind: Product, Floor: 6},
		{Path: "direct", Kind: Product, Floor: 6},
		{Path: "explain/check", Kind: Product, Floor: 6, Beside: []string{"explain"}},
		{Path: "explain/impact", Kind: Product, Floor: 6, Beside: []string{"explain"}},

		{Path: "rewrite", Kind: Product, Floor: 5},
		{Path: "push", Kind: Product, Floor: 5},
		// control's rooms share its floor. resource knows none of them; store and idp do not know each other.
		{Path: "control", Kind: Product, Floor: 5, Beside: []string{"control/resource", "control/store", "control/idp"}},
		// store only in the test, which has a real queue.
		{Path: "control/webhook", Kind: Product, Floor: 5, Beside: []string{"control", "control/resource", "control/store"}},
		{Path: "control/store", Kind: Product, Floor: 5, Beside: []string{"control", "control/resource"}},
		{Path: "control/idp", Kind: Product, Floor: 5, Beside: []string{"control", "control/resource"}},
		{Path: "control/resource", Kind: Product, Floor: 5},

		{Path: "sqlgen", Kind: Product, Floor: 4},
		// What a Redshift's SQL becomes for the parser, and the judged tree for a Redshift; the rewriter stands above.
		{Path: "rewrite/redshift", Kind: Product, Floor: 4},

		{Path: "policy", Kind: Product, Floor: 3},

		{Path: "warehouse", Kind: Product, Floor: 2},
		{Path: "warehouse/serverlog", Kind: Product, Floor: 2},
		{Path: "warehouse/queryhistory", Kind: Product, Floor: 2, Beside: []string{"warehouse/serverlog"}},
		{Path: "warehouse/awsauth", Kind: Product, Floor: 2, Beside: []string{"warehouse"}},
		{Path: "policy/sqlparse", Kind: Product, Floor: 2},

		{Path: "catalog", Kind: Product, Floor: 1},
		{Path: "audit", Kind: Product, Floor: 1},
		{Path: "lambda", Kind: Product, Floor: 1},

		{Path: "policy/expr", Kind: Product, Floor: 0},
		{Path: "identity", Kind: Product, Floor: 0},
		{Path: "pgerror", Kind: Product, Floor: 0},
		{Path: "secret", Kind: Product, Floor: 0},
		{Path: "tokenize", Kind: Product, Floor: 0},
		{Path: "lex", Kind: Product, Floor: 0},

		{Path: "bench/...", Kind: Harness},
		{Path: "internal/difftest/...", Kind: Harness},
		{Path: "internal/e2e/...", Kind: Harness},
		{Path: "internal/rslive/...", Kind: Harness},
		{Path: "internal/...", Kind: Tooling},
		{Path: "examples/...", Kind: Tooling}, // the example policies, embedded for the demo
	}
}

// find returns the room of a folder: the exact one, or the longest that stands for it.
func find(table []Room, folder string) Room {
	var best Room
	for _, r := range table {
		base, many := strings.CutSuffix(r.Path, "/...")
		if folder == r.Path || many && folder == base {
			return r
		}
		if many && strings.HasPrefix(folder, base+"/") && len(r.Path) > len(best.Path) {
			best = r
		}
	}
	return best
}

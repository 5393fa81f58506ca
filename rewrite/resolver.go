package rewrite

import (
	"errors"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// maxWalk bounds our own recursion. The parser's bounds are lower; this one holds whatever they are.
const maxWalk = 10_000

// resolver judges one statement.
type resolver struct {
	rw   *Rewriter
	req  *Request
	path pathState
	// uses are the governed tables of the statement, each once.
	uses []*use
	// first has the name of the first column of each sub-select that was judged.
	first map[*pg.Node]string
	// until is the earliest time at which one of the decisions that were asked for ends, denials included; zero is never.
	until time.Time
	// fleeting marks what rests on the session's own names.
	fleeting bool
	// sandboxViews are the Views of sandboxes' tables in this statement.
	sandboxViews map[tableName]*view
	relations    int
	depth        int
	// viewDepth is 0 for the person's own text, and how many views lie above the text of a view.
	viewDepth int
	// shown: see use.
	shown bool
	// resolved is the column that the last name led to.
	resolved column
	// inWhere is set while a WHERE clause is judged, after what is looked up has left it.
	inWhere bool
	// writes are the names of the tables that are written; returned are the columns of the last RETURNING that was judged.
	writes   []string
	returned []string
	// given are the columns of a query that is the statement.
	given []string
	// named is set once the client's names were looked through; see ownNamesOnce.
	named bool
	// params are the parameters in the order in which they are met, movedParams those of look-ups.
	params, movedParams []int32
	// leader names what of the statement a Redshift runs on its leader node alone.
	leader string
	// sealed is set where a sub-select would have to be closed, which no documented form does on a Redshift.
	sealed bool
	fences
}

func (rw *Rewriter) newResolver(req *Request, path pathState) *resolver {
	return &resolver{rw: rw, req: req, path: path, first: map[*pg.Node]string{}, fences: newFences()}
}

func (r *resolver) enter() error {
	if r.depth++; r.depth > maxWalk {
		return pgerror.TooComplex("statement is nested too deeply")
	}
	return nil
}

func (r *resolver) leave() { r.depth-- }

// at gives an error for the client the place of the node that caused it, unless it has one.
func (r *resolver) at(err error, location int32) error {
	var e *pgerror.Error
	if !errors.As(err, &e) || e.Position != 0 || location < 0 {
		return err
	}
	return e.At(position(r.req.SQL, location))
}

// decisions are what was spliced in, which of its columns the client's text touches, and which of these it looks up raw.
func (r *resolver) decisions() (decisions []policy.Decision, requested, lookedUp [][]string) {
	for _, u := range r.uses {
		if !u.view.catalog {
			decisions = append(decisions, u.view.decision)
			requested = append(requested, u.requested())
			lookedUp = append(lookedUp, u.raw())
		}
	}
	return throughViews(r.uses, decisions, requested, lookedUp)
}

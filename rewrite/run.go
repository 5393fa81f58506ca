package rewrite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite/redshift"
)

// Rewriter turns client SQL into guarded SQL. It is safe for concurrent use.
type Rewriter struct {
	config Config
	views  *views
	cache  *cache
	// unfenced takes every fence off, for the mutation runs of tests.
	unfenced bool
}

// New checks the configuration and makes a Rewriter.
func New(config Config) (*Rewriter, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("checking the rewriter's configuration: %w", err)
	}
	config = config.withDefaults()
	views, err := newViews(config)
	if err != nil {
		return nil, err
	}
	cache, err := newCache(config)
	if err != nil {
		return nil, err
	}
	rw := &Rewriter{config: config, views: views, cache: cache}
	views.body = rw.bodyOf
	return rw, nil
}

// Rewrite judges every statement of the text before it returns any. The error is a *pgerror.Error for what the client did; any
// other is our own. The Result is shared between callers and must not be changed.
func (rw *Rewriter) Rewrite(ctx context.Context, req Request) (*Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if req.Program == nil || req.Program.Snapshot() == nil {
		return nil, pgerror.Unavailable("no policies are loaded")
	}
	if req.Principal.IsZero() {
		return nil, pgerror.InsufficientPrivilege("permission denied")
	}
	key := newCacheKey(&req)
	if req.Program.HasSandbox(req.Principal.User()) {
		key.made = rw.views.made.changed(req.Principal.User())
	}
	if result := rw.cache.get(key); result != nil {
		return result, nil
	}
	result, err := rw.rewrite(&req)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(result.Statements, func(st Statement) bool { return st.Fleeting }) {
		rw.cache.add(key, result)
	}
	return result, nil
}

// rewrite does the work.
func (rw *Rewriter) rewrite(req *Request) (*Result, error) {
	if err := allowParamTypes(req); err != nil {
		return nil, err
	}
	if rw.redshift() {
		return rw.rewriteRedshift(req)
	}
	stmts, err := parse(req.SQL, &rw.config)
	if err != nil {
		return nil, err
	}
	if req.Single && len(stmts) > 1 {
		return nil, pgerror.Syntax("cannot insert multiple commands into a prepared statement", 0)
	}
	if len(stmts) == 0 {
		return &Result{Statements: []Statement{{Kind: KindEmpty, Text: req.SQL}}}, nil
	}
	result := &Result{}
	prepares := false
	path := pathState{schemas: req.SearchPath, known: true, settled: req.PathSettled}
	for _, raw := range stmts {
		st, holds, err := rw.statement(req, raw, path)
		if err == nil {
			err = alone(&st, len(stmts))
		}
		if prepares = prepares || st.Kind == KindPrepare; err == nil && prepares && st.Kind == KindExplain && st.Inner == KindExecute {
			err = pgerror.NotSupported("EXPLAIN of EXECUTE behind PREPARE in one string is not supported through Postern: send the statements one by one")
		}
		if err != nil {
			return nil, err
		}
		result.ValidUntil = earlier(result.ValidUntil, holds)
		path = path.after(&st, req.Principal.User())
		result.Statements = append(result.Statements, st)
	}
	return result, nil
}

// statement judges and prints one statement.
func (rw *Rewriter) statement(req *Request, raw *pg.RawStmt, path pathState) (Statement, time.Time, error) {
	st := Statement{Text: statementText(req.SQL, raw)}
	r := rw.newResolver(req, path)
	r.root, r.ownParameters, r.parameters = raw.Stmt, raw.Stmt.GetSelectStmt() != nil, map[int32]int{}
	countParameters(raw.Stmt.ProtoReflect(), r.parameters)
	if err := r.judge(raw, &st); err != nil {
		return Statement{}, time.Time{}, err
	}
	if rw.redshift() {
		if err := r.finishRedshift(); err != nil {
			return Statement{}, time.Time{}, err
		}
	} else if err := r.finish(); err != nil {
		return Statement{}, time.Time{}, err
	}
	if st.Kind == 0 {
		return Statement{}, time.Time{}, errors.New("judging a statement: it was let through without a kind")
	}
	if err := r.keepsSources(); err != nil {
		return Statement{}, time.Time{}, err
	}
	if err := r.refusedPredicates(); err != nil {
		return Statement{}, time.Time{}, err
	}
	if err := r.movedParameters(); err != nil {
		return Statement{}, time.Time{}, err
	}
	st.Decisions, st.Requested, st.LookedUp = r.decisions()
	if req.unload != nil {
		by, err := r.mayUnload(req.unload)
		if err != nil {
			return Statement{}, time.Time{}, err
		}
		st.Decisions = unloadedBy(st.Decisions, by)
	}
	st.Fleeting = r.fleeting
	if st.Written == "" && len(r.writes) > 0 {
		st.Written = r.writes[0] // in WITH, or in PREPARE
	}
	if st.Kind == KindEmpty {
		return st, time.Time{}, nil
	}
	var err error
	if rw.redshift() {
		if err := rw.keysJoined(raw.Stmt); err != nil {
			return Statement{}, time.Time{}, err
		}
		st.SQL, err = redshift.PrintPlaced(raw.Stmt, func(again *pg.Node, printed *redshift.Statement) {
			st.Places = redshiftPlaces(req.SQL, raw.Stmt, again, printed)
		})
		return st, r.until, err
	}
	st.SQL, st.Places, err = printTree(raw, req.SQL)
	return st, r.until, err
}

// earlier is the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

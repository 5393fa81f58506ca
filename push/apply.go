package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// apply runs the plan. All at once is tried first where it fits; what the server refuses then is done apart, so that one view that cannot
// be changed keeps nothing else from it, and least of all what is taken away.
func (r *run) apply(ctx context.Context, d *difference) error {
	budget := r.s.budget(r.facts)
	p := d.plan(budget, false, nil)
	if len(p.Transactions) == 1 {
		err := r.transaction(ctx, p.Transactions[0], 1, 1, r.hasty())
		switch {
		case err == nil:
			return errors.Join(r.endSessions(ctx, p.narrowed), r.last(ctx, p))
		case sqlState(err) == "" || r.conn.IsClosed():
			return err
		}
		r.s.config.Log.Warn("pushing all at once was refused: one after the other", "connection", r.s.config.Settings.Connection, "sqlstate", sqlState(err))
	}
	return r.apart(ctx, d, budget)
}

// apart takes away first, then makes and changes, and gives last.
func (r *run) apart(ctx context.Context, d *difference, budget int) error {
	timeout := r.s.config.Settings.LockTimeout
	narrow, define := d.narrow(true), d.define(nil)
	batched := batches("make and change", define, budget)
	steps := len(batched) + 2
	if len(narrow) > 0 {
		if err := r.transaction(ctx, Transaction{"take away", narrow}, 1, steps, timeout); err != nil {
			return err
		}
		if err := r.endSessions(ctx, d.narrowed()); err != nil {
			return err
		}
	}
	stuck := map[Relation]bool{}
	for i, t := range batched {
		err := r.transaction(ctx, t, i+2, steps, timeout)
		if err == nil {
			continue
		}
		if sqlState(err) == "" || r.conn.IsClosed() {
			return err
		}
		if err := r.oneByOne(ctx, t, i+2, steps, stuck); err != nil {
			return err
		}
	}
	given := batches("give", d.widen(true, stuck), budget)
	for i, t := range given {
		if err := r.transaction(ctx, t, len(batched)+2+i, len(batched)+1+len(given), timeout); err != nil {
			return err
		}
	}
	if err := r.paths(ctx, d, budget); err != nil {
		return err
	}
	return r.last(ctx, d.plan(budget, true, stuck))
}

// paths sets search paths, all at once, or else one after the other: whose cannot be set keeps theirs.
func (r *run) paths(ctx context.Context, d *difference, budget int) error {
	each := d.pathsOfEach()
	all := batches("set search paths", slices.Concat(each...), budget)
	refused := false
	for i, t := range all {
		err := r.transaction(ctx, t, i+1, len(all), r.hasty())
		if err != nil && (sqlState(err) == "" || r.conn.IsClosed()) {
			return err
		}
		refused = refused || err != nil
	}
	if !refused {
		return nil
	}
	for i, statements := range each {
		err := r.transaction(ctx, Transaction{"set a search path", statements}, i+1, len(each), r.hasty())
		if err == nil {
			continue
		}
		if sqlState(err) == "" || r.conn.IsClosed() {
			return err
		}
		sql, _, _ := strings.Cut(statements[0].SQL, " SET ")
		r.find(Blocked, "search path", sql+": "+serverMessage(err))
	}
	return nil
}

// oneByOne does the views of a batch each in a transaction of its own; one that fails is left, and nobody may read it.
func (r *run) oneByOne(ctx context.Context, t Transaction, step, steps int, stuck map[Relation]bool) error {
	var group []Statement
	flush := func() error {
		if len(group) == 0 {
			return nil
		}
		now := Transaction{t.Title, group}
		group = nil
		err := r.transaction(ctx, now, step, steps, r.s.config.Settings.LockTimeout)
		at := now.Statements[0].view
		if err == nil || at == nil || sqlState(err) == "" || r.conn.IsClosed() {
			return err
		}
		stuck[*at] = true
		if strings.HasPrefix(now.Statements[0].SQL, "ALTER VIEW ") {
			r.find(Blocked, at.Schema+"."+at.Name, "its defaults could not be changed: "+serverMessage(err))
			return nil
		}
		r.find(Blocked, at.Schema+"."+at.Name, "could not be changed, and nobody may read it until it is: "+serverMessage(err))
		return nil
	}
	for _, s := range t.Statements {
		if len(group) > 0 && !sameView(group[0].view, s.view) {
			if err := flush(); err != nil {
				return err
			}
		}
		group = append(group, s)
	}
	return flush()
}

func sameView(a, b *Relation) bool { return a == b || a != nil && b != nil && *a == *b }

// transaction runs one transaction of the plan and notes how far the plan has come.
func (r *run) transaction(ctx context.Context, t Transaction, step, steps int, lockTimeout time.Duration) error {
	set := r.s.config.Settings
	r.s.progress(t.Title, step, steps, r.report.Statements)
	all := []Statement{{SQL: "BEGIN"}}
	all = append(all, set.dialect().opening(set, r.facts, lockTimeout)...)
	if !r.quickly {
		all = append(all, Statement{SQL: unsettle})
	}
	all = append(all, t.Statements...)
	all = append(all, set.dialect().closing(set, r.facts, r.program(), step, steps)...)
	all = append(all, Statement{SQL: "COMMIT"})
	for tries := 0; ; tries++ {
		err := r.all(ctx, all)
		if err == nil {
			break
		}
		if tries == retries || !set.dialect().again(err) || r.conn.IsClosed() {
			return fmt.Errorf("pushing (%s): %w", t.Title, err)
		}
	}
	r.report.Transactions++
	r.report.Statements += len(t.Statements)
	if r.s.config.committed != nil {
		r.s.config.committed()
	}
	return nil
}

// retries of a transaction that failed for what another one did beside it.
const retries = 3

// all runs the statements of a transaction up to the first that fails.
func (r *run) all(ctx context.Context, all []Statement) error {
	for _, st := range all {
		if err := r.s.run(ctx, r.conn, st); err != nil {
			return rolledBack(ctx, r.conn, named(st, err))
		}
	}
	return nil
}

// named says which statement failed. Its first line holds names and no values.
func named(st Statement, err error) error {
	line, _, _ := strings.Cut(st.SQL, "\n")
	if len(line) > 200 {
		line = line[:200] + "…"
	}
	return fmt.Errorf("%s: %w", line, err)
}

// errNotOne is that of a statement that was to write one row and did not: the lease is another Syncer's by now.
var errNotOne = fmt.Errorf("%w, and took over", ErrBusy)

// run sends one statement.
func (s *Syncer) run(ctx context.Context, conn *pgconn.PgConn, st Statement) error {
	if err := s.config.Settings.refused(st.SQL); err != nil {
		return err
	}
	if s.config.before != nil {
		if err := s.config.before(st.SQL); err != nil {
			return err
		}
	}
	if st.ask != nil {
		rows, err := query(ctx, conn, st.ask.sql)
		if err != nil {
			return err
		}
		st.Params = st.ask.params(rows)
	}
	if len(st.Params) == 0 {
		results, err := conn.Exec(ctx, st.SQL).ReadAll()
		if err == nil && st.one && (len(results) != 1 || results[0].CommandTag.RowsAffected() != 1) {
			err = errNotOne
		}
		return err
	}
	_, err := query(ctx, conn, st.SQL, st.Params...)
	return err
}

// rolledBack ends a transaction that failed. Where even that fails the connection is of no use, and the server ends the transaction with it.
func rolledBack(ctx context.Context, conn *pgconn.PgConn, err error) error {
	if conn.IsClosed() {
		return err
	}
	if end := exec(context.WithoutCancel(ctx), conn, "ROLLBACK"); end != nil {
		return errors.Join(err, end, conn.Close(context.WithoutCancel(ctx)))
	}
	return err
}

func serverMessage(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Message + " (" + pg.Code + ")"
	}
	return err.Error()
}

// hasty bounds the attempt to do all at once.
func (r *run) hasty() time.Duration {
	return r.s.config.Settings.dialect().hasty(r.s.config.Settings)
}

// together runs the statements of one text as one transaction.
func (r *run) together(ctx context.Context, st Statement) error {
	all := r.s.config.Settings.dialect().together(st.SQL)
	for _, sql := range all {
		st.SQL = sql
		if err := r.s.run(ctx, r.conn, st); err != nil {
			if len(all) > 1 {
				err = rolledBack(ctx, r.conn, err)
			}
			return err
		}
	}
	return nil
}

// last tries what may fail.
func (r *run) last(ctx context.Context, p *Plan) error {
	for _, st := range p.Last {
		err := r.together(ctx, st)
		if err != nil && (sqlState(err) == "" || r.conn.IsClosed()) {
			return err
		}
		if err != nil {
			sql, _, _ := strings.Cut(st.SQL, ";")
			r.find(Blocked, sql, serverMessage(err))
			continue
		}
		r.report.Statements++
	}
	return nil
}

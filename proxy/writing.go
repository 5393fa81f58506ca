package proxy

import (
	"context"
	"fmt"
	"strings"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite"
)

// What is special about statements that write.

// quiet reports a statement whose rows are Postern's own: the client sees none, and no description of them.
func (r *relay) quiet(s *rewrite.Statement) bool {
	return s != nil && r.executed(s).Quiet && !r.exempt
}

// executed is the prepared statement that an EXECUTE runs; any other statement is itself.
func (r *relay) executed(s *rewrite.Statement) *rewrite.Statement {
	if s.Kind == rewrite.KindExecute {
		if known, ok := r.statements[s.Name]; ok {
			return known.only()
		}
	}
	return s
}

// quietRun reports that the rows that come belong to a quiet statement.
func (r *relay) quietRun(front *expected) bool {
	run := front.current()
	return run != nil && r.quiet(run.statement)
}

// noData answers Describe of a quiet statement.
func (r *relay) noData(ctx context.Context, length int) error {
	front := r.queue.front()
	if s := front.describes; s != nil {
		if s.shape = shapeOf('n', nil); !front.silent {
			s.told = s.shape
		}
	}
	silent := front.silent
	r.finish(front.run...)
	r.queue.pop()
	if err := r.drop(ctx, length); err != nil {
		return err
	}
	if !silent {
		r.out.write([]byte{'n', 0, 0, 0, 4})
	}
	return nil
}

// rowChecked turns the error by which a new row ends a statement that the row filter would hide into PostgreSQL's own for that.
func (r *relay) rowChecked(rep report, front *expected) report {
	if r.exempt || front == nil || !rep.checked && (rep.code != "22P02" || !strings.HasSuffix(rep.message, `"`+rewrite.RowCheck+`"`)) {
		return rep
	}
	run := front.current()
	if run == nil && rep.checked {
		// A Redshift may compute the check of constants when it plans: the answer to Bind, before that to Execute.
		for i := range r.queue.outstanding() {
			if run = r.queue.outstanding()[i].current(); run != nil {
				break
			}
		}
	}
	if run == nil || r.executed(run.statement).Written == "" {
		return rep
	}
	e := pgerror.InsufficientPrivilege("new row violates row-level security policy for table %q", r.executed(run.statement).Written)
	rep.code, rep.message, rep.position = e.Code, e.Message, 0
	rep.body = appendError(nil, e)[headerSize:]
	return rep
}

// integrityMessage is what is said of a violated constraint: its name and its columns may be hidden.
func integrityMessage(code string) string {
	switch code {
	case "23502":
		return "null value violates a not-null constraint"
	case "23503":
		return "a foreign key constraint is violated"
	case "23505":
		return "duplicate key value violates a unique constraint"
	case "23514":
		return "value violates a check constraint"
	case "23P01":
		return "conflicting key value violates an exclusion constraint"
	}
	return fmt.Sprintf("integrity constraint violation %s", code)
}

// mayCopyIn reports whether what runs is COPY FROM STDIN as it was judged.
func (r *relay) mayCopyIn(front *expected) bool {
	run := front.current()
	return r.exempt || run != nil && run.statement.Kind == rewrite.KindCopyIn
}

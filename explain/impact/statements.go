package impact

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
)

// text is one text of one person on record.
type text struct{ user, connection, sql string }

type sent struct {
	times int
	last  time.Time
}

// statements judges each distinct text of the log under both states.
func (r *comparison) statements(ctx context.Context) error {
	out := &Statements{}
	r.report.Statements = out
	texts := map[text]*sent{}
	var order []text
	err := r.Statements(func(e audit.Event) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.Kind != audit.Statement && e.Kind != audit.Refused || e.SQL == "" || e.Exempt {
			return nil
		}
		key := text{e.User, e.Connection, e.SQL}
		s, known := texts[key]
		if !known {
			if e.SQLSHA256 != "" || len(order) >= r.MaxTexts {
				out.NotJudged++
				return nil
			}
			s = &sent{}
			texts[key] = s
			order = append(order, key)
		}
		s.times++
		if e.Time.After(s.last) {
			s.last = e.Time
		}
		return nil
	})
	var damaged *audit.DamageError
	if errors.As(err, &damaged) {
		out.NotJudged += damaged.Count
		err = nil
	}
	if err != nil {
		return err
	}
	for _, key := range order {
		if err := r.judge(ctx, key, texts[key], out); err != nil {
			return err
		}
	}
	slices.SortStableFunc(out.Affected, func(a, b Statement) int {
		return cmp.Or(cmp.Compare(kindOf(a), kindOf(b)), cmp.Compare(b.Times, a.Times), cmp.Compare(a.User, b.User), cmp.Compare(a.SQL, b.SQL))
	})
	return nil
}

// kindOf has failures first.
func kindOf(s Statement) int {
	return slices.Index([]string{becomesFailing, becomesChanged, becomesWorking}, s.Becomes)
}

const (
	becomesFailing = "fails"
	becomesChanged = "changes"
	becomesWorking = "works"
)

// judge rewrites one text under both.
func (r *comparison) judge(ctx context.Context, key text, s *sent, out *Statements) error {
	before, err := r.rewritten(ctx, r.Old, key)
	if err != nil {
		return err
	}
	if before.gone {
		out.NotJudged++
		return nil
	}
	after, err := r.rewritten(ctx, r.New, key)
	if err != nil {
		return err
	}
	out.Texts++
	st := Statement{User: key.user, Connection: key.connection, SQL: key.sql, Times: s.times, Last: s.last}
	switch {
	case before.refused != "" && after.refused != "", before.refused == after.refused && sameStatements(before.sent, after.sent):
		out.Same++
		return nil
	case after.refused != "":
		st.Becomes, st.Error = becomesFailing, after.refused
	case before.refused != "":
		st.Becomes = becomesWorking
	default:
		st.Becomes = becomesChanged
	}
	out.Affected = append(out.Affected, st)
	return nil
}

// judgement is what becomes of one text under one state.
type judgement struct {
	sent []rewrite.Statement
	// refused is the refusal, SQLSTATE and message.
	refused string
	// gone is set where the person may not log in or the connection is not there; then refused is too.
	gone bool
}

// rewritten judges one text. Names are looked up on the path with which sessions begin, because the log does not have theirs.
func (r *comparison) rewritten(ctx context.Context, s State, key text) (judgement, error) {
	program, ok := s.Program(key.connection)
	who := principal(s, key.user)
	if !ok || who.IsZero() {
		return judgement{refused: "the person may not log in, or the connection is gone", gone: true}, nil
	}
	result, err := r.Rewriter.Rewrite(ctx, rewrite.Request{
		SQL: key.sql, Program: program, Principal: who, SearchPath: []string{key.user, "public"}, Database: key.connection,
	})
	var refused *pgerror.Error
	if errors.As(err, &refused) {
		return judgement{refused: "SQLSTATE " + refused.Code + ": " + refused.Message}, nil
	}
	if err != nil {
		return judgement{}, err
	}
	return judgement{sent: result.Statements}, nil
}

// sameStatements reports that what is sent is the same, or differs only where no column of the client's text is concerned.
func sameStatements(a, b []rewrite.Statement) bool {
	return slices.EqualFunc(a, b, func(x, y rewrite.Statement) bool {
		if x.SQL == y.SQL {
			return true
		}
		if len(x.Decisions) != len(y.Decisions) || len(x.Requested) != len(x.Decisions) || len(y.Requested) != len(y.Decisions) {
			return false
		}
		for i := range x.Decisions {
			if !slices.Equal(x.Requested[i], y.Requested[i]) || !sameSeen(&x.Decisions[i], &y.Decisions[i], x.Requested[i]) {
				return false
			}
		}
		return true
	})
}

// sameSeen reports that two decisions show the same rows and the same values of the columns; nil columns are all.
func sameSeen(a, b *policy.Decision, columns []string) bool {
	if a.Table.QualifiedName() != b.Table.QualifiedName() || !reflect.DeepEqual(a.Filter, b.Filter) {
		return false
	}
	if columns == nil {
		return slices.EqualFunc(a.Columns, b.Columns, func(x, y policy.ColumnDecision) bool {
			return x.Column.Name == y.Column.Name && reflect.DeepEqual(x.Mask, y.Mask)
		})
	}
	for _, name := range columns {
		x, had := a.Column(name)
		y, has := b.Column(name)
		if had != has || !reflect.DeepEqual(x.Mask, y.Mask) {
			return false
		}
	}
	return true
}

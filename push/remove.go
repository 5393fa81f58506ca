package push

import (
	"context"
	"errors"
	"fmt"
)

// Remove takes back and drops all that is maintained in the database, SystemSchema last. in.Program is only asked for its version. What cannot be
// dropped is among the findings.
func (s *Syncer) Remove(ctx context.Context, in Input) (_ *Report, err error) {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	in.Settings, s.last = s.config.Settings, nil
	if err := s.setRemoved(ctx, true); err != nil {
		return nil, err
	}
	conn, f, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if !f.prepared {
		return &Report{Plan: &Plan{}, Done: true}, nil
	}
	held, err := s.dialect().lock(ctx, s, conn, f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, held.release(ctx)) }()
	r := &run{s: s, in: in, want: &Desired{State: newState(), Bases: map[Relation]uint32{}, nothing: true}, conn: conn, facts: f, report: &Report{}}
	if err := r.run(ctx); err != nil {
		return r.report, err
	}
	if !r.report.Done {
		return r.report, errors.New("not all could be taken back: the schema " + SystemSchema + " is kept, which remembers what is ours")
	}
	for _, sql := range s.dialect().removal(f) {
		if err := s.run(ctx, conn, Statement{SQL: sql}); err != nil {
			return r.report, fmt.Errorf("dropping schema %s: %w", SystemSchema, err)
		}
	}
	return r.report, nil
}

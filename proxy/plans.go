package proxy

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/posternsql/postern/rewrite"
)

// Answers to EXPLAIN. The warehouse's is one row of JSON, or of a Redshift a row for each line, which is never handed on: the rewriter makes of it what
// the client is told, in the form that the client asked for.

const (
	// maxPlan bounds how much of a plan is held.
	maxPlan = 32 << 20
	// notShown stands for a plan that cannot be read.
	notShown = "the plan cannot be shown"
	// Type OIDs of the column (pg_type.dat).
	oidText, oidJSON, oidXML = 25, 114, 142
)

// planColumns replaces a RowDescription by that of the client's form. The format code is the one that the client bound.
func (r *relay) planColumns(ctx context.Context, x *rewrite.Explain, length int) error {
	if !r.upstream.fits(length) {
		return r.lost(errUpstreamOrder)
	}
	body, err := r.whole(ctx, length)
	if err != nil {
		return err
	}
	if len(body) < 2 {
		return r.lost(errUpstreamOrder)
	}
	oid := uint32(oidText)
	switch x.Format {
	case rewrite.PlanJSON:
		oid = oidJSON
	case rewrite.PlanXML:
		oid = oidXML
	case rewrite.PlanText, rewrite.PlanYAML:
	}
	column := append([]byte{0, 1}, "QUERY PLAN\x00\x00\x00\x00\x00\x00\x00"...)
	column = binary.BigEndian.AppendUint32(column, oid)
	column = append(column, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // any length, no modifier
	column = append(column, body[len(body)-2:]...)
	r.consume(length, false)
	r.out.write(appendMessage(r.scrap[:0], 'T', column))
	return nil
}

// plan replaces a row of an EXPLAIN.
func (r *relay) plan(ctx context.Context, run *running, length int) error {
	if length > maxPlan {
		return r.lost(errUpstreamOrder)
	}
	var row []byte
	r.forward()
	r.upstream.skip(headerSize)
	for rest := length; rest > 0; {
		if r.upstream.buffered() == 0 {
			if err := r.refill(ctx); err != nil {
				return err
			}
		}
		n := min(rest, r.upstream.buffered())
		row = append(row, r.upstream.buf[r.upstream.read:r.upstream.read+n]...)
		r.upstream.skip(n)
		rest -= n
	}
	for _, line := range r.shownPlan(run, row) {
		m := binary.BigEndian.AppendUint32([]byte{0, 1}, uint32(len(line)))
		m = append(m, line...)
		run.rows++
		run.bytes += int64(len(m))
		r.out.write(appendMessage(nil, 'D', m))
	}
	return nil
}

// shownPlan is what the client is told of a row of a plan: of its one document, or of one line.
func (r *relay) shownPlan(run *running, row []byte) []string {
	if len(row) < 6 || !bytes.Equal(row[:2], []byte{0, 1}) {
		return []string{notShown}
	}
	if run.plan == nil {
		run.plan = run.statement.Explain.Lines()
	}
	if run.plan != nil {
		if line, ok := run.plan.Line(string(row[6:])); ok {
			return []string{line}
		}
		return nil
	}
	lines, err := run.statement.Explain.Rows(row[6:])
	if err != nil {
		r.log.Error("a plan cannot be shown", "session", r.id, "statement", run.id, "error", err)
		return []string{notShown}
	}
	return lines
}

// explained is how the answer to a message is told that is about an EXPLAIN; nil for any other.
func (e *expected) explained() *rewrite.Explain {
	if e.awaits == awaitDescribe {
		return e.explain
	}
	if run := e.current(); run != nil {
		return run.statement.Explain
	}
	return nil
}

package redshift

import pg "github.com/pganalyze/pg_query_go/v6"

// The bits of a frame (parsenodes.h of PostgreSQL).
const (
	frameRange           = 0x2
	frameRows            = 0x4
	frameGroups          = 0x8
	frameBetween         = 0x10
	frameNondefault      = 0x1
	frameExclusions      = 0x8000 | 0x10000 | 0x20000
	startUnbounded       = 0x20
	endUnbounded         = 0x100
	startCurrent         = 0x200
	endCurrent           = 0x400
	startOffsetPreceding = 0x800
	endOffsetPreceding   = 0x1000
	startOffsetFollowing = 0x2000
	endOffsetFollowing   = 0x4000
)

// over prints OVER (…).
func (p *printer) over(f *pg.FuncCall) {
	w := f.Over
	if w == nil {
		return
	}
	p.must(w.Name == "" && w.Refname == "", "a window by name")
	p.put(" OVER (")
	gap := ""
	if len(w.PartitionClause) > 0 {
		p.put("PARTITION BY ")
		p.list(w.PartitionClause, p.expr)
		gap = " "
	}
	if len(w.OrderClause) > 0 {
		p.put(gap, "ORDER BY ")
		p.list(w.OrderClause, p.sort)
		gap = " "
	}
	p.frame(w, gap)
	p.put(")")
}

// frame prints ROWS and RANGE frames (Database Developer Guide, "Window function syntax summary").
func (p *printer) frame(w *pg.WindowDef, gap string) {
	o := w.FrameOptions
	if o&frameNondefault == 0 {
		return
	}
	p.must(o&frameExclusions == 0, "EXCLUDE in a window")
	p.must(o&frameGroups == 0, "GROUPS in a window")
	switch {
	case o&frameRows != 0:
		p.put(gap, "ROWS ")
	case o&frameRange != 0:
		p.put(gap, "RANGE ")
	}
	if o&frameBetween != 0 {
		p.put("BETWEEN ")
	}
	switch {
	case o&startUnbounded != 0:
		p.put("UNBOUNDED PRECEDING")
	case o&startCurrent != 0:
		p.put("CURRENT ROW")
	case o&startOffsetPreceding != 0:
		p.expr(w.StartOffset)
		p.put(" PRECEDING")
	case o&startOffsetFollowing != 0:
		p.expr(w.StartOffset)
		p.put(" FOLLOWING")
	default:
		p.refuse("this frame of a window")
	}
	if o&frameBetween == 0 {
		return
	}
	p.put(" AND ")
	switch {
	case o&endUnbounded != 0:
		p.put("UNBOUNDED FOLLOWING")
	case o&endCurrent != 0:
		p.put("CURRENT ROW")
	case o&endOffsetPreceding != 0:
		p.expr(w.EndOffset)
		p.put(" PRECEDING")
	case o&endOffsetFollowing != 0:
		p.expr(w.EndOffset)
		p.put(" FOLLOWING")
	default:
		p.refuse("this frame of a window")
	}
}

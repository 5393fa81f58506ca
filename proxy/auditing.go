package proxy

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
)

// purpose says what a text is about to be used for.
type purpose uint8

const (
	querying purpose = iota + 1
	parsing
	executing
)

// How a refused text arrived.
const (
	simpleProtocol   = audit.Simple
	extendedProtocol = audit.Extended
)

// begin starts the audit of one statement: its event is on record before the batch that holds it is sent.
func (r *relay) begin(v *verdict, s *rewrite.Statement, sql string, what purpose) *running {
	r.count++
	run := &running{statement: s, verdict: v, began: time.Now(), whole: r.exempt && what == querying}
	if s.Kind == rewrite.KindEmpty {
		run.silent = true
		return run
	}
	run.id = r.id + "-" + strconv.FormatUint(r.count, 10)
	e := r.event(audit.Statement)
	e.ID, e.Time = run.id, run.began
	e.User, e.Project, e.Purposes = v.who.User(), v.who.Project(), v.who.Purposes()
	e.Protocol, e.Statement = extendedProtocol, kindName(s.Kind)
	switch what {
	case querying:
		e.Protocol = simpleProtocol
	case parsing:
		e.Statement = "PARSE " + e.Statement
	case executing:
	}
	e.SQL, e.Rewritten, e.Target = sql, s.SQL, s.Destination
	e.Sources = r.sources(s)
	e.Program, e.Cached, e.Exempt = strconv.FormatUint(v.version, 10), v.cached, r.exempt
	r.events = append(r.events, e)
	run.event = len(r.events)
	run.batch = r.batches
	return run
}

// covered drops the record of a Parse that is still waiting, because an Execute of it in the same batch has the same text.
func (r *relay) covered(parse *running) {
	if parse == nil || parse.silent || parse.batch != r.batches || parse.event == 0 || parse.event > len(r.events) {
		return
	}
	r.events[parse.event-1].Kind = ""
	parse.silent = true
}

// record makes the waiting events safe. An error means that nothing of the batch may be sent.
func (r *relay) record(ctx context.Context) error {
	if len(r.events) == 0 {
		return nil
	}
	events := slices.DeleteFunc(r.events, func(e audit.Event) bool { return e.Kind == "" })
	err := r.cfg.Audit.Record(ctx, events...)
	clear(r.events)
	r.events = r.events[:0]
	r.batches++
	if err == nil {
		r.cfg.Metrics.statements.WithLabelValues("allowed").Add(float64(len(events)))
		return nil
	}
	r.cfg.Metrics.auditFailures.Inc()
	r.log.Error("audit log refused an event; the statement was not sent", "session", r.id, "error", err)
	return pgerror.Unavailable("the audit log is not available, so nothing was run")
}

// finish puts on record what came of statements.
func (r *relay) finish(runs ...*running) {
	for _, run := range runs {
		if run.done {
			continue
		}
		run.done = true
		if run.silent {
			continue
		}
		e := r.event(audit.End)
		e.ID, e.User = run.id, run.verdict.who.User()
		e.Duration = time.Since(run.began)
		e.SQLState, e.Error, e.CommandTag = run.sqlstate, run.message, run.tag
		e.Rows, e.Bytes = run.rows, run.bytes
		if err := r.cfg.Audit.RecordLater(e); err != nil {
			r.log.Error("audit log lost the end of a statement", "session", r.id, "statement", run.id, "error", err)
		}
		r.cfg.Metrics.ended(run.sqlstate, run.rows, run.bytes, e.Duration)
	}
}

// refuse puts a refused text on record. The refusal stands whether or not that works.
func (r *relay) refuse(v *verdict, sql string, protocol audit.Protocol, why error) {
	r.count++
	e := r.event(audit.Refused)
	e.ID = r.id + "-" + strconv.FormatUint(r.count, 10)
	if !v.who.IsZero() {
		e.User, e.Project, e.Purposes = v.who.User(), v.who.Project(), v.who.Purposes()
	}
	e.Protocol, e.SQL, e.Exempt = protocol, sql, r.exempt
	e.Program = strconv.FormatUint(v.version, 10)
	var told *pgerror.Error
	if e.SQLState = pgerror.CodeInternal; errors.As(why, &told) {
		e.SQLState, e.Error = told.Code, told.Message
	}
	if err := r.cfg.Audit.Record(context.Background(), e); err != nil {
		r.log.Error("audit log lost a refusal", "session", r.id, "error", err)
	}
	r.cfg.Metrics.statements.WithLabelValues("refused").Inc()
}

// event has what all events of a session share.
func (s *session) event(kind audit.Kind) audit.Event {
	return audit.Event{Kind: kind, Session: s.id, Client: s.address, Login: s.params.user, User: s.acting(),
		Application: s.application, Connection: s.params.database, Exempt: s.exempt}
}

// sources describes the decisions that were spliced into a statement.
func (r *relay) sources(s *rewrite.Statement) []audit.Source {
	if len(s.Decisions) == 0 {
		return nil
	}
	out := make([]audit.Source, 0, len(s.Decisions))
	for i := range s.Decisions {
		d := &s.Decisions[i]
		source := audit.Source{RowFilter: d.Filtered()}
		if d.Table != nil {
			source.Name = r.params.database + "." + d.Table.QualifiedName()
		}
		var requested []string
		if i < len(s.Requested) {
			requested = s.Requested[i]
		}
		source.ColumnsRequested = requested
		if i < len(s.LookedUp) {
			source.ColumnsLookedUp = s.LookedUp[i]
		}
		for _, c := range d.Columns {
			if c.Kind != policy.MaskNone && (requested == nil || slices.Contains(requested, c.Column.Name)) {
				source.Masks = append(source.Masks, audit.Mask{Column: c.Column.Name, Kind: c.Kind.String()})
			}
		}
		for _, why := range d.Because {
			if !slices.Contains(source.Rules, why.Policy) {
				source.Rules = append(source.Rules, why.Policy)
			}
		}
		out = append(out, source)
	}
	return out
}

// kindName names a kind of statement on the record.
func kindName(k rewrite.Kind) string {
	switch k { //nolint:exhaustive // namedKindName has the others
	case rewrite.KindEmpty:
		return "EMPTY"
	case rewrite.KindSelect:
		return "SELECT"
	case rewrite.KindCopyOut:
		return "COPY"
	case rewrite.KindBegin:
		return "BEGIN"
	case rewrite.KindCommit:
		return "COMMIT"
	case rewrite.KindRollback:
		return "ROLLBACK"
	case rewrite.KindSavepoint:
		return "SAVEPOINT"
	case rewrite.KindRelease:
		return "RELEASE"
	case rewrite.KindRollbackTo:
		return "ROLLBACK TO"
	case rewrite.KindSet:
		return "SET"
	case rewrite.KindShow:
		return "SHOW"
	case rewrite.KindReset:
		return "RESET"
	case rewrite.KindDeallocate:
		return "DEALLOCATE"
	case rewrite.KindDiscard:
		return "DISCARD"
	}
	return namedKindName(k)
}

// namedKindName goes on with kindName.
func namedKindName(k rewrite.Kind) string {
	switch k { //nolint:exhaustive // kindName has the others
	case rewrite.KindPrepare:
		return "PREPARE"
	case rewrite.KindExecute:
		return "EXECUTE"
	case rewrite.KindDeclare:
		return "DECLARE"
	case rewrite.KindFetch:
		return "FETCH"
	case rewrite.KindMove:
		return "MOVE"
	case rewrite.KindExplain:
		return "EXPLAIN"
	case rewrite.KindUnlisten:
		return "UNLISTEN"
	case rewrite.KindClose:
		return "CLOSE"
	case rewrite.KindInsert:
		return "INSERT"
	case rewrite.KindUpdate:
		return "UPDATE"
	case rewrite.KindDelete:
		return "DELETE"
	case rewrite.KindMerge:
		return "MERGE"
	case rewrite.KindTruncate:
		return "TRUNCATE"
	case rewrite.KindCopyIn:
		return "COPY FROM"
	case rewrite.KindCreateTable:
		return "CREATE TABLE"
	case rewrite.KindDropTable:
		return "DROP TABLE"
	case rewrite.KindUnload:
		return "UNLOAD"
	}
	return "UNKNOWN"
}

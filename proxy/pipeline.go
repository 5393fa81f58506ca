package proxy

import (
	"time"

	"github.com/posternsql/postern/rewrite"
)

// awaits says what answers one message that was sent upstream.
type awaits uint8

// The closed set of expected responses.
const (
	awaitParse    awaits = iota + 1 // ParseComplete
	awaitBind                       // BindComplete
	awaitDescribe                   // ParameterDescription if of a statement, then RowDescription or NoData
	awaitExecute                    // rows, then CommandComplete, EmptyQueryResponse or PortalSuspended
	awaitClose                      // CloseComplete
	awaitSync                       // ReadyForQuery
	awaitQuery                      // any number of results, then ReadyForQuery
	awaitFailure                    // an error that we provoked; it is not for the client
)

// expected is one entry of the queue: what must come back, and what to do then.
type expected struct {
	awaits awaits
	// silent replies answer messages of our own; they are not handed on.
	silent bool
	// undo takes back what was assumed when the message was sent. It runs when the message failed or was skipped.
	undo func()
	// describes is the statement whose result's shape the answer tells.
	describes *statement
	// explain says how the described plan is told.
	explain *rewrite.Explain
	// unnamed marks the Parse of the unnamed statement, which is gone if it fails.
	unnamed bool
	// quiet marks the Describe of a statement whose rows are not for the client.
	quiet bool
	// places turns a position in the text that was sent into one in the client's; nil where there is none.
	places func(int) int
	// run is the audited work of an Execute, Query or Parse; nil for others.
	run []*running
}

// running is one statement under way, from the audit's point of view.
type running struct {
	id        string
	statement *rewrite.Statement
	verdict   *verdict
	on        *target // what it runs by its name, nil for most
	began     time.Time
	event     int    // its place among the waiting events, from 1
	batch     uint64 // in which it waits
	rows      int64
	bytes     int64
	tag       string
	sqlstate  string
	message   string
	done      bool
	silent    bool                // not on record: there is nothing to it, or another event covers it
	plan      *rewrite.PlanReader // of an EXPLAIN that is told line by line, once its first line has come
	whole     bool                // a text that was not taken apart (exempt users): the statements in it are not counted
}

// queue holds the expected responses in order. It is empty whenever the client is listened to.
type queue struct {
	items []expected
	head  int
}

func (q *queue) push(e expected) { q.items = append(q.items, e) }

func (q *queue) empty() bool { return q.head == len(q.items) }

// front is valid until the next push.
func (q *queue) front() *expected {
	if q.empty() {
		return nil
	}
	return &q.items[q.head]
}

func (q *queue) pop() {
	q.items[q.head] = expected{}
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
}

// outstanding are the entries not answered yet, in order.
func (q *queue) outstanding() []expected { return q.items[q.head:] }

// fail removes what the warehouse skips after an error: everything up to, not including, the next Sync. It returns the
// removed entries in order, the failed one first, and whether a Sync follows.
func (q *queue) fail() (removed []expected, synced bool) {
	end := q.head
	for end < len(q.items) && q.items[end].awaits != awaitSync {
		end++
	}
	removed = append(removed, q.items[q.head:end]...)
	for q.head < end {
		q.pop()
		if len(q.items) == 0 {
			break
		}
	}
	return removed, !q.empty()
}

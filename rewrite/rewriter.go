package rewrite

import (
	"time"

	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite/redshift"
)

// Request is one client text with everything that changes its meaning.
type Request struct {
	// SQL as the client sent it: one string of a Query or a Parse message.
	SQL string
	// Program and Principal decide; both are resolved anew for each statement.
	Program   *policy.Program
	Principal identity.Principal
	// SearchPath is the client's effective path, already resolved: "$user" replaced by the user's name, without pg_catalog
	// (which is always searched first) and without pg_temp.
	SearchPath []string
	// PathSettled says that no SET of search_path waits in the open transaction, so that its end cannot bring another path
	// back. False is always safe: then an unqualified table name behind COMMIT or ROLLBACK in one string is refused.
	PathSettled bool
	// ParamTypes are the type OIDs that a Parse message declared. They take part in the cache key.
	ParamTypes []uint32
	// Database is the name that the client connected to; database-qualified names must equal it.
	Database string
	// Names tells of the session's own prepared statements and cursors; nil has none. It is called only for a text that asks for
	// them, whose result is then not kept.
	Names func() Names
	// Single refuses more than one statement (extended protocol).
	Single bool
	// unload is set for the query of an UNLOAD.
	unload *redshift.Unload
}

// Names are the client's own texts by the names that it gave them.
type Names struct{ Prepared, Cursors map[string]string }

// Kind classifies a statement for the session.
type Kind uint8

// The kinds of statement that are let through.
const (
	// KindEmpty is an empty string or only comments.
	KindEmpty Kind = iota + 1
	KindSelect
	// KindCopyOut is COPY (query) TO STDOUT.
	KindCopyOut
	KindBegin
	KindCommit
	KindRollback
	KindSavepoint
	KindRelease
	KindRollbackTo
	KindSet
	KindShow
	KindReset
	KindDeallocate
	KindDiscard
	// KindPrepare is PREPARE … AS query, KindExecute is EXECUTE.
	KindPrepare
	KindExecute
	// KindDeclare is DECLARE … CURSOR FOR query; KindFetch, KindMove and KindClose are about one.
	KindDeclare
	KindFetch
	KindMove
	KindClose
	// KindExplain is EXPLAIN of a query. The warehouse answers in JSON; Statement.Explain makes of it what the client is told.
	KindExplain
	// Statements that write.
	KindInsert
	KindUpdate
	KindDelete
	KindMerge
	KindTruncate
	// KindCopyIn is COPY table FROM STDIN.
	KindCopyIn
	// KindCreateTable and KindDropTable are about a table in a person's sandbox.
	KindCreateTable
	KindDropTable
	// KindUnlisten is UNLISTEN; nobody listens, since LISTEN is refused.
	KindUnlisten
	// KindUnload is UNLOAD of a query to S3, on a Redshift.
	KindUnload
)

// Statement is one guarded statement, ready to be sent.
type Statement struct {
	Kind Kind
	// SQL is text that Postern printed. It is never the client's.
	SQL string
	// Tag replaces the command tag of CommandComplete; "" leaves the warehouse's.
	Tag string
	// Setting is what a SET, RESET or SHOW is about, lower case; "" for RESET ALL and for other kinds.
	Setting string
	// Values of a SET of search_path: the schemas as given. Nil for SET … TO DEFAULT and RESET.
	Values []string
	// Local marks SET LOCAL.
	Local bool
	// Name is the savepoint, or the prepared statement of DEALLOCATE ("" for ALL). For DISCARD it is ALL, PLANS, SEQUENCES or
	// TEMP. For PREPARE and EXECUTE it is the prepared statement, for DECLARE, FETCH, MOVE and CLOSE the cursor ("" for CLOSE ALL).
	Name string
	// Inner is the kind of the query inside PREPARE, DECLARE and EXPLAIN.
	Inner Kind
	// Hold marks DECLARE … WITH HOLD.
	Hold bool
	// Explain says how the answer to an EXPLAIN is told; nil for other kinds.
	Explain *Explain
	// Runs is, for EXPLAIN of EXECUTE, the client's text of the prepared statement by which it was judged. While the name stands for anything else it
	// must not be sent.
	Runs string
	// Chain marks COMMIT/ROLLBACK AND CHAIN.
	Chain bool
	// Decisions that were spliced in, for audit; one per distinct source.
	Decisions []policy.Decision
	// Requested has, per entry of Decisions, the columns that the client's own text touches; nil means all.
	Requested [][]string
	// LookedUp has, per entry of Decisions, the masked columns whose raw value the statement compares with constants.
	LookedUp [][]string
	// Fleeting marks what rests on the session's own names; it is not kept in the cache.
	Fleeting bool
	// Written is the table that the statement writes, by the name that the client gave it; "" for others.
	Written string
	// Destination is where an UNLOAD writes to; "" for others.
	Destination string
	// Completed, where it is set, has to be called when the warehouse has said that the statement succeeded.
	Completed func()
	// Quiet marks a statement whose rows are not for the client: it has a RETURNING of ours, that checks what is written.
	Quiet bool
	// Places says where in the client's text the nodes of SQL stand, in order of Printed; see ClientPosition.
	Places []Place
	// Text is the part of the client's text that this statement is.
	Text string
}

// Result is what a Request became.
type Result struct {
	Statements []Statement
	// Cached reports that the result was found in the cache.
	Cached bool
	// ValidUntil is the earliest end of a decision that the result rests on, denials included; zero means until the next
	// program.
	ValidUntil time.Time
}

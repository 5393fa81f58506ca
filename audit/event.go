package audit

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what happened. The set is closed; the zero value is refused.
type Kind string

// The kinds of events.
const (
	// Connect is a client that was authenticated and has a session.
	Connect Kind = "connect"
	// Disconnect is the end of such a session.
	Disconnect Kind = "disconnect"
	// AuthFailure is a client that could not prove who it is. User and Login
	// are what it claimed.
	AuthFailure Kind = "auth_failure"
	// Statement is a statement that is about to be sent to the warehouse.
	Statement Kind = "statement"
	// End is the completion, good or bad, of the Statement with the same ID.
	End Kind = "end"
	// Refused is a statement that was not sent to the warehouse.
	Refused Kind = "refused"
	// Direct is a statement that a warehouse's own log says somebody ran there, past the proxy. ID is the warehouse's name of
	// the session and the number of the entry in it.
	Direct Kind = "direct"
	// Admin is a change of configuration, people or policies, and what the
	// audit log itself has to say (Action begins with "audit.").
	Admin Kind = "admin"
)

// Valid says whether k is one of the kinds.
func (k Kind) Valid() bool {
	switch k {
	case Connect, Disconnect, AuthFailure, Statement, End, Refused, Direct, Admin:
		return true
	}
	return false
}

// Protocol says how a statement arrived.
type Protocol string

// The ways in which a statement or a change arrives.
const (
	// Simple is a Query message.
	Simple Protocol = "simple"
	// Extended is Parse, Bind and Execute.
	Extended Protocol = "extended"
	// API is the administrators' HTTP interface.
	API Protocol = "api"
	// Procedure is a procedure that somebody called in a warehouse.
	Procedure Protocol = "procedure"
)

// Event is one record. Fields that do not apply are left zero and are not
// written. All strings may hold anything: they are bounded, and what is not
// UTF-8 is replaced when they are written.
type Event struct {
	// Seq is the record's number, from 1, without gaps. Set by the Log.
	Seq uint64 `json:"seq"`
	// Time is when it happened; zero means when it is recorded. Written as
	// RFC 3339 with up to nanoseconds, in UTC.
	Time time.Time `json:"time"`
	// Kind is required.
	Kind Kind `json:"kind"`
	// ID links a Statement with its End. Required for both, and for Refused
	// where the statement had got one.
	ID string `json:"id"`
	// Session is the proxy's own name of the session.
	Session string `json:"session"`
	// Client is the address of the client, host:port.
	Client string `json:"client"`
	// Login is the person who authenticated: who really asked.
	Login string `json:"login"`
	// User is the person as whom the statement was decided; it differs from
	// Login when somebody impersonates.
	User string `json:"user"`
	// Application is the client's application_name.
	Application string `json:"application_name"`
	// Connection is the name of the warehouse.
	Connection string `json:"connection"`
	// Project is the project in which the person acted.
	Project string `json:"project"`
	// Purposes are the purposes that were acknowledged for it.
	Purposes []string `json:"purposes"`
	// Protocol is how the statement arrived.
	Protocol Protocol `json:"protocol"`
	// Statement is the kind of statement, such as SELECT or COPY.
	Statement string `json:"statement"`
	// SQL is the client's text. A text beyond Config.MaxSQLBytes is cut, ends
	// in the mark TruncationMark, and has SQLBytes and SQLSHA256.
	SQL string `json:"sql"`
	// SQLBytes is the full length of a text that was cut. Set by the Log.
	SQLBytes int64 `json:"sql_bytes"`
	// SQLSHA256 is the SHA-256, in hex, of all of a text that was cut. Set by
	// the Log.
	SQLSHA256 string `json:"sql_sha256"`
	// Rewritten is the text that was sent to the warehouse, bounded as SQL is.
	Rewritten string `json:"rewritten"`
	// RewrittenBytes is to Rewritten what SQLBytes is to SQL.
	RewrittenBytes int64 `json:"rewritten_bytes"`
	// RewrittenSHA256 is to Rewritten what SQLSHA256 is to SQL.
	RewrittenSHA256 string `json:"rewritten_sha256"`
	// Sources are the tables that the statement touches, and their decisions.
	Sources []Source `json:"sources"`
	// Program is the version of the policies that decided.
	Program string `json:"program"`
	// Cached says that an earlier rewrite of the same text served.
	Cached bool `json:"cached"`
	// Exempt says that the person is exempt and the text was sent unchanged.
	Exempt bool `json:"exempt"`
	// SQLState is the error code that the client got.
	SQLState string `json:"sqlstate"`
	// Error is the error's message, as far as it may be kept.
	Error string `json:"error"`
	// CommandTag is what the warehouse answered, such as "SELECT 5".
	CommandTag string `json:"command_tag"`
	// Rows is the number of rows that were sent to the client.
	Rows int64 `json:"rows"`
	// Bytes is the number of bytes that were sent to the client.
	Bytes int64 `json:"bytes"`
	// Duration is the time from the statement's arrival to its end, written
	// as duration_ms in milliseconds with microseconds as the fraction.
	Duration time.Duration `json:"-"`
	// Action names an administrative change, such as "policy.apply".
	Action string `json:"action"`
	// Target is what the change was made to, and for an UNLOAD the place that it writes to.
	Target string `json:"target"`
	// Detail says more of the change in words.
	Detail string `json:"detail"`
	// Prev is the hash of the record before, in hex. Set by the Log.
	Prev string `json:"prev"`
	// Hash is the record's own hash, in hex. Set by the Log.
	Hash string `json:"hash"`
}

// Source is one table that a statement touches and what was decided about it.
type Source struct {
	// Name is connection.schema.table.
	Name string `json:"name"`
	// ColumnsRequested are the columns that the client's statement uses.
	ColumnsRequested []string `json:"columns_requested"`
	// ColumnsUsedByPolicy are columns that only the policies' own row filters
	// and masks read.
	ColumnsUsedByPolicy []string `json:"columns_used_by_policy"`
	// ColumnsLookedUp are masked columns whose raw value the statement compares with constants.
	ColumnsLookedUp []string `json:"columns_looked_up"`
	// RowFilter says whether rows are hidden.
	RowFilter bool `json:"row_filter"`
	// Masks are the masked columns among ColumnsRequested.
	Masks Masks `json:"masks"`
	// Rules name the policies that caused the decision.
	Rules []string `json:"rules"`
}

// Mask is a masked column and the kind of its mask, such as "hash".
type Mask struct {
	Column string
	Kind   string
}

// Masks are written as a JSON object from column to kind, in the order given.
type Masks []Mask

// ErrInvalid is wrapped by the errors of Record for an event that cannot be
// recorded whatever the state of the disk.
var ErrInvalid = errors.New("invalid audit event")

// Validate says whether the event may be recorded.
func (e *Event) Validate() error {
	if !e.Kind.Valid() {
		return fmt.Errorf("%w: unknown kind %.40q", ErrInvalid, string(e.Kind))
	}
	if e.ID == "" && (e.Kind == Statement || e.Kind == End || e.Kind == Direct) {
		return fmt.Errorf("%w: kind %s without an id", ErrInvalid, e.Kind)
	}
	if year := e.Time.UTC().Year(); !e.Time.IsZero() && (year < 1 || year > 9999) {
		return fmt.Errorf("%w: the year %d has no RFC 3339 form", ErrInvalid, year)
	}
	return nil
}

package pgerror

import "fmt"

// The SQLSTATEs that Postern itself answers with (PostgreSQL manual, Appendix A).
const (
	CodeUndefinedTable        = "42P01"
	CodeUndefinedColumn       = "42703"
	CodeAmbiguousColumn       = "42702"
	CodeInsufficientPrivilege = "42501"
	CodeSyntaxError           = "42601"
	CodeFeatureNotSupported   = "0A000"
	CodeLimitExceeded         = "54000"
	CodeTooComplex            = "54001"
	CodeInvalidPassword       = "28P01"
	CodeInvalidAuthorization  = "28000"
	CodeInvalidCatalogName    = "3D000"
	CodeCannotConnectNow      = "57P03"
	CodeAdminShutdown         = "57P01"
	CodeQueryCanceled         = "57014"
	CodeTooManyConnections    = "53300"
	CodeConnectionFailure     = "08006"
	CodeProtocolViolation     = "08P01"
	CodeInvalidParameter      = "22023"
	CodeCharacterNotInRep     = "22021"
	CodeCantChangeParam       = "55P02"
	CodeInvalidStatementName  = "26000"
	CodeInvalidCursorName     = "34000"
	CodeDuplicateStatement    = "42P05"
	CodeInFailedTransaction   = "25P02"
	CodeActiveTransaction     = "25001"
	CodeInternal              = "XX000"
)

// UndefinedTable answers for a table that is not there and for one that the person may not see: one text for both. name is printed as the client
// wrote it, without quotes of its own. source says of what to ask for access, a connection, a schema and a table: as the client's own words and
// settings name them, never as a look-up found them, or the hint would tell what there is.
func UndefinedTable(name string, source ...string) *Error {
	return &Error{Code: CodeUndefinedTable, Message: fmt.Sprintf("relation %q does not exist", name), Hint: requestAccessHint(source)}
}

// UndefinedColumn answers for a column that is not there and for one that is hidden.
func UndefinedColumn(name string) *Error {
	return &Error{Code: CodeUndefinedColumn, Message: fmt.Sprintf("column %q does not exist", name)}
}

// InsufficientPrivilege answers an action, column or function on something visible that policy denies.
func InsufficientPrivilege(format string, args ...any) *Error {
	return &Error{Code: CodeInsufficientPrivilege, Message: fmt.Sprintf(format, args...)}
}

// Syntax answers text that cannot be parsed; position counts characters from 1, 0 if unknown.
func Syntax(message string, position int) *Error {
	return &Error{Code: CodeSyntaxError, Message: message, Position: position}
}

// NotSupported answers a statement, function, type or FROM item that is not on the allow-list; what names it.
func NotSupported(format string, args ...any) *Error {
	return &Error{Code: CodeFeatureNotSupported, Message: fmt.Sprintf(format, args...)}
}

// LimitExceeded answers input that is too large.
func LimitExceeded(format string, args ...any) *Error {
	return &Error{Code: CodeLimitExceeded, Message: fmt.Sprintf(format, args...)}
}

// TooComplex answers input that is nested too deeply.
func TooComplex(format string, args ...any) *Error {
	return &Error{Code: CodeTooComplex, Message: fmt.Sprintf(format, args...)}
}

// AuthenticationFailed is the one text for every cause of a failed log-in.
func AuthenticationFailed(user string) *Error {
	return &Error{Severity: SeverityFatal, Code: CodeInvalidPassword, Message: fmt.Sprintf("password authentication failed for user %q", user)}
}

// Unavailable answers when there is no program, it is stale, or the audit log is down.
func Unavailable(why string) *Error {
	return &Error{Code: CodeCannotConnectNow, Message: why}
}

// Protocol answers a client that broke the protocol.
func Protocol(format string, args ...any) *Error {
	return &Error{Severity: SeverityFatal, Code: CodeProtocolViolation, Message: fmt.Sprintf(format, args...)}
}

// TooManyConnections answers a client beyond a session limit.
func TooManyConnections(message string) *Error {
	return &Error{Severity: SeverityFatal, Code: CodeTooManyConnections, Message: message}
}

// ShuttingDown answers while the server drains.
func ShuttingDown() *Error {
	return &Error{Severity: SeverityFatal, Code: CodeAdminShutdown, Message: "terminating connection due to administrator command"}
}

// UpstreamUnreachable answers when the warehouse cannot be reached.
func UpstreamUnreachable(connection string) *Error {
	return &Error{Severity: SeverityFatal, Code: CodeConnectionFailure, Message: fmt.Sprintf("the warehouse behind database %q cannot be reached", connection)}
}

// UnknownDatabase answers a start-up packet that names no registered connection.
func UnknownDatabase(name string) *Error {
	return &Error{Severity: SeverityFatal, Code: CodeInvalidCatalogName, Message: fmt.Sprintf("database %q does not exist", name)}
}

// Internal answers our own bug; the detail is in the log under the same id.
func Internal(id string) *Error {
	return &Error{Code: CodeInternal, Message: "internal error " + id, Hint: "The server's log has the detail under this id."}
}

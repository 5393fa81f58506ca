package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// MaxPayloadBytes bounds a batch: AWS lets no more through in a synchronous invocation (Lambda quotas, "Invocation payload").
const MaxPayloadBytes = 6 << 20

// Request is a batch of calls of one function, as Redshift sends it. A field that this package does not know is let pass.
type Request struct {
	ID       string `json:"request_id"`
	Cluster  string `json:"cluster"`
	User     string `json:"user"`
	Database string `json:"database"`
	// Function is the name with which it was created, with or without its schema.
	Function string `json:"external_function"`
	QueryID  int64  `json:"query_id"`
	// Records is how many calls there are.
	Records int `json:"num_records"`
	// Arguments are those of each call; a call without any is one of which every argument is NULL.
	Arguments [][]*string `json:"arguments"`
}

// Response is what becomes of a batch: as many results, in the same order, or an error.
type Response struct {
	Success bool   `json:"success"`
	Error   string `json:"error_msg,omitempty"`
	Records int    `json:"num_records"`
	Results []any  `json:"results"`
}

// errPayload is told to the cluster: what came is not a batch.
var errPayload = errors.New("the request is not a batch of a Redshift Lambda UDF")

// readRequest reads a batch. An error never holds any of it.
func readRequest(payload []byte) (*Request, error) {
	if len(payload) > MaxPayloadBytes {
		return nil, fmt.Errorf("%w: it is larger than %d bytes", errPayload, MaxPayloadBytes)
	}
	// The decoder would replace what is no UTF-8, and the mask of something else would come back.
	if !utf8.Valid(payload) {
		return nil, fmt.Errorf("%w: it is not UTF-8", errPayload)
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	var r Request
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("%w: it cannot be read", errPayload)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something comes after it", errPayload)
	}
	if r.Records != len(r.Arguments) {
		return nil, fmt.Errorf("%w: it says %d calls and has %d", errPayload, r.Records, len(r.Arguments))
	}
	if r.Function == "" || r.User == "" || r.Cluster == "" {
		return nil, fmt.Errorf("%w: it names no function, user or cluster", errPayload)
	}
	return &r, nil
}

// name is the function's, without its schema and quotes.
func (r *Request) name() string {
	name := r.Function[strings.LastIndexByte(r.Function, '.')+1:]
	return strings.Trim(name, `"`)
}

package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/tokenize"
)

// maxBody bounds a request to the API.
const maxBody = 1 << 20

// State is what decides at one moment, as control.Generation has it.
type State interface {
	Principal(login string) (identity.Principal, error)
	Program(database string) (*policy.Program, bool)
	Token(digest [32]byte) (control.Token, bool)
	Connections() []string
	TokenDomain(name string) (*tokenize.Domain, error)
}

// Rewriter turns SQL text into guarded SQL.
type Rewriter interface {
	Rewrite(ctx context.Context, r rewrite.Request) (*rewrite.Result, error)
}

// Recorder is the audit log.
type Recorder interface {
	// Record returns nil when the events are safe. An error means: do not proceed.
	Record(ctx context.Context, events ...audit.Event) error
}

// API is what the routes under /v1 consume.
type API struct {
	// Current returns what decides now; an error refuses every request (503).
	Current  func() (State, error)
	Rewriter Rewriter
	Audit    Recorder
	// Dialect prints filters and masks.
	Dialect sqlgen.Dialect
	// FirstToken is the digest of the token that the server itself made, of role admin; zero is none.
	FirstToken [32]byte
	// Now tells the time; nil is time.Now.
	Now func() time.Time
	// Limits say how often it may be asked.
	Limits Limits

	log    *slog.Logger
	limits limits
}

func (a *API) validate() error {
	if a.Current == nil || a.Rewriter == nil || a.Audit == nil {
		return errors.New("api: current, rewriter and audit are wanted")
	}
	return a.Limits.validate()
}

func (a *API) routes(mux *http.ServeMux, log *slog.Logger) {
	a.log = log
	if a.Now == nil {
		a.Now = time.Now
	}
	mux.HandleFunc("POST /v1/reveal", a.allowed(a.reveal, "admin", "governor"))
	mux.HandleFunc("GET /v1/users/{name}/project", a.allowed(a.project, "admin", "governor", "auditor", resource.RolePerson))
	mux.HandleFunc("PUT /v1/users/{name}/project", a.allowed(a.setProject, "admin", "governor", resource.RolePerson))
	mux.HandleFunc("POST /v1/users/{name}/acknowledgements", a.allowed(a.acknowledge, resource.RolePerson))
	mux.HandleFunc("POST /v1/decisions", a.allowed(a.decisions, "admin", "governor", "auditor"))
	mux.HandleFunc("POST /v1/explain", a.allowed(a.explain, "admin", "governor", "auditor"))
}

// failure is an answer other than 200.
type failure struct {
	status int
	// Message reaches the client.
	message string
	// code is a SQLSTATE, where the rewriter refused a text.
	code string
	// detail and hint go with the message.
	detail, hint string
	// retryAfter is in how many seconds to try again, "" where that is not said.
	retryAfter string
}

func (f *failure) Error() string { return f.message }

func refuse(status int, format string, args ...any) *failure {
	return &failure{status: status, message: fmt.Sprintf(format, args...)}
}

// call is one request that is allowed.
type call struct {
	*http.Request
	token control.Token
	state State
}

// allowed lets in bearers of tokens of some roles. Everybody else gets 401 or 403, on record.
func (a *API) allowed(serve func(*call) (any, error), roles ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		c := &call{Request: r}
		answer, err := any(nil), a.admit(c, roles)
		if err == nil {
			answer, err = serve(c)
		}
		a.answer(w, answer, err)
	}
}

func (a *API) admit(c *call, roles []string) (err error) {
	if c.state, err = a.Current(); err != nil {
		return refuse(http.StatusServiceUnavailable, "no policies are in force; try again later")
	}
	text, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	known := false
	var digest [32]byte
	if ok && len(text) <= 4096 {
		digest = control.TokenDigest(strings.TrimSpace(text))
		c.token, known = a.bearer(c.state, digest)
	}
	if !known {
		ok, first, wait := a.limits.failed.take(addressOf(c.Request), a.Now())
		switch {
		case ok:
			return a.turnAway(c, refuse(http.StatusUnauthorized, "a valid token is wanted: Authorization: Bearer …"))
		case first:
			return a.turnAway(c, tooMany(wait))
		}
		return tooMany(wait) // on record once
	}
	if ok, first, wait := a.limits.token.take(digest, a.Now()); !ok {
		if first {
			return a.turnAway(c, tooMany(wait))
		}
		return tooMany(wait)
	}
	if !slices.Contains(roles, c.token.Role) {
		return a.turnAway(c, refuse(http.StatusForbidden, "a token of role %s may not do this", c.token.Role))
	}
	return nil
}

// bearer finds a token that has not expired.
func (a *API) bearer(s State, digest [32]byte) (control.Token, bool) {
	if a.FirstToken != ([32]byte{}) && digest == a.FirstToken {
		return control.Token{Name: "first admin token", Role: "admin"}, true
	}
	t, ok := s.Token(digest)
	return t, ok && (t.Expires.IsZero() || a.Now().Before(t.Expires))
}

// turnAway puts a refusal on record; the request is refused whether or not that works.
func (a *API) turnAway(c *call, f *failure) error {
	e := a.event(c, "api.refused", c.URL.Path)
	e.Error = f.message
	if err := a.Audit.Record(c.Context(), e); err != nil {
		a.log.Error("audit log lost a refused request", "error", err)
	}
	return f
}

func (a *API) event(c *call, action, target string) audit.Event {
	return audit.Event{Kind: audit.Admin, Protocol: audit.API, Time: a.Now(), Client: c.RemoteAddr, Login: c.token.Name,
		Action: action, Target: target}
}

// read decodes a JSON body strictly.
func (c *call) read(into any) error {
	if kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "the body must be application/json")
	}
	d := json.NewDecoder(c.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is something behind the object")
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", large.Limit)
	case err != nil:
		return refuse(http.StatusBadRequest, "reading the body: %s", err)
	}
	return nil
}

func (a *API) answer(w http.ResponseWriter, answer any, err error) {
	status := http.StatusOK
	var f *failure
	switch {
	case errors.As(err, &f):
		status = f.status
		answer = struct {
			Error    string `json:"error"`
			SQLState string `json:"sqlstate,omitempty"`
			Detail   string `json:"detail,omitempty"`
			Hint     string `json:"hint,omitempty"`
		}{f.message, f.code, f.detail, f.hint}
	case err != nil:
		a.log.Error("internal error", "error", err)
		status = http.StatusInternalServerError
		answer = map[string]string{"error": "internal error; the server's log has it"}
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if f != nil && f.retryAfter != "" {
		h.Set("Retry-After", f.retryAfter)
	}
	w.WriteHeader(status)
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(answer)
}

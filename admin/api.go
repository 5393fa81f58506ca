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
	"github.com/posternsql/postern/explain"
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
	// DialectOf, where it is set, prints them for a connection in place of Dialect.
	DialectOf func(connection string) sqlgen.Dialect
	// FirstToken is the digest of the token that the server itself made, of role admin; zero is none.
	FirstToken [32]byte
	// Resources are what is stored; nil leaves the routes out that change and show it.
	Resources Resources
	// Desk takes requests for access; nil leaves its routes out.
	Desk Desk
	// Objects are the warehouses' tables and their like, and ObjectHistory what became of them; nil leaves their routes out.
	Objects       Objects
	ObjectHistory ObjectHistory
	// History tells of what was stored.
	History control.HistoryStore
	// Await returns when all servers have put a revision in force or their lease has run out; nil where there is one server.
	Await func(ctx context.Context, revision int64) (control.Confirmation, error)
	// Statements calls the function with each statement on record since an instant; nil where they cannot be had.
	Statements func(since time.Time, fn func(audit.Event) error) error
	// Leases are those of all servers; nil where there is one.
	Leases control.LeaseStore
	// Pushes are what is maintained inside warehouses; nil leaves the routes out.
	Pushes Pushes
	// Now tells the time; nil is time.Now.
	Now func() time.Time
	// Limits say how often it may be asked.
	Limits Limits

	log    *slog.Logger
	limits limits
}

// questionRoutes ask by what is in force.
func (a *API) questionRoutes() []route {
	return []route{
		{method: "POST", path: "/v1/reveal", id: "reveal", summary: "Turn tokens of a reversible mask back into values, on record",
			roles: []string{roleAdmin, roleGovernor}, body: revealRequest{}, answer: revealAnswer{}, errors: []int{409}, serve: a.reveal},
		{method: "GET", path: "/v1/users/{name}/project", id: "get-project", summary: "In which project a person acts",
			roles: []string{roleAdmin, roleGovernor, roleAuditor, rolePerson}, answer: projectAnswer{}, errors: []int{404, 501}, serve: a.project},
		{method: "PUT", path: "/v1/users/{name}/project", id: "set-project", summary: "Have a person act in a project",
			roles: []string{roleAdmin, roleGovernor, rolePerson}, body: projectRequest{}, answer: projectAnswer{}, errors: []int{404, 501}, serve: a.setProject},
		{method: "POST", path: "/v1/users/{name}/acknowledgements", id: "acknowledge", summary: "Agree to the texts of a project",
			roles: []string{rolePerson}, body: projectRequest{}, answer: projectAnswer{}, errors: []int{404, 501}, serve: a.acknowledge},
		{method: "POST", path: "/v1/decisions", id: "decide", summary: "What a person may see of tables, or of those of a statement",
			roles: []string{roleAdmin, roleGovernor, roleAuditor}, body: decisionRequest{}, answer: decisionAnswer{}, errors: []int{404, 422}, serve: a.decisions},
		{method: "POST", path: "/v1/explain", id: "explain", summary: "What a person sees, and why",
			roles: []string{roleAdmin, roleGovernor, roleAuditor}, body: explainRequest{}, answer: explain.Report{}, errors: []int{404, 422}, serve: a.explain},
	}
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
	api := newRouter(mux)
	for _, r := range slices.Concat(a.questionRoutes(), a.resourceRoutes(), a.accessRoutes(), a.objectRoutes(), a.pushRoutes(), a.serverRoutes(api)) {
		a.register(api, &r)
	}
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
	// mistakes and conflicts say more of 422 and 409.
	mistakes  []mistake
	conflicts []conflict
}

func (f *failure) Error() string { return f.message }

func refuse(status int, format string, args ...any) *failure {
	return &failure{status: status, message: fmt.Sprintf(format, args...)}
}

// call is one request that is allowed.
type call struct {
	*http.Request
	writer http.ResponseWriter
	token  control.Token
	// state is nil where nothing is in force, of a route that serves all the same.
	state State
}

// admit lets in bearers of tokens of a route's roles. Everybody else gets 401 or 403, on record.
func (a *API) admit(c *call, to *route) (err error) {
	if len(to.roles) == 0 {
		return nil
	}
	if c.state, err = a.Current(); err != nil {
		if !to.unpublished {
			return refuse(http.StatusServiceUnavailable, "no policies are in force; try again later")
		}
		c.state = nil
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
	if !slices.Contains(to.roles, c.token.Role) {
		return a.turnAway(c, refuse(http.StatusForbidden, "a token of role %s may not do this", c.token.Role))
	}
	return nil
}

// bearer finds a token that has not expired.
func (a *API) bearer(s State, digest [32]byte) (control.Token, bool) {
	if a.FirstToken != ([32]byte{}) && digest == a.FirstToken {
		return control.Token{Name: "first admin token", Role: "admin"}, true
	}
	if s == nil {
		return control.Token{}, false
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
		answer = problem{f.message, f.code, f.detail, f.hint, f.mistakes, f.conflicts}
	case err != nil:
		a.log.Error("internal error", "error", err)
		status = http.StatusInternalServerError
		answer = problem{Error: "internal error; the server's log has it"}
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

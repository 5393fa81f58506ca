package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
)

// Desk takes requests for access and has them answered, as control.Desk does.
type Desk interface {
	Ask(ctx context.Context, by audit.Event, r control.AccessRequest) (control.AccessRequest, error)
	Answer(ctx context.Context, by audit.Event, id int64, a control.Answer) (control.AccessRequest, error)
	Requests(ctx context.Context, user string) ([]control.AccessRequest, error)
}

// accessRoutes ask for access and answer.
func (a *API) accessRoutes() []route {
	if a.Desk == nil {
		return nil
	}
	everybody := []string{roleAdmin, roleGovernor, roleDataOwner, rolePerson}
	answering := func(status, id, summary string) route {
		return route{method: "POST", path: "/v1/requests/{id}/" + id, id: id + "-request", summary: summary, roles: everybody, body: answerRequest{}, answer: requestView{},
			errors: []int{404, 409, 422}, serve: func(c *call) (any, error) { return a.answerRequest(c, status) }}
	}
	return []route{
		{method: "GET", path: "/v1/requests", id: "list-requests", summary: "One's own requests for access, and those that one may answer", roles: append(everybody, roleAuditor),
			query: []string{"status"}, answer: requestsAnswer{}, serve: a.requests},
		{method: "POST", path: "/v1/requests", id: "request-access", summary: "Ask for access", roles: everybody, body: askRequest{}, answer: requestView{}, errors: []int{409}, serve: a.ask},
		answering(control.RequestApproved, "approve", "Approve a request, where the policy says that one may"),
		answering(control.RequestDenied, "deny", "Deny a request"),
		answering(control.RequestRevoked, "revoke", "Take back access that was given on request"),
	}
}

// askRequest names a source or a policy.
type askRequest struct {
	Source string `json:"source,omitempty"`
	Policy string `json:"policy,omitempty"`
	Reason string `json:"reason"`
	// Seconds for which access is wanted, 0 for good.
	Seconds int64 `json:"seconds,omitempty"`
}

type answerRequest struct {
	Text string `json:"text,omitempty"`
	// Seconds for which access is given; without them as asked.
	Seconds int64 `json:"seconds,omitempty"`
}

type requestView struct {
	ID     int64  `json:"id"`
	User   string `json:"user"`
	Source string `json:"source,omitempty"`
	// Policy is shown to those who may answer, and once the request is approved.
	Policy     string     `json:"policy,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Seconds    int64      `json:"seconds,omitempty"`
	Status     string     `json:"status"`
	Answer     string     `json:"answer,omitempty"`
	AnsweredBy string     `json:"answeredBy,omitempty"`
	AskedAt    time.Time  `json:"askedAt"`
	EndsAt     *time.Time `json:"endsAt,omitempty"`
}

type requestsAnswer struct {
	Requests []requestView `json:"requests"`
}

func (c *call) requestView(r control.AccessRequest) requestView {
	out := requestView{ID: r.ID, User: r.User, Source: r.Source, Policy: r.Policy, Reason: r.Reason, Seconds: int64(r.Lasts / time.Second), Status: r.Status,
		Answer: r.Answer, AnsweredBy: r.AnsweredBy, AskedAt: r.AskedAt, EndsAt: instant(r.EndsAt)}
	if r.User == c.token.User && r.Status != control.RequestApproved {
		// Whether there is a policy for it would tell whether there is what was asked for.
		out.Policy = ""
	}
	return out
}

// maxSeconds bounds for how long access is asked: ten years.
const maxSeconds = 10 * 365 * 24 * 3600

// ask answers POST /v1/requests.
func (a *API) ask(c *call) (any, error) {
	var q askRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	if c.token.User == "" {
		return nil, a.turnAway(c, refuse(http.StatusForbidden, "the token is nobody's: a person asks with a token of their own"))
	}
	if q.Reason == "" || (q.Source == "") == (q.Policy == "") || q.Seconds < 0 || q.Seconds > maxSeconds || len(q.Source)+len(q.Policy) > 1000 {
		return nil, refuse(http.StatusBadRequest, "give a source or a policy, a reason, and seconds from 0 to %d", maxSeconds)
	}
	by := a.event(c, "", "")
	by.User = c.token.User
	r, err := a.Desk.Ask(c.Context(), by, control.AccessRequest{User: c.token.User, Source: q.Source, Policy: q.Policy, Reason: q.Reason, Lasts: time.Duration(q.Seconds) * time.Second})
	if err != nil {
		return nil, a.deskFailed(c, err)
	}
	return c.requestView(r), nil
}

// requests answers GET /v1/requests.
func (a *API) requests(c *call) (any, error) {
	user := c.token.User
	if c.token.Role != rolePerson && c.token.Role != roleDataOwner {
		user = ""
	}
	all, err := a.Desk.Requests(c.Context(), user)
	if err != nil {
		return nil, a.unavailable("reading requests", err)
	}
	status := c.URL.Query().Get("status")
	out := requestsAnswer{Requests: []requestView{}}
	for _, r := range all {
		if status == "" || r.Status == status {
			out.Requests = append(out.Requests, c.requestView(r))
		}
	}
	return out, nil
}

// answerRequest answers POST /v1/requests/{id}/approve and its like.
func (a *API) answerRequest(c *call, status string) (any, error) {
	var q answerRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(c.PathValue("id"), 10, 64)
	if err != nil || q.Seconds < 0 || q.Seconds > maxSeconds {
		return nil, refuse(http.StatusBadRequest, "give a request's number, and seconds from 0 to %d", maxSeconds)
	}
	overrule := c.token.Role == roleAdmin || c.token.Role == roleGovernor
	if c.token.User == "" && !overrule {
		return nil, a.turnAway(c, refuse(http.StatusForbidden, "the token is nobody's: people answer with a token of their own"))
	}
	by := a.event(c, "", "")
	by.User = c.token.User
	r, err := a.Desk.Answer(c.Context(), by, id, control.Answer{
		Status: status, User: c.token.User, Overrule: overrule, Lasts: time.Duration(q.Seconds) * time.Second, Text: q.Text,
		Check: func(r control.AccessRequest) error { return a.ownSource(c, r) },
	})
	if err != nil {
		return nil, a.deskFailed(c, err)
	}
	if a.Await != nil {
		a.await(c, a.revisionNow(c))
	}
	return c.requestView(r), nil
}

// revisionNow is the state's revision; on an error the wait is for nothing.
func (a *API) revisionNow(c *call) int64 {
	revision, _, err := a.Resources.List(c.Context())
	if err != nil {
		return 0
	}
	return revision
}

// ownSource keeps data owners to their own sources.
func (a *API) ownSource(c *call, r control.AccessRequest) error {
	if c.token.Role != roleDataOwner {
		return nil
	}
	_, all, err := a.Resources.List(c.Context())
	if err != nil {
		return a.unavailable("reading the state", err)
	}
	for _, l := range all {
		if l.Kind == "Source" && l.Name == r.Source && a.owns(c, ownerOf(l.Kind, l.Text)) {
			return nil
		}
	}
	return refuse(http.StatusForbidden, "a data owner answers for sources of their own")
}

func (a *API) deskFailed(c *call, err error) error {
	var refused *failure
	switch {
	case errors.As(err, &refused):
		if refused.status == http.StatusForbidden {
			return a.turnAway(c, refused)
		}
		return refused
	case errors.Is(err, control.ErrNoRequest) && (c.token.Role == rolePerson || c.token.Role == roleDataOwner):
		// Whether there is one they are not told; that they tried is on record.
		return a.turnAway(c, refuse(http.StatusForbidden, "you may not answer this request, or there is none"))
	case errors.Is(err, control.ErrNoRequest):
		return refuse(http.StatusNotFound, "%s", control.ErrNoRequest)
	case errors.Is(err, control.ErrAnswered), errors.Is(err, control.ErrTooManyAsked):
		return refuse(http.StatusConflict, "%s", err)
	case errors.Is(err, control.ErrNotEntitled), errors.Is(err, control.ErrOwnRequest):
		return a.turnAway(c, refuse(http.StatusForbidden, "%s", err))
	}
	return a.failed(err)
}

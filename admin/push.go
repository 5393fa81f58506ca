package admin

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/posternsql/postern/push"
)

// Pushes are the warehouses in which something is maintained for people who connect to them directly.
type Pushes interface {
	// Statuses are those of all of them, in the order of their connections' names.
	Statuses() []push.Status
	// Start asks for a run. Errors that are ErrNotPushed, push.ErrAsked, push.ErrPaused or push.ErrSeveral are answered.
	Start(connection string, kind push.RunKind) (push.Run, error)
	// Asked is a run as it stands; false where there is none of that number.
	Asked(connection string, id int64) (push.Run, bool)
}

// ErrNotPushed says that nothing is maintained for a connection.
var ErrNotPushed = errors.New("there are no PushSettings for this connection, or its warehouse was never reached")

// pushesAnswer is what is maintained where.
type pushesAnswer struct {
	Warehouses []push.Status `json:"warehouses"`
}

// pushRoutes look at, and after, what is maintained inside warehouses.
func (a *API) pushRoutes() []route {
	if a.Pushes == nil {
		return nil
	}
	look, change := []string{roleAdmin, roleGovernor, roleAuditor}, []string{roleAdmin, roleGovernor}
	errs := []int{404, 409}
	return []route{
		{method: "GET", path: "/v1/push", id: "list-pushes", summary: "What is maintained inside warehouses, and what was found there",
			roles: look, answer: pushesAnswer{}, serve: a.pushes},
		{method: "POST", path: "/v1/push/{connection}/plan", id: "plan-push", summary: "Ask what would be changed in a warehouse; nothing is",
			roles: look, answer: push.Run{}, errors: errs, serve: a.askPush(push.RunPlan)},
		{method: "POST", path: "/v1/push/{connection}/sync", id: "sync-push", summary: "Make a warehouse as the policies say, now",
			roles: change, answer: push.Run{}, errors: errs, serve: a.askPush(push.RunSync)},
		{method: "POST", path: "/v1/push/{connection}/unregister", id: "unregister-push", summary: "Take back and drop all that is maintained in a warehouse",
			roles: []string{roleAdmin}, answer: push.Run{}, errors: errs, serve: a.askPush(push.RunRemove)},
		{method: "GET", path: "/v1/push/{connection}/runs/{id}", id: "get-push-run", summary: "How far a run has come, and what came of it",
			roles: look, answer: push.Run{}, errors: []int{404}, serve: a.pushRun},
	}
}

// pushes answers GET /v1/push.
func (a *API) pushes(*call) (any, error) { return pushesAnswer{a.Pushes.Statuses()}, nil }

// askPush starts a run. Who asked is on record before; what the run then does the Syncer records.
func (a *API) askPush(kind push.RunKind) func(*call) (any, error) {
	return func(c *call) (any, error) {
		connection := c.PathValue("connection")
		e := a.event(c, "push."+string(kind)+".asked", connection)
		e.Connection = connection
		if err := a.Audit.Record(c.Context(), e); err != nil {
			return nil, refuse(http.StatusServiceUnavailable, "the audit log is not available, so nothing is done")
		}
		r, err := a.Pushes.Start(connection, kind)
		switch {
		case errors.Is(err, ErrNotPushed):
			return nil, refuse(http.StatusNotFound, "%s", err)
		case errors.Is(err, push.ErrAsked), errors.Is(err, push.ErrPaused), errors.Is(err, push.ErrSeveral):
			return nil, refuse(http.StatusConflict, "%s", err)
		}
		return r, err
	}
}

// pushRun answers GET /v1/push/{connection}/runs/{id}.
func (a *API) pushRun(c *call) (any, error) {
	id, err := strconv.ParseInt(c.PathValue("id"), 10, 64)
	if err == nil {
		if r, ok := a.Pushes.Asked(c.PathValue("connection"), id); ok {
			return r, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "there is no such run, or it is long over")
}

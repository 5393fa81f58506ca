package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/pgerror"
)

// People changes in which project people act. A State may implement it, as control.Generation does; without it nobody acts in one.
// Errors that hold a *pgerror.Error are answered.
type People interface {
	// StandingOf a person; false for who is unknown or disabled.
	StandingOf(user string) (control.StandingOf, bool)
	// SetProject has by.User act in a project; "" is none. by is the beginning of the audit record that it makes.
	SetProject(ctx context.Context, by audit.Event, project string) error
	// Acknowledge notes that by.User agrees to the texts of a project.
	Acknowledge(ctx context.Context, by audit.Event, project string) error
}

// projectRequest names a project; "" is none.
type projectRequest struct {
	Project *string `json:"project"`
}

// projectAnswer is in which project a person acts.
type projectAnswer struct {
	User     string   `json:"user"`
	Project  string   `json:"project"`
	Purposes []string `json:"purposes"`
	Projects []string `json:"projects"`
}

// person is whom a request concerns, and what changes people. A token of role person concerns its own user alone: all others look as if they were
// not there.
func (a *API) person(c *call) (string, People, error) {
	name := c.PathValue("name")
	if c.token.Role == resource.RolePerson && c.token.User != name {
		return "", nil, a.turnAway(c, refuse(http.StatusForbidden, "a token of role %s may do this for its own user only", c.token.Role))
	}
	people, ok := c.state.(People)
	if !ok {
		return "", nil, refuse(http.StatusNotImplemented, "this server keeps no projects")
	}
	if _, known := people.StandingOf(name); !known {
		return "", nil, refuse(http.StatusNotFound, "there is no user %.100q who may log in", name)
	}
	return name, people, nil
}

// project answers GET /v1/users/{name}/project.
func (a *API) project(c *call) (any, error) {
	name, people, err := a.person(c)
	if err != nil {
		return nil, err
	}
	return standingAnswer(people, name), nil
}

func standingAnswer(people People, name string) projectAnswer {
	s, _ := people.StandingOf(name)
	out := projectAnswer{User: name, Project: s.Project, Purposes: s.Purposes, Projects: s.Projects}
	if out.Purposes == nil {
		out.Purposes = []string{}
	}
	if out.Projects == nil {
		out.Projects = []string{}
	}
	return out
}

// setProject answers PUT /v1/users/{name}/project: the person acts in the project from their next statement on, in all of their sessions.
func (a *API) setProject(c *call) (any, error) {
	return a.change(c, People.SetProject)
}

// acknowledge answers POST /v1/users/{name}/acknowledgements. Nobody agrees for somebody else: it wants the person's own token.
func (a *API) acknowledge(c *call) (any, error) {
	return a.change(c, People.Acknowledge)
}

func (a *API) change(c *call, do func(People, context.Context, audit.Event, string) error) (any, error) {
	name, people, err := a.person(c)
	if err != nil {
		return nil, err
	}
	var q projectRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	if q.Project == nil {
		return nil, refuse(http.StatusBadRequest, `give a project; "" is none`)
	}
	by := a.event(c, "", "")
	by.User = name
	if err := do(people, c.Context(), by, *q.Project); err != nil {
		var told *pgerror.Error
		if !errors.As(err, &told) {
			return nil, err
		}
		f := refuse(http.StatusForbidden, "%s", told.Message)
		if told.Code == pgerror.CodeCannotConnectNow {
			f.status = http.StatusServiceUnavailable
		}
		f.code, f.detail, f.hint = told.Code, told.Detail, told.Hint
		return nil, f
	}
	// What decides may be another generation by now; the standings are the same.
	return standingAnswer(people, name), nil
}

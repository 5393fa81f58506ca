package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
)

// Objects is what the warehouses have, as control.Publisher knows it.
type Objects interface {
	// Objects lists what is in force.
	Objects() []control.ObjectState
	// Sync looks at warehouses now, at all where none is named.
	Sync(ctx context.Context, connections ...string) (control.Synced, error)
	// Accept takes what has a source's name now for the source's.
	Accept(ctx context.Context, by audit.Event, source string) error
}

// ObjectHistory tells what became of objects.
type ObjectHistory interface {
	ObjectChanges(ctx context.Context, q control.ObjectQuery) ([]control.ObjectChange, error)
}

// objectRoutes tell of the warehouses' tables, and keep in step with them.
func (a *API) objectRoutes() []route {
	if a.Objects == nil || a.ObjectHistory == nil || a.Resources == nil {
		return nil
	}
	readers := []string{roleAdmin, roleGovernor, roleDataOwner, roleAuditor}
	writers := []string{roleAdmin, roleGovernor, roleDataOwner}
	return []route{
		{method: "GET", path: "/v1/objects", id: "list-objects", summary: "The tables, views and their like of the warehouses, and what is made of them; to data owners, of their own sources", roles: readers,
			query: []string{"connection", "state"}, answer: objectsAnswer{}, serve: a.objects},
		{method: "GET", path: "/v1/objects/changes", id: "list-object-changes", summary: "What became of objects, the newest first; to data owners, of their own sources", roles: readers,
			query: []string{"connection", "after", "limit"}, answer: objectChangesAnswer{}, errors: []int{400}, serve: a.objectChanges},
		{method: "POST", path: "/v1/objects/sync", id: "sync-objects", summary: "Look at the warehouses' tables and columns now", roles: []string{roleAdmin, roleGovernor},
			body: syncRequest{}, answer: syncAnswer{}, errors: []int{404, 422}, serve: a.syncObjects},
		{method: "POST", path: "/v1/sources/{name}/accept", id: "accept-source", summary: "Take what has a source's name now for the source's: somebody has looked at it", roles: writers,
			answer: objectView{}, errors: []int{404, 409, 422}, serve: a.acceptSource},
		{method: "POST", path: "/v1/sources/{name}/disable", id: "disable-source", summary: "Take a source out of service: nobody reads it", roles: writers,
			answer: ApplyAnswer{}, errors: []int{404, 409, 422}, serve: func(c *call) (any, error) { return a.enableSource(c, false) }},
		{method: "POST", path: "/v1/sources/{name}/enable", id: "enable-source", summary: "Put a source back into service", roles: writers,
			answer: ApplyAnswer{}, errors: []int{404, 409, 422}, serve: func(c *call) (any, error) { return a.enableSource(c, true) }},
	}
}

// objectView is one table, view or their like.
type objectView struct {
	Connection string `json:"connection"`
	Schema     string `json:"schema"`
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	// State is served, disabled, held or unregistered.
	State  string `json:"state"`
	Source string `json:"source,omitempty"`
	Owner  string `json:"owner,omitempty"`
	// Reason and Since say why and since when a source is held.
	Reason string     `json:"reason,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
	// Columns counts them; Hidden names those of a source that nobody has reviewed.
	Columns int      `json:"columns"`
	Hidden  []string `json:"hidden,omitempty"`
}

type objectsAnswer struct {
	Objects []objectView `json:"objects"`
}

// objectChangeView is one thing that happened.
type objectChangeView struct {
	ID         int64  `json:"id"`
	Connection string `json:"connection"`
	Schema     string `json:"schema,omitempty"`
	Name       string `json:"name,omitempty"`
	// Event is new, changed, renamed, dropped, replaced, moved, held or released.
	Event string `json:"event"`
	// Was is the name before, of what was renamed.
	Was    string    `json:"was,omitempty"`
	Source string    `json:"source,omitempty"`
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at"`
}

type objectChangesAnswer struct {
	Changes []objectChangeView `json:"changes"`
}

type syncRequest struct {
	// Connection to look at; all where it is left out.
	Connection string `json:"connection,omitempty"`
}

type syncAnswer struct {
	Connections []syncedView       `json:"connections"`
	Changes     []objectChangeView `json:"changes"`
}

// syncedView is what one warehouse has.
type syncedView struct {
	Name    string `json:"name"`
	Objects int    `json:"objects"`
	Columns int    `json:"columns"`
	// Error says why it could not be looked at.
	Error string `json:"error,omitempty"`
}

func objectViewOf(o control.ObjectState) objectView {
	return objectView{Connection: o.Connection, Schema: o.Schema, Name: o.Name, Kind: o.Kind, State: o.State, Source: o.Source, Owner: o.Owner,
		Reason: o.Held, Since: instant(o.Since), Columns: o.Columns, Hidden: o.Hidden}
}

func objectChangeViewOf(c control.ObjectChange) objectChangeView {
	return objectChangeView{ID: c.ID, Connection: c.Connection, Schema: c.Schema, Name: c.Name, Event: c.Event, Was: c.Was, Source: c.Source, Detail: c.Detail, At: c.At.UTC()}
}

// objects answers GET /v1/objects.
func (a *API) objects(c *call) (any, error) {
	q := c.URL.Query()
	out := objectsAnswer{Objects: []objectView{}}
	for _, o := range a.Objects.Objects() {
		switch {
		case q.Has("connection") && o.Connection != q.Get("connection"), q.Has("state") && o.State != q.Get("state"):
		case c.token.Role == roleDataOwner && !a.owns(c, o.Owner):
		default:
			out.Objects = append(out.Objects, objectViewOf(o))
		}
	}
	return out, nil
}

// maxObjectChanges bounds one answer.
const maxObjectChanges = 1000

// objectChanges answers GET /v1/objects/changes.
func (a *API) objectChanges(c *call) (any, error) {
	q := control.ObjectQuery{Connection: c.URL.Query().Get("connection"), Limit: 100}
	var err error
	if text := c.URL.Query().Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > maxObjectChanges {
			return nil, refuse(http.StatusBadRequest, "limit is a number from 1 to %d", maxObjectChanges)
		}
	}
	if text := c.URL.Query().Get("after"); text != "" {
		if q.After, err = strconv.ParseInt(text, 10, 64); err != nil || q.After < 0 {
			return nil, refuse(http.StatusBadRequest, "after is the id of a change")
		}
	}
	all, err := a.ObjectHistory.ObjectChanges(c.Context(), q)
	if err != nil {
		return nil, a.unavailable("reading what became of objects", err)
	}
	own := map[string]bool{}
	for _, o := range a.Objects.Objects() {
		own[o.Source] = o.Source != "" && a.owns(c, o.Owner)
	}
	out := objectChangesAnswer{Changes: []objectChangeView{}}
	for _, k := range all {
		if c.token.Role != roleDataOwner || own[k.Source] {
			out.Changes = append(out.Changes, objectChangeViewOf(k))
		}
	}
	return out, nil
}

// syncObjects answers POST /v1/objects/sync.
func (a *API) syncObjects(c *call) (any, error) {
	var q syncRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	var only []string
	if q.Connection != "" {
		only = append(only, q.Connection)
	}
	by := a.event(c, "objects.sync", q.Connection)
	by.User, by.Connection, by.Detail = c.token.User, q.Connection, "asked for"
	if err := a.Audit.Record(c.Context(), by); err != nil {
		return nil, a.unavailable("recording", err)
	}
	done, err := a.Objects.Sync(c.Context(), only...)
	if errors.Is(err, control.ErrNoConnection) {
		return nil, refuse(http.StatusNotFound, "there is no connection %.100q", q.Connection)
	}
	if err != nil {
		return nil, a.failed(err)
	}
	out := syncAnswer{Connections: []syncedView{}, Changes: []objectChangeView{}}
	for _, k := range done.Connections {
		v := syncedView{Name: k.Name, Objects: k.Objects, Columns: k.Columns}
		if k.Err != nil {
			v.Error = k.Err.Error()
		}
		out.Connections = append(out.Connections, v)
	}
	for _, k := range done.Changes {
		out.Changes = append(out.Changes, objectChangeViewOf(k))
	}
	return out, nil
}

// sourceOf is the Source that a route names, if the token may change it. Data owners are not told whether there is one that is not theirs.
func (a *API) sourceOf(c *call) (control.Listed, error) {
	_, all, err := a.Resources.List(c.Context())
	if err != nil {
		return control.Listed{}, a.unavailable("reading the state", err)
	}
	name := c.PathValue("name")
	for _, l := range all {
		if l.Kind == "Source" && l.Name == name && (c.token.Role != roleDataOwner || a.owns(c, ownerOf(l.Kind, l.Text))) {
			return l, nil
		}
	}
	if c.token.Role == roleDataOwner {
		return control.Listed{}, a.turnAway(c, refuse(http.StatusForbidden, "a data owner changes sources of their own: %.300q", name))
	}
	return control.Listed{}, refuse(http.StatusNotFound, "there is no Source %.300q", name)
}

// acceptSource answers POST /v1/sources/{name}/accept.
func (a *API) acceptSource(c *call) (any, error) {
	l, err := a.sourceOf(c)
	if err != nil {
		return nil, err
	}
	by := a.event(c, "", "")
	by.User = c.token.User
	err = a.Objects.Accept(c.Context(), by, l.Name)
	switch {
	case errors.Is(err, control.ErrNoSource):
		return nil, refuse(http.StatusNotFound, "there is no Source %.300q in force", l.Name)
	case errors.Is(err, control.ErrNotHeld):
		return nil, refuse(http.StatusConflict, "%s", err)
	case err != nil:
		return nil, a.failed(err)
	}
	for _, o := range a.Objects.Objects() {
		switch {
		case o.Source != l.Name:
		case o.State == control.ObjectHeld:
			return nil, refuse(http.StatusConflict, "source %s is still held: %s", l.Name, o.Held)
		default:
			return objectViewOf(o), nil
		}
	}
	return nil, fmt.Errorf("source %s is not in force after it was accepted", l.Name)
}

// enableSource answers POST /v1/sources/{name}/enable and disable.
func (a *API) enableSource(c *call, enabled bool) (any, error) {
	l, err := a.sourceOf(c)
	if err != nil {
		return nil, err
	}
	docs, err := resource.ReadDocuments("stored", []byte(l.Text))
	if err != nil || len(docs) != 1 {
		return nil, a.unavailable("reading the state", errors.Join(err, fmt.Errorf("%s is not one document", l.Key())))
	}
	action := map[bool]string{true: "source.enable", false: "source.disable"}[enabled]
	change := control.Change{
		Documents: []resource.Document{docs[0].WithFlag("enabled", enabled)}, Since: -1, Action: action, Expect: map[string]int64{l.Key(): l.Version},
	}
	out, _, err := a.make(c, change)
	return out, err
}

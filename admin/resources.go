package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
)

// Resources is what is stored, as control.Registry has it.
type Resources interface {
	// List has all current resources, and the state's revision.
	List(ctx context.Context) (int64, []control.Listed, error)
	// Apply makes a change, whole or not at all.
	Apply(ctx context.Context, by audit.Event, c control.Change) (*control.Applied, error)
	// Rollback is the change that brings back what was.
	Rollback(ctx context.Context, then []control.StoredResource, only string) (control.Change, error)
}

// resourceRoutes show and change what is stored.
func (a *API) resourceRoutes() []route {
	if a.Resources == nil {
		return nil
	}
	readers := []string{roleAdmin, roleGovernor, roleDataOwner, roleAuditor}
	writers := []string{roleAdmin, roleGovernor, roleDataOwner}
	return []route{
		{method: "GET", path: "/v1/resources", id: "list-resources", summary: "All resources that the token may see", roles: readers,
			query: []string{"kind", "set"}, answer: listAnswer{}, unpublished: true, serve: a.list},
		{method: "GET", path: "/v1/resources/{kind}/{name}", id: "get-resource", summary: "One resource, now or at a version", roles: readers,
			query: []string{"version", "verifier"}, answer: resourceView{}, errors: []int{404}, unpublished: true, serve: a.get},
		{method: "PUT", path: "/v1/resources/{kind}/{name}", id: "put-resource", summary: "Store one resource; If-Match holds the version on which it is based", roles: writers,
			body: putRequest{}, answer: ApplyAnswer{}, errors: []int{409, 422}, unpublished: true, serve: a.put},
		{method: "DELETE", path: "/v1/resources/{kind}/{name}", id: "delete-resource", summary: "Delete one resource; If-Match holds the version on which that is based", roles: writers,
			answer: ApplyAnswer{}, errors: []int{400, 409, 422}, unpublished: true, serve: a.remove},
		{method: "GET", path: "/v1/resources/{kind}/{name}/versions", id: "list-versions", summary: "Every version of one resource, the newest first", roles: readers,
			answer: versionsAnswer{}, errors: []int{404}, unpublished: true, serve: a.versions},
		{method: "POST", path: "/v1/apply", id: "apply", summary: "Store a set of resources, whole or not at all", roles: writers,
			body: applyRequest{}, answer: ApplyAnswer{}, errors: []int{409, 422}, large: true, unpublished: true, serve: a.apply},
		{method: "POST", path: "/v1/rollback", id: "rollback", summary: "Bring back what was stored at a revision, or one resource's version", roles: []string{roleAdmin, roleGovernor},
			body: rollbackRequest{}, answer: ApplyAnswer{}, errors: []int{404, 409, 422}, unpublished: true, serve: a.rollback},
		{method: "GET", path: "/v1/revisions", id: "list-revisions", summary: "Who changed what is stored, the newest first", roles: readers,
			query: []string{"limit"}, answer: revisionsAnswer{}, unpublished: true, serve: a.revisions},
	}
}

// resourceView is one resource as the API shows it. Verifiers are shown as ***.
type resourceView struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Version counts the versions on record, those that files held among them.
	Version  int64      `json:"version"`
	Revision int64      `json:"revision"`
	Set      string     `json:"set,omitempty"`
	File     string     `json:"file,omitempty"`
	Author   string     `json:"author,omitempty"`
	At       *time.Time `json:"at,omitempty"`
	Deleted  bool       `json:"deleted,omitempty"`
	// Text is the YAML document.
	Text string `json:"text"`
	// Scram has of a User's verifier what any client that logs in is told: with it a client can see whether a password is still the same.
	Scram *scramView `json:"scram,omitempty"`
}

type scramView struct {
	Salt       []byte `json:"salt"`
	Iterations int    `json:"iterations"`
}

func scramOf(kind, text string) *scramView {
	if kind != "User" {
		return nil
	}
	docs, err := resource.ReadDocuments("", []byte(text))
	if err != nil || len(docs) != 1 {
		return nil
	}
	scram, _ := docs[0].Field("scram")
	v, err := identity.ParseVerifier(scram)
	if err != nil {
		return nil
	}
	return &scramView{Salt: v.Salt(), Iterations: v.Iterations()}
}

type listAnswer struct {
	Revision  int64          `json:"revision"`
	Resources []resourceView `json:"resources"`
}

type versionsAnswer struct {
	Versions []resourceView `json:"versions"`
}

func viewOf(l control.Listed) resourceView {
	return resourceView{Kind: l.Kind, Name: l.Name, Version: l.Version, Revision: l.Revision, Set: l.Set, File: l.File, Author: l.Author,
		At: instant(l.At), Deleted: l.Deleted, Text: control.Shown(l.Kind, l.Text), Scram: scramOf(l.Kind, l.Text)}
}

// list answers GET /v1/resources.
func (a *API) list(c *call) (any, error) {
	revision, all, err := a.Resources.List(c.Context())
	if err != nil {
		return nil, a.unavailable("reading the state", err)
	}
	q := c.URL.Query()
	out := listAnswer{Revision: revision, Resources: []resourceView{}}
	for _, l := range all {
		if (q.Get("kind") == "" || l.Kind == q.Get("kind")) && (!q.Has("set") || l.Set == q.Get("set") && l.File == "") && a.mayRead(c, l.Kind, l.Text) {
			out.Resources = append(out.Resources, viewOf(l))
		}
	}
	return out, nil
}

// find is one current resource that the token may see.
func (a *API) find(c *call) (control.Listed, error) {
	_, all, err := a.Resources.List(c.Context())
	if err != nil {
		return control.Listed{}, a.unavailable("reading the state", err)
	}
	kind, name := c.PathValue("kind"), c.PathValue("name")
	i := slices.IndexFunc(all, func(l control.Listed) bool { return l.Kind == kind && l.Name == name })
	if i < 0 {
		return control.Listed{}, refuse(http.StatusNotFound, "there is no %.100s %.300q", kind, name)
	}
	if !a.mayRead(c, kind, all[i].Text) {
		return control.Listed{}, a.turnAway(c, refuse(http.StatusForbidden, "a token of role %s may not see this", c.token.Role))
	}
	return all[i], nil
}

// get answers GET /v1/resources/{kind}/{name}.
func (a *API) get(c *call) (any, error) {
	q := c.URL.Query()
	if text := q.Get("version"); text != "" {
		all, err := a.history(c)
		if err != nil {
			return nil, err
		}
		for _, v := range all {
			if strconv.FormatInt(v.Version, 10) == text {
				return viewOf(control.Listed{StoredResource: v}), nil
			}
		}
		return nil, refuse(http.StatusNotFound, "there is no version %.20q", text)
	}
	l, err := a.find(c)
	if err != nil {
		return nil, err
	}
	view := viewOf(l)
	if q.Get("verifier") == "true" {
		// Whoever has it can try passwords at leisure: it is for backups, and for who sets passwords anyway.
		if c.token.Role != roleAdmin {
			return nil, a.turnAway(c, refuse(http.StatusForbidden, "a token of role %s may not see verifiers", c.token.Role))
		}
		if view.Text != l.Text {
			if err := a.Audit.Record(c.Context(), a.event(c, "resource.verifier", l.Key())); err != nil {
				return nil, a.unavailable("recording", err)
			}
		}
		view.Text = l.Text
	}
	return view, nil
}

// versions answers GET /v1/resources/{kind}/{name}/versions.
func (a *API) versions(c *call) (any, error) {
	all, err := a.history(c)
	if err != nil {
		return nil, err
	}
	out := versionsAnswer{Versions: []resourceView{}}
	for _, v := range all {
		out.Versions = append(out.Versions, viewOf(control.Listed{StoredResource: v}))
	}
	return out, nil
}

// history is every version of a resource, if the token may see the newest one that is no deletion.
func (a *API) history(c *call) ([]control.StoredResource, error) {
	kind, name := c.PathValue("kind"), c.PathValue("name")
	all, err := a.History.Versions(c.Context(), kind, name)
	if err != nil {
		return nil, a.unavailable("reading the state", err)
	}
	if len(all) == 0 {
		return nil, refuse(http.StatusNotFound, "no version of %.100s %.300q is stored", kind, name)
	}
	i := slices.IndexFunc(all, func(v control.StoredResource) bool { return !v.Deleted })
	if i < 0 || !a.mayRead(c, kind, all[i].Text) {
		return nil, a.turnAway(c, refuse(http.StatusForbidden, "a token of role %s may not see this", c.token.Role))
	}
	return all, nil
}

type revisionView struct {
	Revision int64     `json:"revision"`
	Author   string    `json:"author"`
	Action   string    `json:"action"`
	At       time.Time `json:"at"`
	Changes  int       `json:"changes"`
}

type revisionsAnswer struct {
	Revisions []revisionView `json:"revisions"`
}

// maxRevisions bounds one answer.
const maxRevisions = 1000

// revisions answers GET /v1/revisions.
func (a *API) revisions(c *call) (any, error) {
	limit := 50
	if text := c.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxRevisions {
			return nil, refuse(http.StatusBadRequest, "limit is a number from 1 to %d", maxRevisions)
		}
	}
	all, err := a.History.Revisions(c.Context(), limit)
	if err != nil {
		return nil, a.unavailable("reading the state", err)
	}
	out := revisionsAnswer{Revisions: []revisionView{}}
	for _, r := range all {
		out.Revisions = append(out.Revisions, revisionView{r.Revision, r.Author, r.Action, r.At.UTC(), r.Changes})
	}
	return out, nil
}

// unavailable logs what went wrong and says only that it did.
func (a *API) unavailable(doing string, err error) error {
	a.log.Error(doing, "error", err)
	return refuse(http.StatusServiceUnavailable, "%s is not possible now; try again later", doing)
}

// ownerOf is the owner that a Source names.
func ownerOf(kind, text string) string {
	if kind != "Source" {
		return ""
	}
	docs, err := resource.ReadDocuments("", []byte(text))
	if err != nil || len(docs) != 1 {
		return ""
	}
	owner, _ := docs[0].Field("owner")
	return owner
}

// owns reports that the token's person is the owner, or in the group that is.
func (a *API) owns(c *call, owner string) bool {
	if owner == "" || c.token.User == "" || c.state == nil {
		return false
	}
	who, err := c.state.Principal(c.token.User)
	if err != nil || who.IsZero() {
		return false
	}
	return owner == who.User() || slices.Contains(who.Groups(), owner)
}

// mayRead says what a token may see: data owners their own sources, and policies; the others everything.
func (a *API) mayRead(c *call, kind, text string) bool {
	switch c.token.Role {
	case roleAdmin, roleGovernor, roleAuditor:
		return true
	case roleDataOwner:
		if kind == "Source" {
			return a.owns(c, ownerOf(kind, text))
		}
		return slices.Contains([]string{"SubscriptionPolicy", "DataPolicy", "Tag", "Purpose"}, kind)
	}
	return false
}

// governed are the kinds that a governor writes. The others make people, credentials and connections, which an administrator does.
func governed(kind string) bool {
	return slices.Contains([]string{"SubscriptionPolicy", "DataPolicy", "Tag", "Purpose", "Project", "Source", "TokenDomain", "FunctionAllowList"}, kind)
}

// mayWrite says why a token may not put after in place of before; "" if it may. Either is empty where there is none.
func (a *API) mayWrite(c *call, kind, name, before, after string) string {
	switch c.token.Role {
	case roleAdmin:
		return ""
	case roleGovernor:
		if governed(kind) {
			return ""
		}
	case roleDataOwner:
		if kind == "Source" && before != "" && after != "" && a.owns(c, ownerOf(kind, before)) && ownerOf(kind, before) == ownerOf(kind, after) {
			return ""
		}
		if kind == "Source" {
			return "a data owner changes sources of their own, and neither their owner nor whether they are registered: " + strings.TrimSpace(name)
		}
	}
	return "a token of role " + c.token.Role + " may not change " + kind + " " + name
}

// failed turns the error of a change into an answer.
func (a *API) failed(err error) error {
	var mistakes resource.Mistakes
	var conflicts *control.ConflictError
	var refused *failure
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &mistakes):
		f := refuse(http.StatusUnprocessableEntity, "%s", mistakes.Error())
		for _, m := range mistakes {
			f.mistakes = append(f.mistakes, mistake{m.Pos.File, m.Pos.Line, m.Resource, m.Message})
		}
		return f
	case errors.As(err, &conflicts):
		f := refuse(http.StatusConflict, "%s", conflicts.Error())
		for _, k := range conflicts.Conflicts {
			f.conflicts = append(f.conflicts, conflictOf(k))
		}
		return f
	case errors.Is(err, control.ErrMoved):
		return refuse(http.StatusConflict, "others are changing the state all the time; try again")
	}
	return a.unavailable("storing resources", err)
}

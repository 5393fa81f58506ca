package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/explain/impact"
)

// applyRequest is a set of resources. Files have the names that positions in mistakes show.
type applyRequest struct {
	Files []ResourceFile `json:"files,omitempty"`
	// Set is the name under which they are applied.
	Set string `json:"set,omitempty"`
	// Prune deletes what the same set has and the files do not.
	Prune bool `json:"prune,omitempty"`
	// DryRun changes nothing and tells what would be changed.
	DryRun bool `json:"dryRun,omitempty"`
	// IfRevision refuses to change what has changed since this revision.
	IfRevision *int64 `json:"ifRevision,omitempty"`
	// Impact asks, of a dry run, who would gain and lose what, and what becomes of the statements of the last ImpactDays days on record.
	// The files then stand in place of those of the server that own the same resources.
	Impact     bool `json:"impact,omitempty"`
	ImpactDays int  `json:"impactDays,omitempty"`
}

// ResourceFile is one file of resources. Its name stands in positions.
type ResourceFile struct {
	Name string `json:"name,omitempty"`
	Text string `json:"text,omitempty"`
}

type putRequest struct {
	// Text is the YAML document.
	Text string `json:"text"`
	Set  string `json:"set,omitempty"`
}

type rollbackRequest struct {
	// Revision to which all goes back; or kind, name and version of one resource.
	Revision *int64 `json:"revision,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Name     string `json:"name,omitempty"`
	Version  int64  `json:"version,omitempty"`
	DryRun   bool   `json:"dryRun,omitempty"`
}

// ApplyAnswer is what a change of resources did, or would do: the answer of POST /v1/apply and its like.
type ApplyAnswer struct {
	// Revision in force afterwards.
	Revision int64            `json:"revision"`
	DryRun   bool             `json:"dryRun,omitempty"`
	Changes  []ResourceChange `json:"changes"`
	Warnings []string         `json:"warnings,omitempty"`
	// Servers says what became of the change on all servers, where there are several.
	Servers *Confirmed `json:"servers,omitempty"`
	// Impact is who would gain and lose what.
	Impact *impact.Report `json:"impact,omitempty"`
}

// ResourceChange is what becomes of one resource.
type ResourceChange struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Action is created, changed, unchanged or deleted.
	Action string `json:"action"`
	// Before and After are given for what changes; verifiers are shown as ***.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Verifier says that a verifier is among what changes.
	Verifier bool `json:"verifier,omitempty"`
}

// Confirmed says what became of a change on all servers, which it names by address.
type Confirmed struct {
	// Confirmed have it in force.
	Confirmed []string `json:"confirmed"`
	// Lapsed have lost touch with the state: they answer nothing until they have it in force.
	Lapsed []string `json:"lapsed"`
	// Unknown says why the others could not be asked.
	Unknown string `json:"unknown,omitempty"`
}

// mistake is one thing that is wrong with a resource.
type mistake struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Resource string `json:"resource,omitempty"`
	Message  string `json:"message"`
}

// conflict is one resource that cannot be written.
type conflict struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Message string `json:"message"`
	// File or Set to which it belongs.
	File string `json:"file,omitempty"`
	Set  string `json:"set,omitempty"`
	// Expected is the version on which the change was based, Theirs what is stored, Yours what was to be.
	Expected int64         `json:"expected"`
	Theirs   *resourceView `json:"theirs,omitempty"`
	Yours    string        `json:"yours,omitempty"`
}

func conflictOf(k control.Conflict) conflict {
	out := conflict{Kind: k.Kind, Name: k.Name, Message: k.String(), File: k.File, Set: k.Set, Expected: k.Expected, Yours: control.Shown(k.Kind, k.Yours)}
	if k.Current > 0 {
		view := viewOf(control.Listed{StoredResource: k.Theirs})
		out.Theirs = &view
	}
	return out
}

// apply answers POST /v1/apply.
func (a *API) apply(c *call) (any, error) {
	var q applyRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	if q.Prune && q.Set == "" {
		return nil, refuse(http.StatusBadRequest, "prune wants a set")
	}
	if err := q.impactAllowed(c); err != nil {
		return nil, err
	}
	change := control.Change{Set: q.Set, Prune: q.Prune, DryRun: q.DryRun, Since: -1, OverFiles: q.Impact}
	if q.IfRevision != nil {
		change.Since = max(*q.IfRevision, 0)
	}
	var mistakes resource.Mistakes
	for _, f := range q.Files {
		docs, err := resource.ReadDocuments(f.Name, []byte(f.Text))
		var more resource.Mistakes
		if errors.As(err, &more) {
			mistakes = append(mistakes, more...)
		}
		change.Documents = append(change.Documents, docs...)
	}
	if len(mistakes) > 0 {
		return nil, a.failed(mistakes)
	}
	out, next, err := a.make(c, change)
	if err == nil && q.Impact {
		out.Impact, err = a.impact(c, next, q.ImpactDays)
	}
	return out, err
}

// put answers PUT /v1/resources/{kind}/{name}.
func (a *API) put(c *call) (any, error) {
	var q putRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	kind, name := c.PathValue("kind"), c.PathValue("name")
	docs, err := resource.ReadDocuments("body", []byte(q.Text))
	if err != nil {
		return nil, a.failed(err)
	}
	if len(docs) != 1 || docs[0].Kind != kind || docs[0].Name != name {
		return nil, refuse(http.StatusBadRequest, "the text is not one document of kind %.100s and name %.300q", kind, name)
	}
	change := control.Change{Documents: docs, Set: q.Set, Since: -1}
	if err := c.matching(&change, docs[0].Key()); err != nil {
		return nil, err
	}
	out, _, err := a.make(c, change)
	return out, err
}

// remove answers DELETE /v1/resources/{kind}/{name}.
func (a *API) remove(c *call) (any, error) {
	key := c.PathValue("kind") + "/" + c.PathValue("name")
	change := control.Change{Delete: []string{key}, Since: -1, Action: "resource.delete"}
	if err := c.matching(&change, key); err != nil {
		return nil, err
	}
	out, _, err := a.make(c, change)
	return out, err
}

// matching reads If-Match: a version in quotes or without. If-None-Match: * wants that there is none yet.
func (c *call) matching(change *control.Change, key string) error {
	if c.Header.Get("If-None-Match") == "*" {
		change.Expect = map[string]int64{key: 0}
		return nil
	}
	text := c.Header.Get("If-Match")
	if text == "" {
		return nil
	}
	version, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
	if err != nil {
		return refuse(http.StatusBadRequest, "If-Match holds the version on which the change is based")
	}
	change.Expect = map[string]int64{key: version}
	return nil
}

// rollback answers POST /v1/rollback.
func (a *API) rollback(c *call) (any, error) {
	var q rollbackRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	var then []control.StoredResource
	only := ""
	switch {
	case q.Revision != nil && q.Kind == "" && q.Name == "":
		stored, err := a.History.At(c.Context(), *q.Revision)
		if errors.Is(err, control.ErrNoVersion) {
			return nil, refuse(http.StatusNotFound, "there is no revision %d", *q.Revision)
		}
		if err != nil {
			return nil, a.unavailable("reading the state", err)
		}
		then = stored.Resources
	case q.Revision == nil && q.Kind != "" && q.Name != "" && q.Version > 0:
		only = q.Kind + "/" + q.Name
		all, err := a.History.Versions(c.Context(), q.Kind, q.Name)
		if err != nil {
			return nil, a.unavailable("reading the state", err)
		}
		found := false
		for _, v := range all {
			if v.Version == q.Version {
				found = true
				if !v.Deleted {
					then = append(then, v)
				}
			}
		}
		if !found {
			return nil, refuse(http.StatusNotFound, "there is no version %d of %.100s %.300q", q.Version, q.Kind, q.Name)
		}
	default:
		return nil, refuse(http.StatusBadRequest, "give a revision, or kind, name and version")
	}
	change, err := a.Resources.Rollback(c.Context(), then, only)
	if err != nil {
		return nil, a.failed(err)
	}
	if only != "" && len(then) > 0 {
		change.Delete = nil // one resource; the others stay
	}
	change.DryRun = q.DryRun
	out, _, err := a.make(c, change)
	return out, err
}

// make makes a change if the token may make each part of it. Of a dry run it gives what would be in force.
func (a *API) make(c *call, change control.Change) (*ApplyAnswer, *control.Generation, error) {
	by := a.event(c, "", "")
	by.User = c.token.User
	if c.token.Role != roleAdmin {
		if err := a.permitted(c, &change); err != nil {
			return nil, nil, err
		}
	}
	done, err := a.Resources.Apply(c.Context(), by, change)
	if err != nil {
		return nil, nil, a.failed(err)
	}
	out := &ApplyAnswer{Revision: done.Revision, DryRun: change.DryRun, Changes: []ResourceChange{}}
	for _, k := range done.Changes {
		v := ResourceChange{Kind: k.Kind, Name: k.Name, Action: k.Action}
		if k.Action != control.Unchanged {
			v.Before, v.After = control.Shown(k.Kind, k.Before), control.Shown(k.Kind, k.After)
			v.Verifier = v.Before == v.After
		}
		out.Changes = append(out.Changes, v)
	}
	if c.token.Role != roleDataOwner { // warnings are of all resources
		for _, w := range done.Warnings {
			out.Warnings = append(out.Warnings, w.String())
		}
	}
	if a.Await != nil && !change.DryRun {
		out.Servers = a.await(c, done.Revision)
	}
	return out, done.Next, nil
}

// awaitTimeout bounds the wait for other servers beyond their leases.
const awaitTimeout = 30 * time.Second

// await waits until no server goes by what was before. That it cannot be told is no reason to call the change failed: it is stored.
func (a *API) await(c *call, revision int64) *Confirmed {
	ctx, cancel := context.WithTimeout(c.Context(), awaitTimeout)
	defer cancel()
	confirmed, err := a.Await(ctx, revision)
	out := &Confirmed{Confirmed: []string{}, Lapsed: []string{}}
	for _, r := range confirmed.Confirmed {
		out.Confirmed = append(out.Confirmed, r.Address)
	}
	for _, r := range confirmed.Lapsed {
		out.Lapsed = append(out.Lapsed, r.Address)
	}
	if err != nil {
		a.log.Error("waiting for the other servers", "error", err)
		out.Unknown = "the other servers could not be asked; what they have in force is bound by their staleness"
	}
	return out
}

// permitted checks each part of a change by who makes it, against what is stored now. What changes in the meantime is a conflict.
func (a *API) permitted(c *call, change *control.Change) error {
	_, all, err := a.Resources.List(c.Context())
	if err != nil {
		return a.unavailable("reading the state", err)
	}
	before := map[string]control.Listed{}
	for _, l := range all {
		before[l.Key()] = l
	}
	if change.Expect == nil {
		change.Expect = map[string]int64{}
	}
	var denied []string
	check := func(kind, name, after string) {
		old := before[kind+"/"+name]
		if why := a.mayWrite(c, kind, name, old.Text, after); why != "" {
			denied = append(denied, why)
		}
		if _, given := change.Expect[kind+"/"+name]; !given {
			change.Expect[kind+"/"+name] = old.Version
		}
	}
	given := map[string]bool{}
	for _, d := range change.Documents {
		text, err := d.Text()
		if err != nil {
			return err
		}
		check(d.Kind, d.Name, text)
		given[d.Key()] = true
	}
	for _, key := range change.Delete {
		kind, name, _ := strings.Cut(key, "/")
		check(kind, name, "")
	}
	for key, l := range before {
		if change.Prune && l.File == "" && l.Set == change.Set && !given[key] {
			check(l.Kind, l.Name, "")
		}
	}
	if len(denied) > 0 {
		return a.turnAway(c, refuse(http.StatusForbidden, "%s", strings.Join(denied, "\n")))
	}
	return nil
}

// replicaView is one server.
type replicaView struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	// Revision that it has in force.
	Revision int64     `json:"revision"`
	Live     bool      `json:"live"`
	Seen     time.Time `json:"seen"`
	Problem  string    `json:"problem,omitempty"`
}

type replicasAnswer struct {
	Servers []replicaView `json:"servers"`
}

// replicas answers GET /v1/servers.
func (a *API) replicas(c *call) (any, error) {
	out := replicasAnswer{Servers: []replicaView{}}
	if a.Leases == nil {
		return out, nil
	}
	all, err := a.Leases.Replicas(c.Context())
	if err != nil {
		return nil, a.unavailable("reading the leases", err)
	}
	for _, r := range all {
		out.Servers = append(out.Servers, replicaView{r.Name, r.Address, r.Confirmed, r.Live, r.Seen.UTC(), r.Problem})
	}
	return out, nil
}

// whoAnswer says whose token it is.
type whoAnswer struct {
	Token string `json:"token"`
	Role  string `json:"role"`
	User  string `json:"user,omitempty"`
}

func (a *API) who(c *call) (any, error) {
	return whoAnswer{c.token.Name, c.token.Role, c.token.User}, nil
}

package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// The refusals of a Desk. Their texts reach people.
var (
	ErrNoRequest     = errors.New("there is no such request")
	ErrAnswered      = errors.New("the request has been answered")
	ErrNotEntitled   = errors.New("the policy does not name you among those who may answer this request")
	ErrTooManyAsked  = errors.New("you have too many requests that nobody has answered yet")
	ErrOwnRequest    = errors.New("nobody answers their own request")
	errNoSuchOutcome = errors.New("there is no such answer")
)

const (
	// maxPending bounds the requests of one person that wait.
	maxPending = 20
	// requestLife is how long a request waits for an answer.
	requestLife = 14 * 24 * time.Hour
	// maxReason bounds what is kept of a reason or an answer.
	maxReason = 2000
	// deskInterval is between two looks at what has ended.
	deskInterval = 10 * time.Second
)

// DeskConfig is what a Desk works with.
type DeskConfig struct {
	Registry *Registry
	Store    AccessStore
	// Tell queues what webhooks tell; nil tells nobody.
	Tell func(ctx context.Context, notices []Notice) error
	Log  *slog.Logger
	// Now tells the time; nil is time.Now.
	Now func() time.Time
}

// Desk takes requests for access and has them answered by those whom the policy names. It is safe for concurrent use.
type Desk struct{ config DeskConfig }

// NewDesk makes a Desk.
func NewDesk(c DeskConfig) (*Desk, error) {
	if c.Registry == nil || c.Store == nil || c.Log == nil {
		return nil, errors.New("configuring the desk: it needs a registry, a store and a logger")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Desk{config: c}, nil
}

// Ask notes that r.User asks for a source or a policy. Nothing that is answered tells whether there is one. by is the beginning of the audit
// record.
func (d *Desk) Ask(ctx context.Context, by audit.Event, r AccessRequest) (AccessRequest, error) {
	all, err := d.config.Store.Requests(ctx)
	if err != nil {
		return r, err
	}
	pending := 0
	for _, old := range all {
		if old.User == r.User && old.Status == RequestPending {
			pending++
			if old.Source == r.Source && (r.Policy == "" || old.Policy == r.Policy) {
				return old, nil // asked already
			}
		}
	}
	if pending >= maxPending {
		return r, ErrTooManyAsked
	}
	g := d.config.Registry.config.Publisher.Current()
	r.Policy = g.asksFor(r)
	r.Status, r.AskedAt = RequestPending, d.config.Now().UTC()
	r.EndsAt = r.AskedAt.Add(requestLife)
	r.Reason = clipText(r.Reason)
	if err := d.record(ctx, by, "access.ask", r); err != nil {
		return r, err
	}
	if r.ID, err = d.config.Store.AskAccess(ctx, r); err != nil {
		return r, err
	}
	d.tell(ctx, "requested", r, r.User)
	return r, nil
}

// asksFor is the policy by which a request can be approved, "" for none.
func (g *Generation) asksFor(r AccessRequest) string {
	var names []string
	for _, s := range g.Set().Subscriptions {
		if s.Allow.Approval == nil || s.Effect != policy.SubscriptionGrant {
			continue
		}
		if r.Policy != "" && s.Name != r.Policy || r.Policy == "" && s.Access == policy.AccessUnload {
			continue // who asks for a source asks to read it
		}
		if r.Source == "" || g.selects(s.On, r.Source) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 || r.Policy == "" && r.Source == "" {
		return ""
	}
	return slices.Min(names)
}

// selects reports whether a selector selects a source by its full name.
func (g *Generation) selects(on policy.Selector, source string) bool {
	name, err := resource.ParseSourceName(source)
	if err != nil {
		return false
	}
	program, ok := g.Program(name.Connection)
	if !ok {
		return false
	}
	t, ok := program.Snapshot().Table(name.Schema, name.Table)
	return ok && on.Selects(name.Connection, t)
}

// Requests are those that a person has made, and those that they may answer; "" sees all.
func (d *Desk) Requests(ctx context.Context, user string) ([]AccessRequest, error) {
	all, err := d.config.Store.Requests(ctx)
	if err != nil || user == "" {
		return all, err
	}
	return slices.DeleteFunc(all, func(r AccessRequest) bool { return r.User != user && d.entitled(r, user) != nil }), nil
}

// entitled is nil if a person may answer a request.
func (d *Desk) entitled(r AccessRequest, user string) error {
	asking, who, ok := d.approver(r, user)
	switch {
	case r.User == user:
		return ErrOwnRequest
	case !ok || !asking.Entitled(who):
		return ErrNotEntitled
	}
	return nil
}

func (d *Desk) approver(r AccessRequest, user string) (*policy.Approval, policy.Approver, bool) {
	g := d.config.Registry.config.Publisher.Current()
	p, err := g.Principal(user)
	if err != nil || p.IsZero() || r.Policy == "" {
		return nil, policy.Approver{}, false
	}
	for _, s := range g.Set().Subscriptions {
		if s.Name == r.Policy && s.Allow.Approval != nil {
			return s.Allow.Approval, policy.Approver{Name: user, Groups: p.Groups()}, true
		}
	}
	return nil, policy.Approver{}, false
}

// Answer is what somebody says to a request.
type Answer struct {
	// Status is approved, denied or revoked.
	Status string
	// User who answers, whom the policy has to name.
	User string
	// Overrule lets who is not named deny and revoke, never approve: an administrator.
	Overrule bool
	// Lasts is for how long access is given, 0 for what was asked.
	Lasts time.Duration
	Text  string
	// Check may refuse the request that was found, for reasons of the caller's.
	Check func(AccessRequest) error
}

// Answer answers a request. A request that several parties have to approve stays pending until all have.
func (d *Desk) Answer(ctx context.Context, by audit.Event, id int64, a Answer) (AccessRequest, error) {
	r, err := d.find(ctx, id)
	if err != nil {
		return r, err
	}
	if err := d.entitled(r, a.User); err != nil && (!a.Overrule || a.Status == RequestApproved) {
		if errors.Is(err, ErrNotEntitled) && r.User != a.User && a.User != "" && !d.visible(r, a.User) {
			return r, ErrNoRequest
		}
		return r, err
	}
	if a.Check != nil {
		if err := a.Check(r); err != nil {
			return r, err
		}
	}
	was := r.Status
	r.Answer, r.AnsweredBy = clipText(a.Text), cmp.Or(a.User, by.Login)
	switch {
	case a.Status == RequestApproved && was == RequestPending:
		err = d.approve(ctx, by, &r, a)
	case a.Status == RequestDenied && was == RequestPending:
		r.Status = RequestDenied
		err = d.withdraw(ctx, by, "access.deny", r)
	case a.Status == RequestRevoked && was == RequestApproved:
		r.Status, r.EndsAt = RequestRevoked, d.config.Now().UTC()
		err = d.withdraw(ctx, by, "access.revoke", r)
	case a.Status == RequestApproved || a.Status == RequestDenied || a.Status == RequestRevoked:
		return r, ErrAnswered
	default:
		return r, errNoSuchOutcome
	}
	if err != nil {
		return r, err
	}
	err = d.config.Store.AnswerAccess(ctx, was, r)
	if errors.Is(err, ErrMoved) {
		return r, ErrAnswered
	}
	d.tell(ctx, r.Status, r, r.AnsweredBy)
	return r, err
}

// visible says that a person may know of a request: it is theirs, or they may answer it.
func (d *Desk) visible(r AccessRequest, user string) bool {
	return r.User == user || d.entitled(r, user) == nil
}

func (d *Desk) find(ctx context.Context, id int64) (AccessRequest, error) {
	all, err := d.config.Store.Requests(ctx)
	if err != nil {
		return AccessRequest{}, err
	}
	i := slices.IndexFunc(all, func(r AccessRequest) bool { return r.ID == id })
	if i < 0 {
		return AccessRequest{}, ErrNoRequest
	}
	return all[i], nil
}

// approve adds an approver to the request's Approval resource, which is what lets the person in.
func (d *Desk) approve(ctx context.Context, by audit.Event, r *AccessRequest, a Answer) error {
	r.Approval = fmt.Sprintf("request-%d", r.ID)
	approvedBy, ends := []string{a.User}, time.Time{}
	for _, old := range d.config.Registry.config.Publisher.Current().Set().Approvals {
		if old.Name == r.Approval {
			approvedBy, ends = slices.Clone(old.ApprovedBy), old.ExpiresAt()
			if !slices.Contains(approvedBy, a.User) {
				approvedBy = append(approvedBy, a.User)
			}
		}
	}
	if lasts := cmp.Or(a.Lasts, r.Lasts); lasts > 0 {
		if until := d.config.Now().UTC().Add(lasts).Truncate(time.Second); ends.IsZero() || until.Before(ends) {
			ends = until
		}
	}
	text, err := approvalText(r, approvedBy, ends)
	if err != nil {
		return err
	}
	docs, err := resource.ReadDocuments("request", text)
	if err != nil {
		return err
	}
	by.Detail = describeRequest(*r)
	if _, err := d.config.Registry.Apply(ctx, by, Change{Documents: docs, Since: -1, Action: "access.approve"}); err != nil {
		return err
	}
	asking, _, ok := d.approver(*r, a.User)
	if !ok {
		return ErrNotEntitled
	}
	g := d.config.Registry.config.Publisher.Current()
	var people []policy.Approver
	for _, name := range approvedBy {
		p, err := g.Principal(name)
		if err != nil {
			p = identity.Principal{}
		}
		people = append(people, policy.Approver{Name: name, Groups: p.Groups()})
	}
	if missing := asking.Missing(people); missing > 0 {
		return nil // stays pending
	}
	r.Status, r.EndsAt = RequestApproved, ends
	return nil
}

// withdraw takes the request's Approval away, if there is one, on record.
func (d *Desk) withdraw(ctx context.Context, by audit.Event, action string, r AccessRequest) error {
	key := fmt.Sprintf("Approval/request-%d", r.ID)
	for _, old := range d.config.Registry.config.Publisher.Current().Set().Approvals {
		if "Approval/"+old.Name == key {
			by.Detail = describeRequest(r)
			_, err := d.config.Registry.Apply(ctx, by, Change{Delete: []string{key}, Since: -1, Action: action})
			return err
		}
	}
	return d.record(ctx, by, action, r)
}

func (d *Desk) record(ctx context.Context, by audit.Event, action string, r AccessRequest) error {
	by.Kind, by.Action, by.Target, by.Time = audit.Admin, action, cmp.Or(r.Source, r.Policy), d.config.Now().UTC()
	by.Detail = describeRequest(r)
	return d.config.Registry.config.Record(ctx, by)
}

// describeRequest is what an audit record says of a request.
func describeRequest(r AccessRequest) string {
	return fmt.Sprintf("request %d of %s for %s; policy: %s; reason: %s; answer: %s", r.ID, r.User, cmp.Or(r.Source, r.Policy), r.Policy, r.Reason, r.Answer)
}

// tell is for webhooks; that it fails is no reason to undo what was done.
func (d *Desk) tell(ctx context.Context, event string, r AccessRequest, author string) {
	if d.config.Tell == nil {
		return
	}
	err := d.config.Tell(ctx, []Notice{{Topic: "approval", Event: event, Kind: "Request", Name: fmt.Sprint(r.ID), Author: author, At: d.config.Now().UTC(),
		Detail: strings.TrimSpace(r.User + " " + cmp.Or(r.Source, r.Policy))}})
	if err != nil {
		d.config.Log.Error("queueing a notice", "error", err)
	}
}

// Run notes which requests and approvals have ended, until the context ends; it then returns nil.
func (d *Desk) Run(ctx context.Context) error {
	every(ctx, deskInterval, func() {
		if err := d.Expire(ctx); err != nil && ctx.Err() == nil {
			d.config.Log.Warn("looking for requests that have ended", "error", err)
		}
	})
	return nil
}

// Expire notes which requests and approvals have ended. What ends lets nobody in from its instant on, with or without this.
func (d *Desk) Expire(ctx context.Context) error {
	all, err := d.config.Store.Requests(ctx)
	if err != nil {
		return err
	}
	now := d.config.Now()
	for _, r := range all {
		was := r.Status
		if was != RequestPending && was != RequestApproved || r.EndsAt.IsZero() || now.Before(r.EndsAt) {
			continue
		}
		r.Status = RequestExpired
		switch err := d.config.Store.AnswerAccess(ctx, was, r); {
		case errors.Is(err, ErrMoved): // another server was quicker
		case err != nil:
			return err
		default:
			d.tell(ctx, RequestExpired, r, "")
		}
	}
	return nil
}

func clipText(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "")
}

package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// shelf is a StandingStore in memory that can be out of order.
type shelf struct {
	unreadable, unwritable bool
	kept                   map[string]Standing
}

func (s *shelf) Standings(context.Context) (map[string]Standing, error) {
	if s.unreadable {
		return nil, errors.New("unreadable")
	}
	return s.kept, nil
}

func (s *shelf) SetProject(_ context.Context, user, project string) error {
	if s.unwritable {
		return errors.New("unwritable")
	}
	return nil
}

func (s *shelf) Acknowledge(context.Context, string, map[string]Acknowledgement) error {
	return s.SetProject(context.Background(), "", "")
}

// office is a world with people in projects.
type office struct {
	*world
	shelf     *shelf
	events    []audit.Event
	deaf      bool
	standings *Standings
	publisher *Publisher
	mu        sync.Mutex
	now       time.Time
}

const projects = `
kind: Purpose
name: care
acknowledgement: I look at customers to care for them.
---
kind: Purpose
name: complaints
within: care
acknowledgement: I answer complaints only.
---
kind: Purpose
name: reporting
---
kind: Project
name: desk
purposes: [complaints]
members: {users: [bob], groups: [marketing]}
sources: {tables: [tpch.public.customer]}
---
kind: Project
name: figures
purposes: [reporting]
members: {groups: [analysts]}
sources: {tags: [Sales]}
equalize: true
`

func newOffice(t *testing.T, files map[string]string) *office {
	t.Helper()
	o := &office{world: newWorld(t), shelf: &shelf{}, now: time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)}
	for name, text := range files {
		o.write(name, text)
	}
	o.register()
	o.open()
	return o
}

// open reads the standings and publishes.
func (o *office) open() {
	o.t.Helper()
	var err error
	o.standings, err = NewStandings(o.t.Context(), StandingsConfig{Store: o.shelf, Log: slog.New(slog.DiscardHandler), Now: o.clock,
		Record: func(_ context.Context, events ...audit.Event) error {
			if o.deaf {
				return errors.New("the disk is full")
			}
			o.events = append(o.events, events...)
			return nil
		}})
	if err != nil {
		o.t.Fatal(err)
	}
	if o.publisher, err = NewPublisher(Config{Log: slog.New(slog.DiscardHandler), Standings: o.standings, Now: o.clock}); err != nil {
		o.t.Fatal(err)
	}
	o.publish(o.publisher)
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) sleep(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func (o *office) by(user string) audit.Event {
	return audit.Event{Login: user, User: user, Session: "s"}
}

func (o *office) setProject(user, name string) error {
	return o.publisher.Current().SetProject(o.t.Context(), o.by(user), name)
}

func (o *office) acknowledge(user, name string) error {
	return o.publisher.Current().Acknowledge(o.t.Context(), o.by(user), name)
}

// is wants a person to act in a project with its purposes.
func (o *office) is(user, project string, purposes ...string) {
	o.t.Helper()
	p, err := o.publisher.Current().Principal(user)
	if err != nil || p.Project() != project || !slices.Equal(p.Purposes(), purposes) {
		o.t.Errorf("%s acts in %q for %q (%v), want %q for %q", user, p.Project(), p.Purposes(), err, project, purposes)
	}
}

// sees reports whether a person may see a source now.
func (o *office) sees(p identity.Principal, table string) bool {
	o.t.Helper()
	program, _ := o.publisher.Current().Program("tpch")
	found, ok := program.Snapshot().Table("public", table)
	if !ok {
		o.t.Fatal(table)
	}
	return program.Decide(policy.BindPrincipal(p).At(o.clock()), []policy.Want{{Table: found}})[0].Allowed
}

func (o *office) principal(user string) identity.Principal {
	o.t.Helper()
	p, err := o.publisher.Current().Principal(user)
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func wantCode(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *pgerror.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message+"|"+e.Detail+"|"+e.Hint, text) {
		t.Errorf("got %v, want %s with %q", err, code, text)
	}
}

func TestSwitchingProjects(t *testing.T) {
	o := newOffice(t, map[string]string{"projects.yaml": projects})
	wantCode(t, o.setProject("ann", "desk"), "42501", `permission denied for project "desk"`)
	wantCode(t, o.setProject("ann", "nowhere"), "42501", `permission denied for project "nowhere"`)
	wantCode(t, o.acknowledge("ann", "desk"), "42501", "permission denied")
	wantCode(t, o.setProject("cyd", "desk"), "42501", "care: I look at customers to care for them.\ncomplaints: I answer complaints only.|If you agree")
	o.is("cyd", "")
	if err := errors.Join(o.acknowledge("cyd", "desk"), o.setProject("cyd", "desk")); err != nil {
		t.Fatal(err)
	}
	o.is("cyd", "desk", "care", "complaints")
	o.is("bob", "")
	if p := o.principal("cyd"); !o.sees(p, "customer") || o.sees(p, "orders") || o.sees(p, "nation") {
		t.Error("the project does not narrow to its sources")
	}
	if len(o.events) != 2 || o.events[0].Action != "project.acknowledge" || o.events[0].User != "cyd" || !strings.Contains(o.events[0].Detail, "I answer complaints only.") ||
		o.events[1].Action != "project.switch" || o.events[1].Target != "desk" || o.events[1].Kind != audit.Admin {
		t.Errorf("on record: %+v", o.events)
	}
	if got := o.standings.of("cyd").Acknowledged["care"]; got.Text != "I look at customers to care for them." || !got.At.Equal(o.clock()) {
		t.Errorf("kept: %+v", got)
	}

	// A text that changes has to be acknowledged again; until then the person acts in no project.
	o.edit("projects.yaml", "complaints only", "complaints, politely")
	o.publish(o.publisher)
	o.is("cyd", "")
	wantCode(t, o.setProject("cyd", "desk"), "42501", "|complaints: I answer complaints, politely.|")
	if err := o.acknowledge("cyd", "desk"); err != nil {
		t.Fatal(err)
	}
	o.is("cyd", "desk", "care", "complaints")

	// So does one who is no member any more.
	o.edit("projects.yaml", "groups: [marketing]", "groups: [other]")
	g := o.publish(o.publisher)
	o.is("cyd", "")
	if !strings.Contains(fmt.Sprint(g.Warnings()), "nobody is in the group other") {
		t.Errorf("warnings %v", g.Warnings())
	}
	if err := o.setProject("cyd", ""); err != nil {
		t.Error(err)
	}
}

// TestStandingsOutOfOrder: unreadable, nobody acts in a project; unwritable or off the record, nothing changes.
func TestStandingsOutOfOrder(t *testing.T) {
	o := newOffice(t, map[string]string{"projects.yaml": projects})
	o.shelf.kept = map[string]Standing{"ann": {Project: "figures"}, "bob": {Project: "gone"}}
	o.open()
	o.is("ann", "figures", "reporting")
	o.is("bob", "")
	o.shelf.unwritable = true
	wantCode(t, o.setProject("ann", ""), "57P03", "try again later")
	o.is("ann", "figures", "reporting")
	o.shelf.unwritable, o.deaf = false, true
	wantCode(t, o.setProject("ann", ""), "57P03", "try again later")
	o.is("ann", "figures", "reporting")
	o.deaf, o.shelf.unreadable = false, true
	o.open()
	o.is("ann", "")
	wantCode(t, o.setProject("ann", "figures"), "57P03", "try again later")
	o.shelf.unreadable = false
	if err := o.setProject("ann", "figures"); err != nil {
		t.Error(err)
	}
	o.is("ann", "figures", "reporting")
}

func TestImpersonation(t *testing.T) {
	o := newOffice(t, map[string]string{"projects.yaml": projects, "more.yaml": `
kind: User
name: boss
impersonate: {groups: [marketing], users: [root]}
---
kind: User
name: root
exempt: true
groups: [marketing]
---
kind: User
name: away
disabled: true
groups: [marketing]
---
kind: Group
name: support
members: [dan]
impersonate: {users: [ann, bob, root]}
---
kind: User
name: dan
`})
	g := o.publisher.Current()
	for _, tt := range []struct {
		login, user string
		want        bool
	}{
		{"boss", "cyd", true}, {"boss", "ann", false}, {"boss", "root", false}, {"boss", "away", false}, {"boss", "nobody", false}, {"boss", "boss", true},
		{"dan", "ann", true}, {"dan", "cyd", false}, {"dan", "root", false}, {"cyd", "boss", false}, {"root", "ann", false}, {"root", "root", false},
	} {
		p, err := g.Impersonated(tt.login, tt.user)
		if (err == nil) != tt.want || err == nil && (p.User() != tt.user || p.Login() != tt.login) {
			t.Errorf("%s as %s: %s of %s, %v", tt.login, tt.user, p.User(), p.Login(), err)
		}
		if err != nil {
			wantCode(t, err, "42501", fmt.Sprintf("permission denied to set session authorization %q", tt.user))
		}
	}
	if _, err := g.Impersonated("away", "ann"); codeOf(err) != pgerror.CodeInvalidAuthorization {
		t.Errorf("a disabled user: %v", err)
	}
	// Who acts for somebody acts in that person's project, and is told apart from them.
	if err := errors.Join(o.setProject("ann", "figures")); err != nil {
		t.Fatal(err)
	}
	own, _ := g.Principal("ann")
	if p, err := g.Impersonated("dan", "ann"); err != nil || p.Project() != "figures" || p.Key() == own.Key() {
		t.Errorf("%v, %v", p, err)
	}
}

const asking = `
kind: SubscriptionPolicy
name: parts-on-approval
on: {tables: [tpch.public.part]}
access: read
effect: grant
allow: {approval: {parties: [{by: [analysts]}, {by: [bob]}]}}
---
kind: Source
name: tpch.public.part
`

func approval(name, user, by, expires string) string {
	text := fmt.Sprintf("kind: Approval\nname: %s\npolicy: parts-on-approval\nuser: %s\napprovedBy: [%s]\n", name, user, by)
	if expires != "" {
		text += "expires: " + expires + "\n"
	}
	return text
}

func TestApprovals(t *testing.T) {
	o := newOffice(t, map[string]string{"asking.yaml": asking})
	o.write("approval.yaml", approval("a", "cyd", "ann", ""))
	g := o.publish(o.publisher)
	if o.sees(o.principal("cyd"), "part") || !strings.Contains(fmt.Sprint(g.Warnings()), "wants 1 more to approve") {
		t.Errorf("half an approval; warnings %v", g.Warnings())
	}
	o.write("approval.yaml", approval("a", "cyd", "ann", "")+"---\n"+approval("b", "cyd", "bob", ""))
	o.publish(o.publisher)
	if !o.sees(o.principal("cyd"), "part") || o.sees(o.principal("ann"), "part") {
		t.Error("the approval is for cyd")
	}
	o.write("approval.yaml", approval("b", "cyd", "bob", ""))
	o.publish(o.publisher)
	if o.sees(o.principal("cyd"), "part") {
		t.Error("an approval that was removed still counts")
	}
	// An approver who may not approve any more, or never might, counts for nothing and blocks nothing.
	o.write("approval.yaml", approval("a", "cyd", "ann", "")+"---\n"+approval("b", "cyd", "cara", ""))
	o.write("users2.yaml", "kind: User\nname: cara\n")
	g = o.publish(o.publisher)
	if o.sees(o.principal("cyd"), "part") || !strings.Contains(fmt.Sprint(g.Warnings()), "approval b does not count: cara may not approve") {
		t.Errorf("approved by somebody who may not; warnings %v", g.Warnings())
	}
	// Each mistake with its file and line, and nothing changes.
	o.write("approval.yaml", approval("a", "cyd", "cyd", "")+"---\n"+approval("b", "nobody", "ann, ann", "")+"---\n"+approval("c", "ann", "dan", "")+
		"---\nkind: Approval\nname: d\npolicy: reference-for-everyone\nuser: ann\napprovedBy: [bob]\n---\nkind: Approval\nname: e\npolicy: gone\nuser: ann\napprovedBy: [bob]\n")
	o.write("users2.yaml", "kind: User\nname: dan\n---\nkind: User\nname: analysts\n")
	o.refused(o.publisher, "approval.yaml:1: Approval a: approvedBy: cyd cannot approve for themselves", `approval.yaml:7: Approval b: there is no User "nobody"`,
		"approval.yaml:7: Approval b: approvedBy: ann is named twice",
		"approval.yaml:19: Approval d: SubscriptionPolicy reference-for-everyone does not ask for approval", `approval.yaml:25: Approval e: there is no SubscriptionPolicy "gone"`,
		"asking.yaml:2: SubscriptionPolicy parts-on-approval: allow.approval: analysts is the name of a user and of a group")
}

// TestExpiry: at the instant at which an approval ends the set is published anew, by a clock that is the test's.
func TestExpiry(t *testing.T) {
	o := newOffice(t, map[string]string{"asking.yaml": asking})
	o.write("approval.yaml", approval("a", "cyd", "ann", "2027-01-31T13:00:00+01:00")+"---\n"+approval("b", "cyd", "ann", "2027-01-31T12:00:30Z")+
		"---\n"+approval("c", "cyd", "bob", "2027-02-28T12:00:00Z"))
	g := o.publish(o.publisher)
	if want := o.clock().Add(30 * time.Second); !g.Expires().Equal(want) || !strings.Contains(fmt.Sprint(g.Warnings()), "approval a expired at 2027-01-31T13:00:00+01:00") {
		t.Fatalf("expires %v, want %v; warnings %v", g.Expires(), want, g.Warnings())
	}
	if !o.sees(o.principal("cyd"), "part") {
		t.Fatal("not approved")
	}
	waits, ring := make(chan time.Duration, 10), make(chan time.Time)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- o.publisher.RunExpiry(ctx, func(d time.Duration) <-chan time.Time { waits <- d; return ring })
	}()
	if d := <-waits; d != 30*time.Second {
		t.Errorf("waits %v", d)
	}
	// Before any publication the decision ends by itself.
	o.sleep(30 * time.Second)
	if o.sees(o.principal("cyd"), "part") {
		t.Error("still approved after the approval's end")
	}
	published, done := o.publisher.Subscribe()
	defer done()
	ring <- o.clock()
	next := <-published
	if next.Version() != g.Version()+1 || !next.Expires().Equal(time.Date(2027, 2, 28, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("version %d, expires %v", next.Version(), next.Expires())
	}
	// A long wait is cut, so that a clock that is set is noticed.
	for d := range waits {
		if d == time.Minute {
			break
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := o.publisher.Expire(t.Context()); err != nil || o.publisher.Current() != next {
		t.Error("published before anything ended", err)
	}
}

// TestProjectMistakes: cycles are named, and so is who and what is not there.
func TestProjectMistakes(t *testing.T) {
	_, err := resource.Parse("p.yaml", []byte("kind: Purpose\nname: a\nwithin: b\n---\nkind: Purpose\nname: b\nwithin: c\n---\nkind: Purpose\nname: c\nwithin: a\n---\nkind: Purpose\nname: d\nwithin: a\n"+
		"---\nkind: Project\nname: p\npurposes: [nope]\nmembers: {users: [nobody]}\nsources: {tags: [A], tables: [x.y.z]}\n---\nkind: User\nname: u\nimpersonate: {users: [ghost]}\n"))
	for _, want := range []string{"p.yaml:1: Purpose a: it stands within itself: a within b within c within a", "p.yaml:5: Purpose b: it stands within itself: b within c within a within b",
		`p.yaml:17: Project p: there is no Purpose "nope"`, `p.yaml:17: Project p: there is no User "nobody"`, "p.yaml:17: Project p: sources: say one of tables, tags and columnTags", `p.yaml:23: User u: there is no User "ghost"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "Purpose d") {
		t.Errorf("d is above the cycle, not in it:\n%v", err)
	}
	w := newWorld(t)
	p := w.publisher(nil)
	w.publish(p)
	w.write("projects.yaml", strings.Replace(projects, "equalize: true", "maskedJoins: true", 1))
	w.refused(p, "projects.yaml:20: Project figures: connection tpch has no key for the project's token domain \"project.figures\"")
	w.register()
	w.publish(p)
}

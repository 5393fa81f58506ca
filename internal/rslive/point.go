package rslive

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Point is one thing that only a live cluster can prove.
type Point struct {
	// Name is that of the sub-test.
	Name string
	// Proves says what is known if it holds.
	Proves string
	// Needs names what must be given beside the cluster; "" for nothing.
	Needs string
	try   func(ctx context.Context, c *Cluster) (string, error)
}

// State is how a point stands. The set is closed.
type State string

// The states.
const (
	// NotRun: there was no cluster, or not what the point needs.
	NotRun State = "not run"
	// Holds: a cluster says what the product takes for granted.
	Holds State = "holds"
	// Fails: a cluster says otherwise.
	Fails State = "FAILS"
	// Told: a cluster was asked, and either answer will do.
	Told State = "told"
	// Unproven: a stand-in was asked.
	Unproven State = "unproven"
)

// Outcome is what came of one point.
type Outcome struct {
	Point Point
	State State
	// Saw is what was seen, or why it did not run.
	Saw string
}

// errTold marks what was seen as neither right nor wrong.
var errTold = errors.New("told")

// errNeeds says that what a point needs is not there.
type errNeeds string

func (e errNeeds) Error() string { return string(e) }

// told is an answer of which either will do.
func told(format string, args ...any) (string, error) { return fmt.Sprintf(format, args...), errTold }

// toldOf is what a refusal by the server tells; an error that is none, a connection that broke for instance, tells nothing.
func toldOf(what string, err error) (string, error) {
	if sqlState(err) == "" {
		return "", err
	}
	return told("%s: %v", what, err)
}

// Try runs one point against a cluster.
func (p Point) Try(ctx context.Context, c *Cluster) Outcome {
	out := Outcome{Point: p, State: Holds}
	saw, err := p.try(ctx, c)
	var needs errNeeds
	switch {
	case errors.As(err, &needs):
		out.State, saw = NotRun, err.Error()
	case errors.Is(err, errTold):
		out.State = Told
	case err != nil:
		out.State, saw = Fails, err.Error()
	}
	if out.Saw = saw; out.State != NotRun && c.StandIn {
		out.Saw = strings.TrimSpace(fmt.Sprintf("on the stand-in: %s %s", out.State, saw))
		out.State = Unproven
	}
	return out
}

// accepted is a point that a statement is accepted and gives an answer; want "*" takes any. $s is the schema, $r a role.
func accepted(name, proves, sql, want string, setup ...string) Point {
	return Point{Name: name, Proves: proves, try: func(ctx context.Context, c *Cluster) (string, error) {
		if err := c.Exec(ctx, setup...); err != nil {
			return "", err
		}
		got, err := c.Ask(ctx, c.Admin, sql)
		if err != nil {
			return "", err
		}
		if want != "*" && got != want {
			return "", fmt.Errorf("%s gives %q and not %q", c.words(sql), got, want)
		}
		return got, nil
	}}
}

// whether is a point that a statement may be accepted or refused: nothing that the product prints rests on it.
func whether(name, proves, sql string) Point {
	return Point{Name: name, Proves: proves + "; nothing rests on it", try: func(ctx context.Context, c *Cluster) (string, error) {
		got, err := c.Ask(ctx, c.Admin, sql)
		if err != nil {
			return toldOf("it is refused", err)
		}
		return told("it is taken, and gives %s", got)
	}}
}

// rejected is a point that a statement is refused.
func rejected(name, proves, sql string, setup ...string) Point {
	return Point{Name: name, Proves: proves, try: func(ctx context.Context, c *Cluster) (string, error) {
		if err := c.Exec(ctx, setup...); err != nil {
			return "", err
		}
		got, err := c.Ask(ctx, c.Admin, sql)
		if err == nil {
			return "", fmt.Errorf("%s is accepted, and gives %q", c.words(sql), got)
		}
		return err.Error(), nil
	}}
}

// seen is a point about what another account sees: as its person asks sql and is to get want, or an SQLSTATE.
func seen(name, proves, sql, want string, setup ...string) Point {
	return Point{Name: name, Proves: proves, try: func(ctx context.Context, c *Cluster) (string, error) {
		if err := c.Exec(ctx, setup...); err != nil {
			return "", err
		}
		person, err := c.Person(ctx)
		if err != nil {
			return "", err
		}
		got, err := c.Ask(ctx, person, sql)
		if code := sqlState(err); code != "" {
			got, err = code, nil
		}
		if err != nil || got != want {
			return "", errors.Join(err, fmt.Errorf("%s gives %q and not %q", c.words(sql), got, want))
		}
		return got, nil
	}}
}

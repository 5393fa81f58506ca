package push

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// RunKind is what somebody asks a Keeper for.
type RunKind string

// The kinds of runs.
const (
	// RunPlan says what would be done, and changes nothing.
	RunPlan RunKind = "plan"
	// RunSync makes the database as the policies say.
	RunSync RunKind = "sync"
	// RunRemove takes everything back and drops it; the Keeper then leaves the database alone until a sync is asked for.
	RunRemove RunKind = "unregister"
)

// RunState is how far a run is. The zero value is none.
type RunState string

// The states of a run.
const (
	RunWaiting RunState = "waiting"
	RunRunning RunState = "running"
	RunDone    RunState = "done"
	RunFailed  RunState = "failed"
)

// Over reports a state that does not change any more.
func (s RunState) Over() bool { return s == RunDone || s == RunFailed }

// Progress is how far a run has come.
type Progress struct {
	// Doing says in words what it is at.
	Doing string `json:"doing"`
	// Step of Steps is the transaction that it is at; 0 of 0 before the first.
	Step  int `json:"step"`
	Steps int `json:"steps"`
	// Statements were committed so far.
	Statements int `json:"statements"`
}

// Run is one that somebody asked for.
type Run struct {
	ID         int64    `json:"id"`
	Connection string   `json:"connection"`
	Kind       RunKind  `json:"kind"`
	State      RunState `json:"state"`
	Progress   Progress `json:"progress"`
	// Error says why it failed; a run that left something undone is failed too.
	Error   string     `json:"error,omitempty"`
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended,omitempty"`
	// Plan is what was, or would be, done; nil until that is known, and where there was nothing to plan. Script is the same as text.
	Plan   *Plan  `json:"plan,omitempty"`
	Script string `json:"script,omitempty"`
	// Findings are what the administrator should know.
	Findings []Finding `json:"findings"`
	// Statements were committed in Transactions, and SessionsEnded of people who could have seen what was taken away.
	Statements    int `json:"statements"`
	Transactions  int `json:"transactions"`
	SessionsEnded int `json:"sessionsEnded"`
}

// errUndone says that a run left something undone; the findings say what.
var errUndone = errors.New("not everything is as it should be yet: the findings say what; run it again")

// Do does what a run asks for, with a Syncer that nobody else keeps, and says what came of it.
func Do(ctx context.Context, s *Syncer, kind RunKind, in Input) Run {
	r := Run{Connection: s.config.Settings.Connection, Kind: kind, Started: s.config.Now().UTC()}
	_, _ = r.do(ctx, s, in) // the run says what came of it
	return r
}

func (r *Run) do(ctx context.Context, s *Syncer, in Input) (report *Report, err error) {
	switch r.Kind {
	case RunPlan:
		var plan *Plan
		if plan, err = s.Plan(ctx, in); err == nil {
			report = &Report{Plan: plan, Findings: plan.Findings, Done: true}
		}
	case RunSync:
		report, err = s.Sync(ctx, in)
	case RunRemove:
		report, err = s.Remove(ctx, in)
	default:
		err = fmt.Errorf("there is no run of kind %.40q", string(r.Kind))
	}
	undone := err
	if err == nil && !report.Done {
		undone = errUndone
	}
	r.ended(report, undone, s.config.Now())
	return report, err
}

// ended takes over what came of the run.
func (r *Run) ended(report *Report, err error, at time.Time) {
	at = at.UTC()
	r.State, r.Ended, r.Findings = RunDone, &at, []Finding{}
	if err != nil {
		r.State, r.Error = RunFailed, err.Error()
	}
	if report == nil {
		return
	}
	r.Findings = append(r.Findings, report.Findings...)
	r.Statements, r.Transactions, r.SessionsEnded = report.Statements, report.Transactions, report.Ended
	r.Progress.Statements = report.Statements
	if r.Plan = report.Plan; r.Plan != nil {
		r.Script = r.Plan.String()
	}
}

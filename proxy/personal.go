package proxy

import (
	"context"
	"fmt"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/rewrite"
)

// People changes what holds of people. A State may implement it; without it nobody acts for another or in a project. Errors that
// hold a *pgerror.Error reach the client.
type People interface {
	// Impersonated is the principal as whom a login acts for another person: with the other's name, and the login as who really asked.
	Impersonated(login, user string) (identity.Principal, error)
	// SetProject has by.User act in a project in all of their sessions; "" is none. by is the beginning of the audit record that it makes.
	SetProject(ctx context.Context, by audit.Event, project string) error
	// Acknowledge notes that by.User agrees to the texts of a project.
	Acknowledge(ctx context.Context, by audit.Event, project string) error
}

// acting is the person as whom the session acts.
func (s *session) acting() string {
	if s.as != "" {
		return s.as
	}
	return s.params.user
}

// whoIs asks for the principal as whom the session acts. Impersonation that is not allowed any more is an error, never a way back to
// the login's own rights in the middle of a session.
func (r *relay) whoIs(state State) (identity.Principal, error) {
	if r.as == "" {
		return state.Principal(r.params.user)
	}
	people, ok := state.(People)
	if !ok {
		return identity.Principal{}, pgerror.InsufficientPrivilege("permission denied to set session authorization %q", r.as)
	}
	return people.Impersonated(r.params.user, r.as)
}

// personal does what a statement about the person says. The statement is on record already and not sent yet. Outside of a transaction
// block only: what it does cannot be rolled back.
func (r *relay) personal(ctx context.Context, s *rewrite.Statement) error {
	switch {
	case r.status == 'E':
		return &pgerror.Error{Code: pgerror.CodeInFailedTransaction,
			Message: "current transaction is aborted, commands ignored until end of transaction block"}
	case r.status != 'I':
		return &pgerror.Error{Code: pgerror.CodeActiveTransaction, Message: fmt.Sprintf("SET %s cannot run inside a transaction block", s.Setting)}
	}
	state, _, _, err := r.now()
	if err != nil {
		return err
	}
	people, ok := state.(People)
	if !ok {
		return pgerror.NotSupported("SET %s is not supported by this server", s.Setting)
	}
	value := ""
	if len(s.Values) == 1 {
		value = s.Values[0]
	}
	if s.Setting == rewrite.SettingSessionAuthorization {
		return r.actAs(ctx, people, value)
	}
	if r.as != "" {
		return pgerror.InsufficientPrivilege("%s of another person cannot be set", s.Setting).WithHint("RESET SESSION AUTHORIZATION comes first.")
	}
	by := r.event(audit.Admin)
	if s.Setting == rewrite.SettingAcknowledge {
		return people.Acknowledge(ctx, by, value)
	}
	return people.SetProject(ctx, by, value)
}

// actAs begins and ends impersonation; "" and the login's own name end it.
func (r *relay) actAs(ctx context.Context, people People, user string) error {
	if user == r.params.user {
		user = ""
	}
	if user == r.as {
		return nil
	}
	e := r.event(audit.Admin)
	e.Action, e.Target = "impersonation.end", r.as
	if user != "" {
		if _, err := people.Impersonated(r.params.user, user); err != nil {
			return err
		}
		e.Action, e.Target = "impersonation.begin", user
	}
	if err := r.cfg.Audit.Record(ctx, e); err != nil {
		r.log.Error("audit log refused an event; nobody is impersonated", "session", r.id, "error", err)
		return pgerror.Unavailable("the audit log is not available, so nothing was run")
	}
	r.as = user
	return nil
}

// unsaid puts the failure of a statement on record that was about to be sent.
func (r *relay) unsaid(err error, runs ...*running) {
	told := clientError(r.log, err)
	for _, run := range runs {
		run.sqlstate, run.message = told.Code, told.Message
	}
	r.finish(runs...)
}

// executePersonal handles Execute of a statement about the person. What came before it has been answered by then.
func (r *relay) executePersonal(ctx context.Context, p *portal, name string, message []byte) error {
	if err := r.submit(ctx, true); err != nil || r.skip != skipNothing {
		return err
	}
	run := r.begin(&p.verdict, p.only(), p.statement.sql, executing)
	if err := r.record(ctx); err != nil {
		return r.deny(ctx, err)
	}
	if err := r.personal(ctx, p.only()); err != nil {
		r.unsaid(err, run)
		return r.closePortal(ctx, name, err)
	}
	return r.enqueue(ctx, expected{awaits: awaitExecute, run: []*running{run}}, message)
}

// followPerson tells the client as whom the session acts, where that has changed, and ends impersonation with DISCARD ALL, as
// PostgreSQL does.
func (r *relay) followPerson(s *rewrite.Statement) {
	if s.Kind == rewrite.KindDiscard && s.Name == "ALL" && r.as != "" {
		e := r.event(audit.Admin)
		e.Action, e.Target = "impersonation.end", r.as
		if err := r.cfg.Audit.RecordLater(e); err != nil {
			r.log.Error("audit log lost the end of an impersonation", "session", r.id, "error", err)
		}
		r.as = ""
	}
	if now := r.acting(); now != r.toldPerson {
		r.toldPerson = now
		r.forward()
		r.out.write(appendStringMessage(r.scrap[:0], 'S', rewrite.SettingSessionAuthorization, now))
	}
}

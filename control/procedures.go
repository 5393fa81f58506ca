package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/warehouse"
)

const (
	// requestPoll bounds how long a request waits whose notification was lost.
	requestPoll = 2 * time.Second
	// requestRetry is the wait after a warehouse could not be asked.
	requestRetry = time.Second
	// requestTimeout bounds one question to a warehouse.
	requestTimeout = 10 * time.Second
)

// Procedures answers what people ask of Postern by the procedures that registration installs in a warehouse: to act in a project and to
// acknowledge its texts. Every connection whose warehouse has the procedures gets one session that listens.
type Procedures struct {
	Publisher *Publisher
	Log       *slog.Logger
	// Retry is the wait after a warehouse could not be asked; a second when it is 0.
	Retry time.Duration
}

// Run answers until the context ends, and then returns nil.
func (r *Procedures) Run(ctx context.Context) error {
	keepSessions(ctx, r.Publisher, (*Generation).asking, func(ctx context.Context, name string, _ warehouse.Config) { r.listen(ctx, name) })
	return nil
}

// asking are the connections whose warehouses have the procedures; none where there is nothing to ask for.
func (g *Generation) asking() map[string]warehouse.Config {
	out := map[string]warehouse.Config{}
	if g == nil || len(g.projects) == 0 {
		return out
	}
	for name, c := range g.connections {
		if c.procedures {
			out[name] = c.config
		}
	}
	return out
}

// listen keeps one session until the context ends. That a warehouse cannot be asked is logged once.
func (r *Procedures) listen(ctx context.Context, name string) {
	message := ""
	for ctx.Err() == nil {
		err := r.session(ctx, name, func() { message = "" })
		if ctx.Err() != nil {
			return
		}
		if now := fmt.Sprint(err); now != message {
			r.Log.Warn("listening for requests in a warehouse: trying again", "connection", name, "error", err)
			message = now
		}
		retry := r.Retry
		if retry == 0 {
			retry = requestRetry
		}
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// session logs in and answers until something fails; answered is called when the warehouse has been asked.
func (r *Procedures) session(ctx context.Context, name string, answered func()) (err error) {
	config, ok := r.Publisher.Current().Connection(name)
	if !ok {
		return errors.New("the connection is gone")
	}
	conn, err := warehouse.Dial(ctx, *config, map[string]string{"application_name": "postern:requests"})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	// First listening, then looking: what comes in between is seen.
	if err := bounded(ctx, requestTimeout, func(ctx context.Context) error { return warehouse.ListenForRequests(ctx, conn) }); err != nil {
		return err
	}
	for {
		if err := bounded(ctx, requestTimeout, func(ctx context.Context) error { return r.answerAll(ctx, name, conn) }); err != nil {
			return err
		}
		answered()
		err := bounded(ctx, requestPoll, conn.WaitForNotification)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("waiting for requests: %w", err)
		}
	}
}

func bounded(ctx context.Context, d time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return f(ctx)
}

// answerAll answers what waits.
func (r *Procedures) answerAll(ctx context.Context, name string, conn *pgconn.PgConn) error {
	for {
		requests, err := warehouse.ClaimRequests(ctx, conn)
		if err != nil || len(requests) == 0 {
			return err
		}
		for _, request := range requests {
			if err := warehouse.AnswerRequest(ctx, conn, request, r.answer(ctx, name, request)); err != nil {
				return err
			}
		}
	}
}

// nothingChanged stands where an error has nothing else to add.
const nothingChanged = "Nothing has changed."

// answer does what one request wants.
func (r *Procedures) answer(ctx context.Context, connection string, q warehouse.Request) warehouse.Answer {
	g := r.Publisher.Current()
	user, ok := g.personOf(connection, q.Account)
	if !ok {
		return warehouse.Answer{Message: fmt.Sprintf("the account %q is nobody whom Postern knows", q.Account), Detail: nothingChanged, Hint: "An administrator maps accounts to people."}
	}
	if q.Late {
		return warehouse.Answer{Message: "the request came too late", Detail: nothingChanged, Hint: "Ask again."}
	}
	by := audit.Event{Login: user, User: user, Connection: connection, Application: "account " + q.Account, Protocol: audit.Procedure}
	var err error
	done := fmt.Sprintf("you act in project %q from now on", q.Project)
	switch q.Action {
	case warehouse.RequestProject:
		err = g.SetProject(ctx, by, q.Project)
		if q.Project == "" {
			done = "you act in no project from now on"
		}
	case warehouse.RequestAcknowledge:
		err = g.Acknowledge(ctx, by, q.Project)
		done = fmt.Sprintf("you have acknowledged the texts of project %q", q.Project)
	default:
		err = pgerror.NotSupported("%s cannot be asked for", q.Action)
	}
	if err == nil {
		return warehouse.Answer{Done: true, Message: done}
	}
	var told *pgerror.Error
	if !errors.As(err, &told) {
		r.Log.Error("answering a request of a warehouse", "connection", connection, "error", err)
		told = pgerror.Unavailable("what holds of people cannot be changed now; try again later")
	}
	out := warehouse.Answer{Message: told.Message, Detail: told.Detail, Hint: told.Hint}
	if out.Detail == "" {
		out.Detail = nothingChanged
	}
	if out.Hint == "" {
		out.Hint = "Projects say who their members are."
	}
	return out
}

// personOf finds who an account of a warehouse is: by the IdentityMapping of the connection, or else the person of that very name. The service role is
// nobody: everybody's statements run as it.
func (g *Generation) personOf(connection, account string) (user string, ok bool) {
	c, found := g.Connection(connection)
	if !found || account == c.User {
		return "", false
	}
	mappings := slices.DeleteFunc(slices.Clone(g.set.IdentityMappings), func(m resource.IdentityMapping) bool { return m.Connection != connection })
	if len(mappings) == 0 {
		user = account
	} else {
		user, ok = g.mapped(connection, mappings, account)
		if !ok {
			return "", false
		}
	}
	p, known := g.people[user]
	return user, known && !p.disabled
}

// mapped finds the one person whose account it is; nobody where it would be two.
func (g *Generation) mapped(connection string, mappings []resource.IdentityMapping, account string) (user string, ok bool) {
	found := map[string]bool{}
	for _, m := range mappings {
		for name, of := range m.Users {
			if g.accountOf(connection, of) == account {
				found[name] = true
			}
		}
		if m.Attribute == "" {
			continue
		}
		for name, p := range g.people {
			if _, named := m.Users[name]; named {
				continue
			}
			if values := p.principal.Attribute(m.Attribute); len(values) == 1 && g.accountOf(connection, values[0]) == account {
				found[name] = true
			}
		}
	}
	names := slices.Collect(maps.Keys(found))
	if len(names) != 1 {
		return "", false
	}
	return names[0], true
}

package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestLoginTellsNothing: a wrong password, an unknown user and somebody else's password end in the same error, field by
// field. As PostgreSQL's own it repeats the name that the client gave, and nothing else differs.
func TestLoginTellsNothing(t *testing.T) {
	noticeSources(t)
	known := people()[0]
	refused := func(name, password string) pgconn.PgError {
		t.Helper()
		conn, err := pgconn.Connect(t.Context(), dsn(shared.server, person{name: name, password: password}, "sslmode=disable"))
		if err == nil {
			_ = conn.Close(t.Context())
			t.Fatalf("%s was let in", name)
		}
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) {
			t.Fatalf("%s got no error of the protocol: %v", name, err)
		}
		if !strings.Contains(pgErr.Message, `"`+name+`"`) {
			t.Errorf("the error does not name %s: %s", name, pgErr.Message)
		}
		pgErr.Message = strings.ReplaceAll(pgErr.Message, name, "NAME")
		return *pgErr
	}
	wrong := refused(known.name, known.password+"x")
	if wrong.Code != "28P01" || wrong.Severity != "FATAL" {
		t.Errorf("a wrong password got %+v", wrong)
	}
	for what, other := range map[string]pgconn.PgError{
		"an unknown user":         refused("nobody-here", known.password),
		"an empty password":       refused(known.name, ""),
		"somebody else's":         refused(people()[1].name, known.password),
		"the warehouse's own":     refused(serviceRole, serverPassword()),
		"the warehouse superuser": refused(shared.cluster.Superuser, shared.cluster.Password),
	} {
		if other != wrong {
			t.Errorf("%s got %+v, a wrong password got %+v", what, other, wrong)
		}
	}
}

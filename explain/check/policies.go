package check

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// published is a set in force against a scratch database.
type published struct {
	publisher *control.Publisher
	config    warehouse.Config
	// dialect is that of the connection as the resources have it; the tests themselves run on PostgreSQL.
	dialect sqlgen.Dialect
}

// publish registers what the policies need and publishes them against the scratch database. dir is a folder for the service role's password.
func publish(ctx context.Context, set *resource.Set, f *File, s *scratch, dir string, now clock, log *slog.Logger) (*published, error) {
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(s.password), 0o600); err != nil {
		return nil, fmt.Errorf("keeping the scratch role's password: %w", err)
	}
	at := slices.IndexFunc(set.Connections, func(c resource.Connection) bool { return c.Name == f.Connection })
	if at < 0 {
		return nil, fmt.Errorf("%s: there is no Connection %q in the resources", f.Path, f.Connection)
	}
	dialect, err := control.DialectOf(set.Connections[at].Warehouse())
	if err != nil {
		return nil, err
	}
	set = withoutSecrets(set)
	config := s.warehouse()
	set.Connections = []resource.Connection{{
		Pos: set.Connections[at].Pos, Name: f.Connection, Engine: string(config.Engine), Host: config.Host, Port: config.Port,
		Database: config.Database, User: config.User, Password: secret.Ref{File: password}, TLS: resource.ConnectionTLS{Mode: string(config.TLS.Mode)},
	}}
	r, err := control.Registration(set, f.Connection)
	if err != nil {
		return nil, err
	}
	if _, err := warehouse.Register(ctx, s.inside, r); err != nil {
		return nil, fmt.Errorf("%s: preparing the scratch database: %w", f.Path, err)
	}
	standings, err := control.NewStandings(ctx, control.StandingsConfig{
		Log: log, Now: now, Record: func(context.Context, ...audit.Event) error { return nil },
	})
	if err != nil {
		return nil, err
	}
	publisher, err := control.NewPublisher(control.Config{Log: log, Standings: standings, Now: now})
	if err != nil {
		return nil, err
	}
	if _, err := publisher.Publish(ctx, set); err != nil {
		return nil, fmt.Errorf("publishing the resources:\n%w", err)
	}
	out := &published{publisher: publisher, config: set.Connections[0].Warehouse(), dialect: dialect}
	return out, nil
}

// program is the one of the only connection.
func (p *published) program(connection string) *policy.Program {
	program, _ := p.publisher.Current().Program(connection)
	return program
}

// withoutSecrets is the set with nothing to resolve: people do not log in, tokens are not asked for, and keys are drawn.
func withoutSecrets(set *resource.Set) *resource.Set {
	out := *set
	out.Users = slices.Clone(set.Users)
	for i := range out.Users {
		out.Users[i].Password, out.Users[i].Verifier = secret.Ref{}, secret.Ref{}
	}
	out.TokenDomains = slices.Clone(set.TokenDomains)
	for i := range out.TokenDomains {
		out.TokenDomains[i].Key = secret.Ref{}
	}
	out.APITokens = nil
	return &out
}

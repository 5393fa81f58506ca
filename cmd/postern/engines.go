package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/explain"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// rewriters has a rewriter for each dialect, and takes the one of the connection that a text is for.
type rewriters struct {
	postgres, redshift, builtin *rewrite.Rewriter
	// dialect is that of a connection's warehouse.
	dialect func(connection string) sqlgen.Dialect
}

func newRewriters(cfg *resource.ServerConfig, dialect func(connection string) sqlgen.Dialect) (*rewriters, error) {
	postgres, err := rewrite.New(rewriteConfig(cfg, sqlgen.Postgres()))
	if err != nil {
		return nil, err
	}
	redshift, err := rewrite.New(rewriteConfig(cfg, sqlgen.Redshift()))
	if err != nil {
		return nil, err
	}
	builtin, err := rewrite.New(rewriteConfig(cfg, sqlgen.RedshiftBuiltin()))
	if err != nil {
		return nil, err
	}
	return &rewriters{postgres, redshift, builtin, dialect}, nil
}

// of is nil for a dialect that has none: nothing is rewritten by another's rules.
func (r *rewriters) of(database string) *rewrite.Rewriter {
	switch r.dialect(database) {
	case sqlgen.Postgres():
		return r.postgres
	case sqlgen.Redshift():
		return r.redshift
	case sqlgen.RedshiftBuiltin():
		return r.builtin
	}
	return nil
}

// Rewrite judges a text.
func (r *rewriters) Rewrite(ctx context.Context, req rewrite.Request) (*rewrite.Result, error) {
	rw := r.of(req.Database)
	if rw == nil {
		return nil, fmt.Errorf("rewriting for database %q: nobody knows its SQL", req.Database)
	}
	return rw.Rewrite(ctx, req)
}

// UnreadableViews says which plain views cannot be read through the proxy, and why.
func (r *rewriters) UnreadableViews(p *policy.Program) map[*catalog.Table]string {
	database := ""
	if p != nil && p.Snapshot() != nil {
		database = p.Snapshot().Connection()
	}
	rw := r.of(database)
	if rw == nil {
		return nil // none of it is read at all
	}
	return rw.UnreadableViews(p)
}

// rewriteConfig says what a statement may be.
func rewriteConfig(cfg *resource.ServerConfig, dialect sqlgen.Dialect) rewrite.Config {
	l := cfg.Limits
	out := rewrite.Config{
		Dialect: dialect, MaxSQLBytes: l.QueryBytes, MaxTokens: l.QueryParts, MaxDepth: l.QueryDepth, MaxRelations: l.QueryRelations,
		MaxParameters: l.QueryParameters,
	}
	if cfg.ExplainPolicy == "everyone" {
		out.ExplainPolicy = (&explain.Explainer{Dialect: dialect, Now: time.Now}).Own
	}
	return out
}

// tokenCheck checks the token of an identity provider. The keys are read anew, so that an issuer can change them.
func tokenCheck(t resource.ServerTokens) func(context.Context, proxy.Token) (string, error) {
	if t == (resource.ServerTokens{}) {
		return nil
	}
	return func(_ context.Context, token proxy.Token) (string, error) {
		keys, err := os.ReadFile(t.Keys)
		if err != nil {
			return "", fmt.Errorf("reading the keys of tokens: %w", err)
		}
		return identity.VerifyToken(token.Text, keys, identity.TokenRules{Issuer: t.Issuer, Audience: t.Audience, Claim: t.User}, time.Now())
	}
}

// engine is what the warehouse behind a database is. Of a database that is not served it says PostgreSQL, and nobody gets a session there.
func (s *server) engine(database string) warehouse.Engine {
	if s.publisher == nil {
		return warehouse.EnginePostgres
	}
	c, found := s.publisher.Current().Connection(database)
	if !found {
		return warehouse.EnginePostgres
	}
	return c.Engine
}

// dialect is the SQL of the warehouse behind a database; PostgreSQL's of one that is not served, where nobody gets a session.
func (s *server) dialect(database string) sqlgen.Dialect {
	if s.publisher == nil {
		return sqlgen.Postgres()
	}
	c, found := s.publisher.Current().Connection(database)
	if !found {
		return sqlgen.Postgres()
	}
	out, err := control.DialectOf(*c)
	if err != nil {
		return sqlgen.Dialect{} // prints nothing
	}
	return out
}

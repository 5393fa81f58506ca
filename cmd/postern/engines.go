package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/explain"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/proxy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// rewriters has a rewriter for each engine, and takes the one of the connection that a text is for.
type rewriters struct {
	postgres, redshift *rewrite.Rewriter
	engine             func(database string) warehouse.Engine
}

func newRewriters(cfg *resource.ServerConfig, engine func(database string) warehouse.Engine) (*rewriters, error) {
	postgres, err := rewrite.New(rewriteConfig(cfg, sqlgen.Postgres()))
	if err != nil {
		return nil, err
	}
	redshift, err := rewrite.New(rewriteConfig(cfg, sqlgen.Redshift()))
	if err != nil {
		return nil, err
	}
	return &rewriters{postgres, redshift, engine}, nil
}

func (r *rewriters) of(database string) *rewrite.Rewriter {
	if r.engine(database) == warehouse.EngineRedshift {
		return r.redshift
	}
	return r.postgres
}

// dialect is that of a connection's warehouse.
func (r *rewriters) dialect(connection string) sqlgen.Dialect {
	if r.engine(connection) == warehouse.EngineRedshift {
		return sqlgen.Redshift()
	}
	return sqlgen.Postgres()
}

// Rewrite judges a text.
func (r *rewriters) Rewrite(ctx context.Context, req rewrite.Request) (*rewrite.Result, error) {
	return r.of(req.Database).Rewrite(ctx, req)
}

// UnreadableViews says which plain views cannot be read through the proxy, and why.
func (r *rewriters) UnreadableViews(p *policy.Program) map[*catalog.Table]string {
	database := ""
	if p != nil && p.Snapshot() != nil {
		database = p.Snapshot().Connection()
	}
	return r.of(database).UnreadableViews(p)
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

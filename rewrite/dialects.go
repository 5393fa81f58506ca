package rewrite

import (
	"context"
	"errors"
)

// Rewriters sends each request to the Rewriter for its database's engine: what a text means depends on whose dialect it is in.
type Rewriters struct {
	// Postgres and Redshift are the Rewriters of the two dialects.
	Postgres, Redshift *Rewriter
	// OnRedshift reports a database that is a Redshift; nil knows none.
	OnRedshift func(database string) bool
}

// Rewrite is Rewriter.Rewrite of the one that fits. A database whose engine has no Rewriter is an error of our own.
func (rs *Rewriters) Rewrite(ctx context.Context, req Request) (*Result, error) {
	rw := rs.Postgres
	if rs.OnRedshift != nil && rs.OnRedshift(req.Database) {
		rw = rs.Redshift
	}
	if rw == nil {
		return nil, errors.New("rewriting: there is no rewriter for the engine of this database")
	}
	return rw.Rewrite(ctx, req)
}

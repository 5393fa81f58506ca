package rewrite

import (
	"errors"
	"fmt"
	"time"

	"github.com/posternsql/postern/rewrite/redshift"
	"github.com/posternsql/postern/sqlgen"
)

// Config of a Rewriter. Zero fields take the defaults that are named at them.
type Config struct {
	// Dialect prints the Views. With sqlgen.Redshift, clients' texts are read by Redshift's rules, and statements are printed for a Redshift.
	Dialect sqlgen.Dialect
	// Unfenced, on a Redshift, lets statements through whose conditions nothing keeps from rows that a filter hides: they are hidden from
	// results all the same, but an error can tell of a value. The zero value refuses them. It means nothing on PostgreSQL.
	Unfenced bool
	// MaxSQLBytes bounds one client text; default 10 MiB. Beyond it the answer is 54000.
	MaxSQLBytes int
	// MaxTokens bounds the words and signs of one text; default 400,000. Beyond it the answer is 54000.
	MaxTokens int
	// MaxDepth bounds nesting (parentheses, operators on operators, CASE in CASE); default 1,000, at most 4,000, which the
	// parser's C stack bears. Beyond it the answer is 54001.
	MaxDepth int
	// MaxStatements bounds the statements of one text; default 1,000.
	MaxStatements int
	// MaxRelations bounds the governed tables that one statement names; default 500.
	MaxRelations int
	// MaxParameters bounds the number of the last parameter of one statement; default 65,535, as many as the protocol can bind, and 32,767 on a Redshift. Beyond it
	// the answer is 54000.
	MaxParameters int
	// CacheEntries and CacheBytes bound the cache of rewritten texts; defaults 4,096 and 64 MiB. CacheEntries -1 turns it off.
	CacheEntries int
	CacheBytes   int
	// ViewEntries bounds the cache of parsed Views; default 4,096.
	ViewEntries int
	// ExplainPolicy answers EXPLAIN (POLICY); nil refuses it.
	ExplainPolicy PolicyExplainer
	// Now tells the time, for decisions that hold for a limited time; default time.Now.
	Now func() time.Time
}

const (
	defaultMaxSQLBytes   = 10 << 20
	defaultMaxTokens     = 400_000
	defaultMaxDepth      = 1_000
	defaultMaxStatements = 1_000
	defaultMaxRelations  = 500
	defaultMaxParameters = 65_535
	defaultCacheEntries  = 4_096
	defaultCacheBytes    = 64 << 20
	defaultViewEntries   = 4_096
	largestDepth         = 4_000
)

// Validate reports every mistake at once.
func (c Config) Validate() error {
	var mistakes []error
	for _, f := range []struct {
		name        string
		value, most int
	}{
		{"maxSQLBytes", c.MaxSQLBytes, 1 << 30}, {"maxTokens", c.MaxTokens, 10_000_000}, {"maxDepth", c.MaxDepth, largestDepth},
		{"maxStatements", c.MaxStatements, 1 << 20}, {"maxRelations", c.MaxRelations, 1 << 16},
		{"maxParameters", c.MaxParameters, defaultMaxParameters},
		{"cacheBytes", c.CacheBytes, 1 << 40}, {"viewEntries", c.ViewEntries, 1 << 24},
	} {
		if f.value < 0 || f.value > f.most {
			mistakes = append(mistakes, fmt.Errorf("%s %d is not between 0 and %d", f.name, f.value, f.most))
		}
	}
	if c.CacheEntries < -1 {
		mistakes = append(mistakes, fmt.Errorf("cacheEntries %d is less than -1", c.CacheEntries))
	}
	if c.Dialect == (sqlgen.Dialect{}) {
		mistakes = append(mistakes, errors.New("dialect is not set"))
	}
	return errors.Join(mistakes...)
}

// withDefaults fills the zero fields.
func (c Config) withDefaults() Config {
	fill := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	fill(&c.MaxSQLBytes, defaultMaxSQLBytes)
	fill(&c.MaxTokens, defaultMaxTokens)
	fill(&c.MaxDepth, defaultMaxDepth)
	fill(&c.MaxStatements, defaultMaxStatements)
	fill(&c.MaxRelations, defaultMaxRelations)
	if c.Dialect.IsRedshift() && (c.MaxParameters == 0 || c.MaxParameters > redshift.MaxParameters) {
		c.MaxParameters = redshift.MaxParameters
	}
	fill(&c.MaxParameters, defaultMaxParameters)
	fill(&c.CacheEntries, defaultCacheEntries)
	fill(&c.CacheBytes, defaultCacheBytes)
	fill(&c.ViewEntries, defaultViewEntries)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

const (
	// trialConnections bounds the connections on which a publication tries queries, and trialShare is for how many queries another one pays.
	trialConnections = 4
	trialShare       = 100
	// trialTimeout bounds all trials of a connection.
	trialTimeout = 30 * time.Second
)

// tryFunc has an error or nil for each query, as warehouse.Try.
type tryFunc func(ctx context.Context, c warehouse.Config, queries []string) ([]error, error)

// tried says that a warehouse accepted a query.
type tried struct{ address, query string }

// try has the warehouse prepare what authors wrote in SQL, so that a mistake is one of the publication and no person meets it. What the warehouse
// accepted before is not asked again, so that a revocation waits for nobody. What is new and cannot be asked is refused.
func (b *builder) try(ctx context.Context, c resource.Connection, config warehouse.Config, of trialsOf) {
	var trials []policy.Trial
	var queries []string
	for _, t := range of.program.Trials() {
		if t.Bound.Table.Held {
			continue // nothing has it
		}
		for _, q := range of.queries(&t) {
			if key := (tried{config.Address(), q}); b.publisher.tried[key] {
				b.tried[key] = true
				continue
			}
			trials, queries = append(trials, t), append(queries, q)
		}
	}
	if len(queries) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, trialTimeout)
	defer cancel()
	refused, err := b.publisher.config.try(ctx, config, queries)
	if err != nil && b.tolerant {
		b.warn(c.Pos, "connection %s cannot be asked whether it accepts %d new conditions and masks: %s", c.Name, len(queries), err)
		return
	}
	if err != nil {
		b.mistake(c.Pos, "Connection "+c.Name, "the warehouse cannot be asked whether it accepts %d new conditions and masks, beginning with %s at %s:%d: %s",
			len(queries), trialLabel(&trials[0]), trials[0].Pos.File, trials[0].Pos.Line, err)
		return
	}
	said := map[string]bool{}
	for i, err := range refused {
		t := &trials[i]
		switch {
		case err == nil:
			b.tried[tried{config.Address(), queries[i]}] = true
		case !warehouse.Refuses(err):
			b.warn(t.Pos, "%s: %s: connection %s could not try it on %s: %s", trialLabel(t), t.Kind, c.Name, t.Bound.Table.QualifiedName(), told(err))
		default:
			message := fmt.Sprintf("%s: connection %s refuses it on %s: %s", t.Kind, c.Name, t.Bound.Table.QualifiedName(), told(err))
			if key := fmt.Sprint(t.Pos, message); !said[key] {
				said[key] = true
				b.mistake(t.Pos, trialLabel(t), "%s", message)
			}
		}
	}
}

func trialLabel(t *policy.Trial) string {
	return fmt.Sprintf("DataPolicy %s rule %d", t.Policy, t.Rule+1)
}

// told is the warehouse's own word.
func told(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err.Error()
	}
	return fmt.Sprintf("%s (%s)", e.Message, e.Code)
}

// trialsOf says what is tried of a program.
type trialsOf struct {
	program *policy.Program
	dialect sqlgen.Dialect
	// stored says that the warehouse has the profile that stored views look people up in.
	stored bool
	// keyed says that the warehouse has all functions and keys. Without, what would call them is left out: that they are missing has been reported.
	keyed bool
}

// queries prints a trial as the proxy would inline it and, where that can be tried, as push would store it. What cannot be printed has been reported.
func (of trialsOf) queries(t *policy.Trial) (out []string) {
	add := func(v sqlgen.View, err error) {
		if err == nil && !slices.Contains(out, v.SQL) && (of.keyed || !strings.Contains(v.SQL, warehouse.FunctionsSchema)) {
			out = append(out, v.SQL)
		}
	}
	add(of.dialect.View(&t.Bound))
	if of.stored {
		add(of.dialect.StoredView(&t.Deferred))
	}
	return out
}

// tryWarehouse asks on several connections at once where there is much to ask.
func tryWarehouse(ctx context.Context, c warehouse.Config, queries []string) ([]error, error) {
	parts := min(trialConnections, 1+(len(queries)-1)/trialShare)
	size := (len(queries) + parts - 1) / parts
	out := make([]error, len(queries))
	failures := make([]error, parts)
	var wait sync.WaitGroup
	for i := range parts {
		from, to := min(i*size, len(queries)), min((i+1)*size, len(queries))
		wait.Go(func() { failures[i] = tryOn(ctx, c, queries[from:to], out[from:to]) })
	}
	wait.Wait()
	return out, errors.Join(failures...)
}

func tryOn(ctx context.Context, c warehouse.Config, queries []string, out []error) (err error) {
	conn, err := warehouse.Dial(ctx, c, map[string]string{"application_name": "postern:try"})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	got, err := warehouse.Try(ctx, conn, queries)
	copy(out, got)
	return err
}

package rslive

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// Points are all of them, in the order in which they are told.
func Points() []Point {
	return slices.Concat(sqlPoints(), viewPoints(), procedurePoints(), accountPoints(), historyPoints(), nativePoints(), unloadPoints())
}

// NotRunAll is what is told where there is no cluster.
func NotRunAll() (out []Outcome) {
	for _, p := range Points() {
		out = append(out, Outcome{Point: p, State: NotRun, Saw: "REDSHIFT_TEST_DSN is not set"})
	}
	return out
}

// Run tries every point against a cluster, one after the other, and drops what was made.
func Run(ctx context.Context, dsn string, given Given, each func(Outcome)) (err error) {
	c, err := Open(ctx, dsn, given)
	if err != nil {
		return err
	}
	defer func() {
		if end := c.Close(ctx); end != nil {
			err = fmt.Errorf("dropping what was made: %w", end)
		}
	}()
	for _, p := range Points() {
		each(p.Try(ctx, c))
	}
	return ctx.Err()
}

// Print tells one outcome.
func Print(w io.Writer, o Outcome) {
	fmt.Fprintf(w, "%-9s %s: %s\n", o.State, o.Point.Name, o.Point.Proves)
	switch {
	case o.State == NotRun && o.Point.Needs != "":
		fmt.Fprintf(w, "          (%s; it needs %s)\n", o.Saw, o.Point.Needs)
	case o.State != NotRun:
		fmt.Fprintf(w, "          saw: %.300s\n", o.Saw)
	}
}

// Count says how many outcomes are in each state.
func Count(outcomes []Outcome) string {
	n := map[State]int{}
	for _, o := range outcomes {
		n[o.State]++
	}
	return fmt.Sprintf("%d points: %d hold, %d fail, %d told, %d unproven, %d not run", len(outcomes), n[Holds], n[Fails], n[Told], n[Unproven], n[NotRun])
}

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/posternsql/postern/internal/rslive"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	dsn := os.Getenv("REDSHIFT_TEST_DSN")
	given := rslive.Given{External: os.Getenv("REDSHIFT_TEST_EXTERNAL"), Lambda: os.Getenv("REDSHIFT_TEST_LAMBDA"), Shared: os.Getenv("REDSHIFT_TEST_SHARED"), Unload: os.Getenv("REDSHIFT_TEST_UNLOAD"),
		Registration: os.Getenv("REDSHIFT_TEST_REGISTER") == "yes"}
	var all []rslive.Outcome
	tell := func(o rslive.Outcome) {
		all = append(all, o)
		rslive.Print(os.Stdout, o)
	}
	if dsn == "" {
		for _, o := range rslive.NotRunAll() {
			tell(o)
		}
		fmt.Println("\nNOT RUN: no Redshift was asked (REDSHIFT_TEST_DSN is not set). " + rslive.Count(all) + ".")
		return 0
	}
	if err := rslive.Run(ctx, dsn, given, tell); err != nil {
		fmt.Fprintln(os.Stderr, "asking the cluster:", err)
		return 1
	}
	fmt.Println("\n" + rslive.Count(all) + ".")
	for _, o := range all {
		if o.State == rslive.Fails {
			return 1
		}
	}
	return 0
}

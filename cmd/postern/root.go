package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes of every command.
const (
	exitOK = 0
	// exitFailure: the command ran and did not succeed.
	exitFailure = 1
	// exitUsage: the command line is wrong; nothing was done.
	exitUsage = 2
	// exitDiffers: `diff` found differences.
	exitDiffers = 3
	// exitConflict: others have changed or own what was to be changed; nothing was.
	exitConflict = 4
	// exitMistakes: the resources have mistakes; nothing was changed.
	exitMistakes = 5
	// exitForbidden: the token is unknown, or its role may not do this.
	exitForbidden = 6
	// exitUnavailable: the server cannot be reached or cannot answer now.
	exitUnavailable = 7
)

// streams are a command's input and output, so that tests run whole commands in-process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usageError marks an error in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, io streams) int {
	root := newRoot(io)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var refused *apiError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(io.err, "postern: %v\nRun 'postern help' for the commands.\n", err)
		return exitUsage
	case errors.Is(err, errDiffers):
		return exitDiffers
	case errors.As(err, &refused):
		fmt.Fprintf(io.err, "postern: %v\n", err)
		return refused.exitCode()
	default:
		fmt.Fprintf(io.err, "postern: %v\n", err)
		return exitFailure
	}
}

func newRoot(io streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "postern",
		Short: "One set of policies for everyone who queries a PostgreSQL or Redshift warehouse",
		Long: `Postern stands in front of a warehouse as if it were PostgreSQL. It authenticates people, decides
which tables, rows and values each may see, rewrites their SQL, streams the rows and audits everything.

Start with:  postern demo`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newServe(), newDemo(), newApply(), newGet(), newDiff(), newDelete(), newHistory(), newRollback(), newExport(), newRequest(), newState(), newRegister(), newUDFs(), newObjects(), newPlan(), newSync(), newUnregister(), newLambdaAccess(), newAudit(), newCheck(), newExplain(), newReveal(), newUser(), newVersion())
	root.AddCommand(newAnswers()...)
	addCompletion(root)
	return root
}

// addCompletion adds cobra's own command for completion, which then refuses arguments as the others do.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Args = noArgs
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		for _, shell := range cmd.Commands() {
			shell.Args = noArgs
		}
	}
}

// noArgs refuses positional arguments as a usage error.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unexpected argument %q", args[0])}
	}
	return nil
}

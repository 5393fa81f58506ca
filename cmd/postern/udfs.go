package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// udfOptions are the flags of `udfs`.
type udfOptions struct {
	registerOptions
	output      string
	concurrency int
}

// udfReport is what `udfs` finds.
type udfReport struct {
	Connection string                `json:"connection"`
	Python     []warehouse.PythonUDF `json:"python"`
	Lambda     []warehouse.LambdaUse `json:"lambda"`
	// Policies have masks that call the Lambda, for queries through the proxy too.
	Policies []string `json:"policies"`
	// Concurrency is how many batches the Lambda computes at once.
	Concurrency int      `json:"concurrency"`
	Hints       []string `json:"hints"`
}

// templateConcurrency is ConcurrentExecutions of deploy/lambda/template.yaml.
const templateConcurrency = 20

func newUDFs() *cobra.Command {
	var o udfOptions
	cmd := &cobra.Command{
		Use:   "udfs [-c postern.yaml | --resources PATH] [--connection NAME] [--setup-env NAME | --setup-file PATH | --setup-connection PATH]",
		Short: "List what an Amazon Redshift still has in Python, and which views call the Lambda",
		Long: `Lists the functions in Python that a cluster still has (support ended on June 30, 2026), and the views that use them: those
that the catalog ties to them, and those that only name them, which late-binding views do. Then the views whose masks call the Lambda
function of keyed masks, those with the most calls first: each call is a batch of its own for each batch of rows, and what is beyond
the function's concurrency waits.

It logs in as the connection's own account, which sees what that may see; with --setup-env and its like as an administrator.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(o.output, allFormats()...); err != nil {
				return err
			}
			return udfs(cmd.Context(), o, cmd.OutOrStdout())
		},
	}
	o.flags(cmd, "an administrator")
	f := cmd.Flags()
	f.StringVar(&o.connection, "connection", "", "name of the Connection; not needed if there is only one of a Redshift")
	f.IntVar(&o.concurrency, "concurrency", templateConcurrency, "how many batches the Lambda computes at once (ConcurrentExecutions of its template)")
	outputFlag(cmd, &o.output, allFormats()...)
	cmd.MarkFlagsMutuallyExclusive("setup-env", "setup-file", "setup-connection")
	return cmd
}

func udfs(ctx context.Context, o udfOptions, out io.Writer) error {
	if o.concurrency < 1 {
		return usageError{fmt.Errorf("--concurrency %d is not 1 or more", o.concurrency)}
	}
	set, err := o.load()
	if err != nil {
		return err
	}
	connection, err := redshiftConnection(set, o.connection)
	if err != nil {
		return err
	}
	account := connection.Warehouse()
	if o.setup.connection != "" || !o.setup.url.IsZero() {
		if account, err = o.setup.account(connection); err != nil {
			return err
		}
	}
	conn, err := warehouse.Dial(ctx, account, map[string]string{"application_name": "postern:udfs"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // read only
	report := udfReport{Connection: connection.Name, Concurrency: o.concurrency, Policies: []string{}}
	if !connection.BuiltinMasks() {
		report.Policies = keyedPolicies(set)
	}
	if report.Python, err = warehouse.PythonUDFs(ctx, conn); err != nil {
		return err
	}
	if report.Lambda, err = warehouse.LambdaUses(ctx, conn); err != nil {
		return err
	}
	report.hints()
	return printAs(out, o.output, report, report.table)
}

// redshiftConnection is the one that is named, or the only one of a Redshift.
func redshiftConnection(set *resource.Set, name string) (resource.Connection, error) {
	of := slices.DeleteFunc(slices.Clone(set.Connections), func(c resource.Connection) bool { return warehouse.Engine(c.Engine) != warehouse.EngineRedshift })
	if name != "" {
		of = slices.DeleteFunc(of, func(c resource.Connection) bool { return c.Name != name })
	}
	switch len(of) {
	case 1:
		return of[0], nil
	case 0:
		return resource.Connection{}, usageError{errors.New("there is no such Connection of engine redshift")}
	}
	return resource.Connection{}, usageError{fmt.Errorf("there are %d Connections of engine redshift; name one with --connection", len(of))}
}

// keyedPolicies have masks with a key.
func keyedPolicies(set *resource.Set) []string {
	out := []string{}
	for _, p := range set.DataPolicies {
		if slices.ContainsFunc(p.Rules, func(r policy.Rule) bool { return len(r.Domains()) > 0 }) {
			out = append(out, p.Name)
		}
	}
	return out
}

// hints say what to do about it.
func (r *udfReport) hints() {
	r.Hints = []string{}
	if len(r.Python) > 0 {
		r.Hints = append(r.Hints, "What is in Python is replaced by built-in functions (REGEXP_REPLACE, SHA2, ROUND) or by a Lambda; DROP FUNCTION it when no view uses it.")
	}
	if len(r.Lambda) == 0 {
		return
	}
	most := r.Lambda[0]
	r.Hints = append(r.Hints, fmt.Sprintf("The Lambda computes %d batches at once. %s makes %d calls for each batch of rows, so that it can keep %s waiting; more needs a larger ConcurrentExecutions, as reserved concurrency, or fewer masks with a key.",
		r.Concurrency, most.View, most.Calls, waiting(r.Concurrency, most.Calls)))
}

// waiting says from how many slices at once on calls queue.
func waiting(concurrency, calls int) string {
	if calls >= concurrency {
		return "itself"
	}
	return fmt.Sprintf("others from %d slices or queries at once on", concurrency/calls+1)
}

func (r *udfReport) table(w io.Writer) error {
	fmt.Fprintf(w, "Functions in Python: %d\n", len(r.Python))
	for _, f := range r.Python {
		fmt.Fprintf(w, "  %s.%s(%s)\tof %s\tused by %s\n", f.Schema, f.Name, f.Arguments, f.Owner, listedViews(f))
	}
	fmt.Fprintf(w, "Views whose masks call the Lambda: %d\n", len(r.Lambda))
	for _, u := range r.Lambda {
		fmt.Fprintf(w, "  %s\t%d calls\t%s\n", u.View, u.Calls, strings.Join(u.Functions, ", "))
	}
	if len(r.Policies) > 0 {
		fmt.Fprintf(w, "Policies whose masks call it, through the proxy too: %s\n", strings.Join(r.Policies, ", "))
	}
	for _, h := range r.Hints {
		fmt.Fprintln(w, h)
	}
	return nil
}

func listedViews(f warehouse.PythonUDF) string {
	var out []string
	out = append(out, f.Bound...)
	for _, v := range f.Named {
		out = append(out, v+" (which names it)")
	}
	if len(out) == 0 {
		return "no view that is known of"
	}
	return strings.Join(out, ", ")
}

// tellPython says at registration what the cluster still has in Python.
func tellPython(ctx context.Context, conn *pgconn.PgConn, errOut io.Writer) error {
	found, err := warehouse.PythonUDFs(ctx, conn)
	if err != nil {
		return err
	}
	for _, f := range found {
		fmt.Fprintf(errOut, "warning: function %s.%s(%s) is in Python, which Redshift no longer runs; used by %s\n", f.Schema, f.Name, f.Arguments, listedViews(f))
	}
	return nil
}

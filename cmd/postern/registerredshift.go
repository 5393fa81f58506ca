package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/warehouse"
)

// registerRedshift is `register` for a Redshift.
func registerRedshift(ctx context.Context, o registerOptions, set *resource.Set, connection resource.Connection, in io.Reader, out, errOut io.Writer) error {
	r, err := control.RedshiftRegistration(set, o.connection, warehouse.RedshiftLambda{Function: o.lambda, Role: o.lambdaRole}, o.print || o.remove)
	if err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	if o.print {
		text := r.Script(warehouse.RedshiftState{})
		if o.remove {
			text = removalScript(r, warehouse.RedshiftState{})
		}
		_, err := io.WriteString(out, text)
		return err
	}
	conn, err := o.setup.dial(ctx, connection)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // what was registered is committed
	if o.remove {
		return o.removeRedshift(ctx, conn, r, in, out, errOut)
	}
	state, err := warehouse.CheckRedshift(ctx, conn, r)
	if err != nil {
		return err
	}
	if err := tellPython(ctx, conn, errOut); err != nil {
		return err
	}
	if keyed := keyedPolicies(set); len(keyed) > 0 && !connection.BuiltinMasks() && r.Lambda.Function == "" && len(state.Functions) == 0 {
		fmt.Fprintf(errOut, "warning: masks with a key of %s need the Lambda's functions, which are not there: give --lambda and --lambda-role (docs/lambda.md), or say masks: builtin in the Connection\n", strings.Join(keyed, ", "))
	}
	if err := o.agreed(r.Script(state), in, out, errOut); err != nil {
		return err
	}
	warnings, err := warehouse.RegisterRedshift(ctx, conn, r, state)
	for _, w := range warnings {
		fmt.Fprintf(errOut, "warning: %s\n", w)
	}
	if err != nil {
		return err
	}
	crawl := crawling{connection: connection, out: out, errOut: errOut}
	if err := crawl.run(ctx, conn); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Registered %d sources.\n", len(r.Tables))
	return err
}

// removeRedshift takes a registration back.
func (o registerOptions) removeRedshift(ctx context.Context, conn *pgconn.PgConn, r warehouse.RedshiftRegistration, in io.Reader, out, errOut io.Writer) error {
	state, err := warehouse.LookRedshift(ctx, conn)
	if err != nil {
		return err
	}
	if err := o.agreed(removalScript(r, state), in, out, errOut); err != nil {
		return err
	}
	if err := warehouse.RemoveRedshift(ctx, conn, r, state); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "The registration was taken back.")
	return err
}

func removalScript(r warehouse.RedshiftRegistration, s warehouse.RedshiftState) string {
	text := "BEGIN;\n"
	for _, sql := range r.Removal(s) {
		text += sql + ";\n"
	}
	return text + "COMMIT;\n"
}

// agreed shows what would run, and asks unless --yes was said.
func (o registerOptions) agreed(script string, in io.Reader, out, errOut io.Writer) error {
	if _, err := fmt.Fprintf(out, "This will run as the setup account:\n\n%s\n", script); err != nil {
		return err
	}
	if !o.yes && !confirmed(in, errOut) {
		return errors.New("not confirmed: nothing was changed")
	}
	return nil
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/warehouse"
)

// registerOptions are the flags of `register`.
type registerOptions struct {
	config, connection string
	resources          []string
	setup              setup
	print, yes         bool
	// remove takes a registration back; lambda and lambdaRole are the functions of masks of a Redshift.
	remove             bool
	lambda, lambdaRole string
}

func newRegister() *cobra.Command {
	var o registerOptions
	cmd := &cobra.Command{
		Use:   "register [-c postern.yaml | --resources PATH] [--connection NAME] (--print | --setup-env NAME | --setup-file PATH | --setup-connection PATH)",
		Short: "Install in a warehouse what the policies need: mask functions, and the service role's grants",
		Long: `Installs the schema postern_functions with the functions of keyed masks, draws a key for each token domain that the
policies name, and grants the connection's service role what it needs to read the registered sources, and nothing else. The
service role itself must exist and should be no superuser. Run it again whenever sources or token domains are added: what is as
it should be is not touched.

It logs in as a setup account (the owner of the tables, or an administrator of the database), whose connection URL is given by
reference and is not kept. Instead, --setup-connection names a file with a Connection to the same warehouse that logs in as the
setup account: with temporary credentials of AWS (an assumed role, access keys, a token of RDS), or a password by reference. What privileges the account lacks is named, all at once, before anything is run. The SQL is shown first; --print only shows
it, as a script for psql.

At an Amazon Redshift it makes the schemas postern_system, postern_procedures and postern_functions, the system account of the
PushSettings with what it needs and no more, and the grants; with --lambda the functions of keyed masks too, which nobody else may
call. It tells which functions in Python the cluster still has.

--remove takes all of that back, after "postern unregister": the functions and their keys, the system role, and what the service role may read. What
others made or granted is left, and named.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return register(cmd.Context(), o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags(cmd, "the setup account")
	f := cmd.Flags()
	f.StringVar(&o.connection, "connection", "", "name of the Connection; not needed if there is only one")
	f.BoolVar(&o.print, "print", false, "print the SQL and change nothing")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask before running it")
	f.StringVar(&o.lambda, "lambda", "", "of a Redshift: the Lambda function that computes keyed masks (docs/lambda.md)")
	f.StringVar(&o.lambdaRole, "lambda-role", "", "of a Redshift: the ARN of the role by which the cluster calls it, or default")
	f.BoolVar(&o.remove, "remove", false, "take the registration back, after postern unregister")
	cmd.MarkFlagsRequiredTogether("lambda", "lambda-role")
	cmd.MarkFlagsMutuallyExclusive("print", "setup-env", "setup-file", "setup-connection")
	return cmd
}

// flags are those of the resources, and of how somebody logs in.
func (o *registerOptions) flags(cmd *cobra.Command, somebody string) {
	f := cmd.Flags()
	f.StringVarP(&o.config, "config", "c", "postern.yaml", "server configuration that names the resources")
	f.StringSliceVar(&o.resources, "resources", nil, "resource files and folders, instead of --config")
	f.StringVar(&o.setup.url.Env, "setup-env", "", "environment variable with "+somebody+"'s connection URL")
	f.StringVar(&o.setup.url.File, "setup-file", "", "file with "+somebody+"'s connection URL")
	f.StringVar(&o.setup.connection, "setup-connection", "", "file with a Connection that logs in as "+somebody)
}

func register(ctx context.Context, o registerOptions, in io.Reader, out, errOut io.Writer) error {
	set, err := o.load()
	if err != nil {
		return err
	}
	if o.connection == "" {
		if len(set.Connections) != 1 {
			return usageError{fmt.Errorf("there are %d connections; name one with --connection", len(set.Connections))}
		}
		o.connection = set.Connections[0].Name
	}
	i := slices.IndexFunc(set.Connections, func(c resource.Connection) bool { return c.Name == o.connection })
	if i < 0 {
		return fmt.Errorf("there is no Connection %q", o.connection)
	}
	switch redshift := warehouse.Engine(set.Connections[i].Engine) == warehouse.EngineRedshift; {
	case redshift:
		return registerRedshift(ctx, o, set, set.Connections[i], in, out, errOut)
	case o.lambda != "":
		return usageError{errors.New("--lambda is for a Connection of engine redshift")}
	}
	return registerPostgres(ctx, o, set, set.Connections[i], in, out, errOut)
}

// registerPostgres is `register` for a PostgreSQL.
func registerPostgres(ctx context.Context, o registerOptions, set *resource.Set, connection resource.Connection, in io.Reader, out, errOut io.Writer) error {
	r, err := control.Registration(set, o.connection)
	if err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	system, push, err := control.PushRegistration(set, o.connection)
	if err != nil && !o.print && !o.remove {
		return err
	}
	script := r.Script()
	if push {
		if err := system.Validate(); err != nil {
			return err
		}
		script += "\n" + system.Script()
	}
	if !push {
		system = warehouse.PushRegistration{}
	}
	if o.remove {
		script = warehouse.RemovalScript(r, system)
	}
	if o.print {
		_, err := io.WriteString(out, script)
		return err
	}
	if o.remove {
		return o.removePostgres(ctx, connection, r, system, in, out, errOut)
	}
	conn, err := o.setup.checked(ctx, connection, r, system)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // what was registered is committed
	if err := o.agreed(script, in, out, errOut); err != nil {
		return err
	}
	crawl := crawling{connection: connection, out: out, errOut: errOut}
	warnings, err := registerAt(ctx, conn, r, system, crawl.run)
	for _, w := range warnings {
		fmt.Fprintf(errOut, "warning: %s\n", w)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Registered %d sources and %d token domains.\n", len(r.Tables), len(r.Domains))
	return err
}

// removePostgres takes a registration back.
func (o registerOptions) removePostgres(ctx context.Context, connection resource.Connection, r warehouse.Registration, system warehouse.PushRegistration, in io.Reader, out, errOut io.Writer) error {
	conn, err := o.setup.dial(ctx, connection)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // what was done is committed
	if err := o.agreed(warehouse.RemovalScript(r, system), in, out, errOut); err != nil {
		return err
	}
	left, err := warehouse.Unregister(ctx, conn, r, system)
	if err != nil {
		return err
	}
	for _, what := range left {
		fmt.Fprintf(errOut, "left: %s\n", what)
	}
	_, err = fmt.Fprintln(out, "The registration was taken back.")
	return err
}

// checked logs in as the setup account, which lacks nothing.
func (s setup) checked(ctx context.Context, to resource.Connection, r warehouse.Registration, system warehouse.PushRegistration) (*pgconn.PgConn, error) {
	conn, err := s.dial(ctx, to)
	if err != nil {
		return nil, err
	}
	if err := warehouse.CheckSetup(ctx, conn, r, system); err != nil {
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, nil
}

// load reads the resources that --resources or the configuration names.
func (o registerOptions) load() (*resource.Set, error) {
	paths := o.resources
	if len(paths) == 0 {
		cfg, err := resource.LoadServerConfig(o.config)
		if err != nil {
			return nil, fmt.Errorf("reading configuration:\n%w", err)
		}
		paths = cfg.Resources
	}
	set, err := resource.Load(paths)
	if err != nil {
		return nil, fmt.Errorf("reading resources:\n%w", err)
	}
	return set, nil
}

// registerAt runs the registration, and that of a system role if one is named; then look, if it is not nil, looks at what there is.
func registerAt(ctx context.Context, conn *pgconn.PgConn, r warehouse.Registration, system warehouse.PushRegistration, look func(context.Context, *pgconn.PgConn) error) ([]string, error) {
	warnings, err := warehouse.Register(ctx, conn, r)
	if err != nil {
		return warnings, err
	}
	if system.SystemRole != "" {
		more, err := warehouse.RegisterPush(ctx, conn, system)
		warnings = append(warnings, more...)
		if err != nil {
			return warnings, err
		}
	}
	if look == nil {
		return warnings, nil
	}
	return warnings, look(ctx, conn)
}

// confirmed asks for a yes; anything else, the end of the input too, is a no.
func confirmed(in io.Reader, prompt io.Writer) bool {
	fmt.Fprint(prompt, "Run it? [y/N] ")
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return false
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

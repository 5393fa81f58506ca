package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/sqlgen"
	"github.com/posternsql/postern/warehouse"
)

// pushOptions are the flags of `plan`, `sync` and `unregister`.
type pushOptions struct {
	client
	config, connection, output string
	watch, yes                 bool
	// local has published the resources, where this process does it and goes on.
	local *server
}

func (o *pushOptions) flags(cmd *cobra.Command) {
	o.client.flag(cmd)
	cmd.Flags().StringVarP(&o.config, "config", "c", "postern.yaml", "server configuration that names the resources")
	cmd.Flags().StringVar(&o.connection, "connection", "", "name of the Connection; without it all that have PushSettings")
	outputFlag(cmd, &o.output, allFormats()...)
}

// pushLong says of all three commands who does it.
const pushLong = `

A server does it where one is named by --server or POSTERN_SERVER, or where "postern serve" runs with the same configuration: then with the token in
POSTERN_TOKEN, or the server's first one if this account can read it. Where none runs, this command does it itself.`

func newPlan() *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "plan [--connection NAME] [--server URL | -c postern.yaml]",
		Short: "Show what would be changed in a warehouse for people who connect to it directly",
		Long: `Compares what the policies say with what is in the warehouse, and prints the statements that would be run, in order, with what is
risky in them, what is not governed, and what a database administrator must do. It changes nothing.` + pushLong,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.perform(cmd, push.RunPlan) },
	}
	o.flags(cmd)
	return cmd
}

func newSync() *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "sync [--connection NAME] [--server URL | -c postern.yaml] [--watch]",
		Short: "Make a warehouse as the policies say for people who connect to it directly",
		Long: `Runs what "postern plan" shows, whatever is there is looked at first. A running server does the same whenever something changes. With
--watch it goes on: where a server runs, it tells what that does; where none runs, it does so itself.` + pushLong,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.perform(cmd, push.RunSync) },
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.watch, "watch", false, "go on, and sync whenever something changes")
	return cmd
}

func newUnregister() *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "unregister [--connection NAME] [--server URL | -c postern.yaml]",
		Short: "Remove from a warehouse all that Postern maintains there",
		Long: `Takes back every grant, drops every view and role that Postern made, and its schema. What it cannot drop it names. The system role itself and
schema postern_functions were made by the setup account: "postern register --remove" takes those back. A server leaves the warehouse alone afterwards, also one that
starts later with the same state, until a sync is asked for or its PushSettings change. Where several servers share the state, paused: true has to come first.` + pushLong,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !o.yes && !confirmed(cmd.InOrStdin(), cmd.ErrOrStderr()) {
				return errors.New("not confirmed: nothing was changed")
			}
			return o.perform(cmd, push.RunRemove)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask before running it")
	return cmd
}

// perform runs it for each warehouse that the flags mean, by a server or here.
func (o *pushOptions) perform(cmd *cobra.Command, kind push.RunKind) error {
	if err := checkOutput(o.output, allFormats()...); err != nil {
		return err
	}
	remote, local, err := o.choose(cmd)
	if err != nil {
		return err
	}
	shown := newRunProgress(cmd.ErrOrStderr())
	var runs []push.Run
	if remote {
		runs, err = o.ask(cmd.Context(), kind, shown)
	} else {
		runs, err = o.here(cmd.Context(), local, kind, shown)
	}
	if err != nil {
		return err
	}
	if err := printRuns(cmd.OutOrStdout(), o.output, runs); err != nil {
		return err
	}
	for i := range runs {
		if runs[i].State == push.RunDone {
			continue
		}
		err := fmt.Errorf("connection %s: %s", runs[i].Connection, runs[i].Error)
		if !o.watch {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "postern: %v; it is tried again\n", err)
	}
	if !o.watch {
		return nil
	}
	if remote {
		return o.follow(cmd.Context(), cmd.OutOrStdout())
	}
	return o.watchHere(cmd)
}

// printRuns prints a plan as a script, other runs in a few lines, and all of it as data.
func printRuns(out io.Writer, format string, runs []push.Run) error {
	if format != "table" {
		return printAs(out, format, struct {
			Runs []push.Run `json:"runs"`
		}{runs}, nil)
	}
	for i := range runs {
		r := &runs[i]
		if r.Kind == push.RunPlan {
			if _, err := io.WriteString(out, r.Script); err != nil {
				return err
			}
			continue
		}
		for _, f := range r.Findings {
			fmt.Fprintln(out, f)
		}
		if _, err := fmt.Fprintf(out, "%s: %d statements in %d transactions were committed; %d sessions were ended.\n", r.Connection, r.Statements, r.Transactions, r.SessionsEnded); err != nil {
			return err
		}
	}
	return nil
}

// syncerConfig says how one warehouse is kept.
func (s *server) syncerConfig(p control.Push) push.Config {
	at := p.Warehouse
	return push.Config{Settings: pushSettings(p), Record: s.audit.Record, Log: s.log, Who: s.pushWho(p.Settings.Connection), Removals: control.Unregistered{Store: s.store, Settings: p.Settings}, Dial: func(ctx context.Context) (*pgconn.PgConn, error) {
		return warehouse.Dial(ctx, at, map[string]string{"application_name": "postern:push"})
	}}
}

func pushSettings(p control.Push) push.Settings {
	set := p.Settings
	out := push.Settings{
		Connection: set.Connection, Database: p.Warehouse.Database, SystemRole: set.User, ServiceRole: p.ServiceRole,
		SchemaPrefix: set.SchemaPrefix, RolePrefix: set.RolePrefix, CreateRoles: set.CreateRoles != nil && *set.CreateRoles, CreateRolesFrom16: set.CreateRoles == nil, GroupRoles: push.GroupRoles(set.GroupRoles), GroupRole: set.GroupRole, IAM: push.IAM(set.IAM), ReadOnly: set.ReadOnly,
		Enforce: push.Enforce(set.Enforce), SeeAllRows: set.SeeAllRows,
		Drift: push.Drift(set.Drift), LockTimeout: time.Duration(set.LockTimeout) * time.Millisecond,
	}
	if p.Warehouse.Engine == warehouse.EngineRedshift {
		out.Dialect, out.Impersonation = sqlgen.Redshift(), set.Impersonation
		if p.Warehouse.BuiltinMasks {
			out.Dialect = sqlgen.RedshiftBuiltin()
		}
	}
	for _, h := range set.AllowHazards {
		out.AllowHazards = append(out.AllowHazards, push.Hazard(h))
	}
	return out
}

func pushInput(p control.Push) push.Input {
	in := push.Input{Program: p.Program, Now: time.Now()}
	for _, person := range p.People {
		in.People = append(in.People, push.Person{Principal: person.Principal, Account: person.Account, MayActAs: person.MayActAs})
	}
	return in
}

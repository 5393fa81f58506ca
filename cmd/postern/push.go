package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/push"
	"github.com/posternsql/postern/warehouse"
)

// pushOptions are the flags of `plan`, `sync` and `unregister`.
type pushOptions struct {
	config, connection string
	watch, yes         bool
}

func (o *pushOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.config, "config", "c", "postern.yaml", "server configuration that names the resources")
	cmd.Flags().StringVar(&o.connection, "connection", "", "name of the Connection; not needed if only one has PushSettings")
}

func newPlan() *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "plan [-c postern.yaml] [--connection NAME]",
		Short: "Show what would be changed in a warehouse for people who connect to it directly",
		Long: `Compares what the policies say with what is in the warehouse, and prints the statements that would be run, in order, with what is
risky in them, what is not governed, and what a database administrator must do. It changes nothing.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.each(cmd, func(ctx context.Context, s *push.Syncer, in push.Input) error {
				plan, err := s.Plan(ctx, in)
				if err != nil {
					return err
				}
				_, err = io.WriteString(cmd.OutOrStdout(), plan.String())
				return err
			})
		},
	}
	o.flags(cmd)
	return cmd
}

func newSync() *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "sync [-c postern.yaml] [--connection NAME] [--watch]",
		Short: "Make a warehouse as the policies say for people who connect to it directly",
		Long: `Runs what "postern plan" shows. A running "postern serve" does the same whenever something changes; this command is for when none runs,
and it ends with an error while one holds the audit log.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.watch {
				return o.watchAll(cmd)
			}
			return o.each(cmd, func(ctx context.Context, s *push.Syncer, in push.Input) error {
				report, err := s.Sync(ctx, in)
				if report != nil {
					printPushed(cmd.OutOrStdout(), report)
				}
				if err == nil && !report.Done {
					return errors.New("not everything is as it should be yet; run it again")
				}
				return err
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.watch, "watch", false, "go on, and sync whenever something changes")
	return cmd
}

func newUnregister() *cobra.Command {
	var o pushOptions
	cmd := &cobra.Command{
		Use:   "unregister [-c postern.yaml] [--connection NAME]",
		Short: "Remove from a warehouse all that Postern maintains there",
		Long: `Takes back every grant, drops every view and role that Postern made, and its schema. What it cannot drop it names. The system role itself and
schema postern_functions were made by the setup account, and are for it to drop.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !o.yes && !confirmed(cmd.InOrStdin(), cmd.ErrOrStderr()) {
				return errors.New("not confirmed: nothing was changed")
			}
			return o.each(cmd, func(ctx context.Context, s *push.Syncer, in push.Input) error {
				report, err := s.Remove(ctx, in)
				if report != nil {
					printPushed(cmd.OutOrStdout(), report)
				}
				return err
			})
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask before running it")
	return cmd
}

func printPushed(out io.Writer, r *push.Report) {
	for _, f := range r.Findings {
		fmt.Fprintln(out, f)
	}
	fmt.Fprintf(out, "%d statements in %d transactions were committed; %d sessions were ended.\n", r.Statements, r.Transactions, r.Ended)
}

// pusher has published the resources, and serves nobody.
func (o *pushOptions) pusher(ctx context.Context, cmd *cobra.Command) (*server, error) {
	log, err := newLogger(cmd.ErrOrStderr(), "text", false)
	if err != nil {
		return nil, err
	}
	cfg, err := resource.LoadServerConfig(o.config)
	if err != nil {
		return nil, fmt.Errorf("reading configuration:\n%w", err)
	}
	return openPusher(ctx, cfg, log)
}

// each runs f for each warehouse that the flags mean.
func (o *pushOptions) each(cmd *cobra.Command, f func(context.Context, *push.Syncer, push.Input) error) (err error) {
	s, err := o.pusher(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	found := false
	for _, p := range s.publisher.Current().Pushes() {
		if o.connection != "" && o.connection != p.Settings.Connection {
			continue
		}
		found = true
		syncer, err := newSyncer(p, s.audit.Record, s.log)
		if err != nil {
			return err
		}
		if err := f(cmd.Context(), syncer, pushInput(p)); err != nil {
			return fmt.Errorf("connection %s: %w", p.Settings.Connection, err)
		}
	}
	if !found {
		return errors.New("no PushSettings name such a connection")
	}
	return nil
}

// watchAll publishes what changes and syncs until it is told to stop.
func (o *pushOptions) watchAll(cmd *cobra.Command) error {
	s, err := o.pusher(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	return s.runPusher(cmd.Context())
}

func newSyncer(p control.Push, record func(context.Context, ...audit.Event) error, log *slog.Logger) (*push.Syncer, error) {
	set := p.Settings
	out := push.Settings{
		Connection: set.Connection, Database: p.Warehouse.Database, SystemRole: set.User, ServiceRole: p.ServiceRole,
		SchemaPrefix: set.SchemaPrefix, RolePrefix: set.RolePrefix, CreateRoles: set.CreateRoles, GroupRoles: set.GroupRoles, ReadOnly: set.ReadOnly,
		Drift: push.Drift(set.Drift), LockTimeout: time.Duration(set.LockTimeout) * time.Millisecond,
	}
	for _, h := range set.AllowHazards {
		out.AllowHazards = append(out.AllowHazards, push.Hazard(h))
	}
	at := p.Warehouse
	return push.New(push.Config{Settings: out, Record: record, Log: log, Dial: func(ctx context.Context) (*pgconn.PgConn, error) {
		return warehouse.Dial(ctx, at, map[string]string{"application_name": "postern:push"})
	}})
}

func pushInput(p control.Push) push.Input {
	in := push.Input{Program: p.Program, Now: time.Now()}
	for _, person := range p.People {
		in.People = append(in.People, push.Person{Principal: person.Principal, Account: person.Account})
	}
	return in
}

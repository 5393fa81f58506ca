package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/posternsql/postern/control/resource"
)

// demoOptions are the flags of `demo`.
type demoOptions struct {
	scale         float64
	once, verbose bool
	redshift      bool
	listen, admin string
}

const (
	demoListen = "127.0.0.1:6432"
	demoAdmin  = "127.0.0.1:8432"
)

func newDemo() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run everything on this machine: a throw-away warehouse, policies, and three people to log in as",
		Long: `Starts a throw-away PostgreSQL cluster (owned by a user other than root), fills a TPC-H database, creates a service role
that is no superuser, publishes the policies of examples/tpch, and runs the proxy and the admin server in front of it.
Nothing outside of a temporary folder is touched, and all of it is removed at the end (Ctrl-C).

With --redshift-standin the warehouse speaks as an Amazon Redshift does, by a stand-in in front of that cluster, with a certificate
that the demo makes. Views are maintained in it for the same people, who have accounts there, and the tour shows their answers by
the proxy and by these views side by side, and fails where they differ. What a cluster of AWS's would do otherwise is in
docs/redshift-proxy.md and docs/push-redshift.md.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.Float64Var(&o.scale, "scale", 0.01, "size of the TPC-H database; 1 is about a gigabyte")
	f.BoolVar(&o.once, "once", false, "run the tour as the three people, print their results side by side, and exit")
	f.BoolVar(&o.redshift, "redshift-standin", false, "have a stand-in for Amazon Redshift as the warehouse")
	f.StringVar(&o.listen, "listen", demoListen, "address of the proxy; port 0 chooses one")
	f.StringVar(&o.admin, "admin", demoAdmin, "address of the admin server; port 0 chooses one, off is none")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show the servers' logs")
	return cmd
}

// runDemo sets all up, serves, and removes all again.
func runDemo(ctx context.Context, o demoOptions, out, progressOut io.Writer) (err error) {
	began := time.Now()
	log := slog.New(slog.DiscardHandler)
	if o.verbose {
		log = slog.New(slog.NewTextHandler(progressOut, nil))
	}
	if o.once {
		// The tour must not depend on what else listens on this machine.
		o.listen, o.admin = freePortUnlessSet(o.listen, demoListen), freePortUnlessSet(o.admin, demoAdmin)
	}
	w, err := openDemoWarehouse(ctx, o.scale, progressOut)
	if err != nil {
		return demoError(ctx, err)
	}
	defer func() { err = errors.Join(err, w.close()) }()

	d, err := makeDemoFolder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.folder)) }()
	if err := d.prepare(ctx, w, o); err != nil {
		return demoError(ctx, err)
	}
	cfg, err := resource.LoadServerConfig(d.config)
	if err != nil {
		return err
	}
	s, err := openServer(ctx, cfg, log)
	if err != nil {
		return demoError(ctx, portHint(err))
	}
	if d.redshift != nil {
		if err := d.redshift.sync(ctx, s); err != nil {
			return demoError(ctx, errors.Join(err, s.close()))
		}
	}
	return d.serve(ctx, s, o, out, time.Since(began))
}

// serve runs the servers, and the tour or the wait for Ctrl-C beside them.
func (d *demo) serve(ctx context.Context, s *server, o demoOptions, out io.Writer, took time.Duration) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	addr, adminAddr := s.listener.Addr().(*net.TCPAddr), ""
	if s.adminListener != nil {
		adminAddr = s.adminListener.Addr().String()
	}
	done := make(chan error, 1)
	go func() { done <- s.run(ctx) }()
	if o.once {
		err := d.tour(ctx, addr, out)
		stop()
		return errors.Join(err, <-done)
	}
	d.invite(out, addr, adminAddr, took)
	return <-done
}

func freePortUnlessSet(address, standard string) string {
	if address == standard {
		return "127.0.0.1:0"
	}
	return address
}

// portHint says what to do about an address that is taken.
func portHint(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "listen" {
		return fmt.Errorf("%w (choose other addresses with --listen and --admin, or port 0)", err)
	}
	return err
}

// demoError is nil when the cause is that the user pressed Ctrl-C during the set-up.
func demoError(ctx context.Context, err error) error {
	if interrupted := ctx.Err() != nil; !interrupted {
		return err
	}
	return nil //nolint:nilerr // what failed failed because of Ctrl-C
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/push"
)

// lambdaAccessOptions are the flags of `lambda-access`.
type lambdaAccessOptions struct {
	config, connection string
	write              bool
}

func newLambdaAccess() *cobra.Command {
	var o lambdaAccessOptions
	cmd := &cobra.Command{
		Use:   "lambda-access -c postern.yaml [--connection NAME] [--write]",
		Short: "Print the first access document of the Lambda functions that mask for a Redshift",
		Long: `Prints the access document that the Lambda functions of keyed masks need before policies that use them can be published: the proxy's account may
use the token domains that the resources name, and nobody else may use any. With --write it is written to where lambdaAccess of the configuration keeps it, unless
something is there. From then on "postern serve" keeps it as the policies say.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return lambdaAccess(cmd.Context(), o, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.config, "config", "c", "postern.yaml", "server configuration with lambdaAccess, which names the resources")
	f.StringVar(&o.connection, "connection", "", "name of the Connection; not needed if there is only one with lambdaAccess")
	f.BoolVar(&o.write, "write", false, "write it to where the configuration keeps it")
	return cmd
}

func lambdaAccess(ctx context.Context, o lambdaAccessOptions, out io.Writer) error {
	cfg, err := resource.LoadServerConfig(o.config)
	if err != nil {
		return fmt.Errorf("reading configuration:\n%w", err)
	}
	var kept []resource.ServerLambdaAccess
	for _, l := range cfg.LambdaAccess {
		if o.connection == "" || o.connection == l.Connection {
			kept = append(kept, l)
		}
	}
	if len(kept) != 1 {
		return usageError{fmt.Errorf("lambdaAccess has %d such connections, and not one: name it with --connection", len(kept))}
	}
	set, err := resource.Load(cfg.Resources)
	if err != nil {
		return fmt.Errorf("reading resources:\n%w", err)
	}
	in, err := accessInput(set, kept[0])
	if err != nil {
		return err
	}
	in.Version = max(1, time.Now().UnixMilli())
	access, err := push.FirstLambdaAccess(in)
	if err != nil {
		return err
	}
	text, err := access.Document()
	if err != nil {
		return err
	}
	if !o.write {
		_, err = fmt.Fprintf(out, "%s\n", text)
		return err
	}
	place := placeOf(kept[0])
	there, err := place.Read(ctx)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		return errors.New("there is an access document already: `postern serve` keeps it, and this one would let nobody but the proxy")
	}
	return place.Write(ctx, text)
}

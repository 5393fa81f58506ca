package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/posternsql/postern/control/resource"
)

func newServe() *cobra.Command {
	var file, format string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "serve -c postern.yaml",
		Short: "Run the proxy and the admin server",
		Long: `Runs the proxy and the admin server until it is told to stop (SIGINT, SIGTERM).

The resources that the configuration names are published at start, and again whenever a file changes or SIGHUP
arrives. A set with mistakes is refused as a whole, every mistake is logged with its file and line, and what was in
force stays in force. At start it is an error.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLogger(cmd.ErrOrStderr(), format, verbose)
			if err != nil {
				return err
			}
			cfg, err := resource.LoadServerConfig(file)
			if err != nil {
				return fmt.Errorf("reading configuration:\n%w", err)
			}
			// From here on SIGHUP is a wish, and not the end that it is by default.
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			s, err := openServer(cmd.Context(), cfg, log)
			if err != nil {
				return err
			}
			s.hangup = hangup
			s.announce()
			return s.run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "postern.yaml", "configuration file")
	cmd.Flags().StringVar(&format, "log-format", "text", "text or json")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log more")
	return cmd
}

// newLogger makes the logger of a long-lived command.
func newLogger(out io.Writer, format string, verbose bool) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if verbose {
		options.Level = slog.LevelDebug
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	}
	return nil, usageError{fmt.Errorf("--log-format %q is not one of text, json", format)}
}

// announce logs where the server listens.
func (s *server) announce() {
	attrs := []any{"proxy", s.listener.Addr().String(), "databases", s.publisher.Current().Connections()}
	if s.adminListener != nil {
		attrs = append(attrs, "admin", s.adminListener.Addr().String())
	}
	s.log.Info("serving", attrs...)
}

// reloadOnSignal publishes the resource files anew at each SIGHUP.
func (s *server) reloadOnSignal(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.hangup:
			if _, err := s.watcher.Reload(ctx); err != nil {
				s.log.Error("reloading: refused; what was in force stays in force", "error", err)
			}
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/push"
)

// choose says whether a server does it: one that is named, or that runs with the same configuration. Otherwise local has published the resources.
func (o *pushOptions) choose(cmd *cobra.Command) (remote bool, local *server, err error) {
	if o.server != "" || os.Getenv("POSTERN_SERVER") != "" && !cmd.Flags().Changed("config") {
		return true, nil, nil
	}
	log, err := newLogger(cmd.ErrOrStderr(), "text", false)
	if err != nil {
		return false, nil, err
	}
	cfg, err := resource.LoadServerConfig(o.config)
	if err != nil {
		return false, nil, fmt.Errorf("reading configuration:\n%w", err)
	}
	local, err = openPusher(cmd.Context(), cfg, log)
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return false, local, err
	}
	// Whoever has the audit log is the server.
	if cfg.Admin.Listen == "off" {
		return false, nil, errors.New("a server runs with this configuration, and has no API (admin.listen: off): nothing can be asked of it")
	}
	o.server = "http://" + cfg.Admin.Listen
	if os.Getenv("POSTERN_TOKEN") == "" {
		text, err := os.ReadFile(tokenPath(cfg))
		if err != nil {
			return false, nil, fmt.Errorf("a server runs with this configuration, and POSTERN_TOKEN is not set; the server's first token cannot be read: %w", err)
		}
		o.token = strings.TrimSpace(string(text))
	}
	return true, nil, nil
}

// here does it in this process, and closes what was opened unless it is to watch.
func (o *pushOptions) here(ctx context.Context, s *server, kind push.RunKind, shown *runProgress) (runs []push.Run, err error) {
	defer func() {
		if !o.watch || err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	for _, p := range s.publisher.Current().Pushes() {
		if o.connection != "" && o.connection != p.Settings.Connection {
			continue
		}
		if kind == push.RunSync && p.Settings.Paused {
			return nil, fmt.Errorf("connection %s: %w", p.Settings.Connection, push.ErrPaused)
		}
		config := s.syncerConfig(p)
		config.Progress = func(at push.Progress) { shown.update(p.Settings.Connection, at) }
		syncer, err := push.New(config)
		if err != nil {
			return nil, err
		}
		runs = append(runs, push.Do(ctx, syncer, kind, pushInput(p)))
		shown.end()
	}
	o.local = s
	return runs, o.found(runs)
}

func (o *pushOptions) found(runs []push.Run) error {
	if len(runs) == 0 {
		return errors.New("no PushSettings name such a connection")
	}
	return nil
}

// watchHere publishes what changes and syncs until it is told to stop.
func (o *pushOptions) watchHere(cmd *cobra.Command) error { return o.local.runPusher(cmd.Context()) }

// polled is how often a server is asked how far it is.
const polled = 200 * time.Millisecond

// ask has the server do it, and shows how far it is.
func (o *pushOptions) ask(ctx context.Context, kind push.RunKind, shown *runProgress) (runs []push.Run, err error) {
	statuses, err := o.statuses(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range statuses {
		if o.connection != "" && o.connection != s.Connection {
			continue
		}
		at := "/v1/push/" + url.PathEscape(s.Connection)
		var r push.Run
		if err := o.client.do(ctx, http.MethodPost, at+"/"+string(kind), nil, nil, &r); err != nil {
			return nil, err
		}
		for !r.State.Over() {
			shown.update(s.Connection, r.Progress)
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(polled):
			}
			if err := o.client.do(ctx, http.MethodGet, fmt.Sprintf("%s/runs/%d", at, r.ID), nil, nil, &r); err != nil {
				return nil, err
			}
		}
		shown.end()
		runs = append(runs, r)
	}
	return runs, o.found(runs)
}

func (o *pushOptions) statuses(ctx context.Context) ([]push.Status, error) {
	var all struct {
		Warehouses []push.Status `json:"warehouses"`
	}
	err := o.client.do(ctx, http.MethodGet, "/v1/push", nil, nil, &all)
	return all.Warehouses, err
}

// follow tells what the server does, until it is told to stop.
func (o *pushOptions) follow(ctx context.Context, out io.Writer) error {
	last := map[string]string{}
	for {
		statuses, err := o.statuses(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for _, s := range statuses {
			if o.connection != "" && o.connection != s.Connection || s.Looked == nil {
				continue
			}
			line := fmt.Sprintf("%s: policies %s, as they should be: %t; %s", s.Connection, s.Program, s.Done, findingsText(len(s.Findings)))
			if s.Error != "" {
				line += "; " + s.Error
			}
			if last[s.Connection] != line {
				last[s.Connection] = line
				fmt.Fprintln(out, s.Looked.Local().Format(time.RFC3339), line)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

func findingsText(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

// runProgress shows on a terminal how far a run is; elsewhere it shows nothing until the run is long.
type runProgress struct {
	out      io.Writer
	terminal bool
	told     string
	at       time.Time
}

func newRunProgress(out io.Writer) *runProgress {
	p := &runProgress{out: out, at: time.Now()}
	if f, ok := out.(*os.File); ok {
		p.terminal = term.IsTerminal(int(f.Fd()))
	}
	return p
}

// quietly is how often where there is no terminal a line is printed.
const quietly = 5 * time.Second

func (p *runProgress) update(connection string, at push.Progress) {
	line := connection + ": " + at.Doing
	if at.Steps > 0 {
		line += fmt.Sprintf(" (step %d of %d, %d statements so far)", at.Step, at.Steps, at.Statements)
	}
	if line == p.told || at.Doing == "" {
		return
	}
	switch {
	case p.terminal:
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
	case time.Since(p.at) >= quietly:
		p.at = time.Now()
		fmt.Fprintln(p.out, line)
	default:
		return
	}
	p.told = line
}

func (p *runProgress) end() {
	if p.terminal && p.told != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	p.told = ""
}

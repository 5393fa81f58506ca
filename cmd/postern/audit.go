package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/posternsql/postern/audit"
)

func newAudit() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read and verify the audit log",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&dir, "dir", "audit", "folder of the audit log")
	cmd.AddCommand(newAuditTail(&dir), newAuditSearch(&dir), newAuditVerify(&dir))
	return cmd
}

// auditQuery is what tail and search have in common.
type auditQuery struct {
	filter       audit.Filter
	kind         string
	since, until string
	output       string
}

func (q *auditQuery) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.filter.User, "user", "", "only this person, as who asked or as whom it was decided")
	f.StringVar(&q.filter.Source, "source", "", "only statements that touch this table (connection.schema.table or a tail of it)")
	f.StringVar(&q.kind, "kind", "", "only this kind: connect, disconnect, auth_failure, statement, end, refused, direct, admin")
	f.StringVar(&q.filter.SQLState, "sqlstate", "", "only this error code, or class of codes (42)")
	f.StringVar(&q.filter.Text, "text", "", "only events with this text in a statement or an error")
	f.StringVar(&q.filter.Session, "session", "", "only this session")
	f.StringVarP(&q.output, "output", "o", "table", "table or json")
}

func (q *auditQuery) spanFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&q.since, "since", "", "only from this time on: RFC 3339, or an age such as 15m or 24h")
	cmd.Flags().StringVar(&q.until, "until", "", "only before this time")
}

// complete checks the flags and fills the filter.
func (q *auditQuery) complete(now time.Time) (err error) {
	if q.output != "table" && q.output != "json" {
		return usageError{fmt.Errorf("--output %q is not one of table, json", q.output)}
	}
	q.filter.Kind = audit.Kind(q.kind)
	if q.kind != "" && !q.filter.Kind.Valid() {
		return usageError{fmt.Errorf("--kind %q is not a kind of event", q.kind)}
	}
	if q.filter.Since, err = parseTime(q.since, now); err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	if q.filter.Until, err = parseTime(q.until, now); err != nil {
		return usageError{fmt.Errorf("--until: %w", err)}
	}
	return nil
}

// parseTime reads a point in time or an age before now. Empty is the zero time.
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither RFC 3339 nor an age such as 15m", text)
	}
	return t, nil
}

func newAuditTail(dir *string) *cobra.Command {
	var q auditQuery
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Follow the audit log as it grows",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := q.complete(time.Now()); err != nil {
				return err
			}
			print := eventPrinter(cmd.OutOrStdout(), q.output)
			return audit.Tail(cmd.Context(), *dir, audit.FromEnd, func(e audit.Event) error {
				if !q.filter.Match(&e) {
					return nil
				}
				return print(e)
			})
		},
	}
	q.flags(cmd)
	return cmd
}

func newAuditSearch(dir *string) *cobra.Command {
	var q auditQuery
	cmd := &cobra.Command{
		Use:   "search",
		Short: "Print the events that match",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := q.complete(time.Now()); err != nil {
				return err
			}
			return audit.Search(*dir, q.filter, eventPrinter(cmd.OutOrStdout(), q.output))
		},
	}
	q.flags(cmd)
	q.spanFlags(cmd)
	return cmd
}

func newAuditVerify(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check that no record was changed, removed or put in another order",
		Long: `Reads all of the log and checks that each record continues the one before it. The exit code is 0 if the chain holds
and 1 if it does not; the first bad record is named with its file and line.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := audit.Verify(*dir)
			if err != nil {
				return err
			}
			if !report.OK() {
				return fmt.Errorf("the audit log is damaged: %s", report.Problem)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d records in %d files: the chain holds\n", report.Records, report.Files)
			return err
		},
	}
}

// eventPrinter returns a function that prints one event a line.
func eventPrinter(out io.Writer, format string) func(audit.Event) error {
	if format == "json" {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return func(e audit.Event) error { return enc.Encode(e) }
	}
	// Cells keep a minimum width, so that lines can be written one by one as they come.
	return func(e audit.Event) error {
		w := tabwriter.NewWriter(out, 12, 0, 1, ' ', 0)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), e.Kind, e.User, e.Connection, eventSummary(&e))
		return w.Flush()
	}
}

// eventSummary says the most important thing of an event in one line.
func eventSummary(e *audit.Event) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if e.CommandTag != "" {
		add("%s, %d bytes, %.3f ms", e.CommandTag, e.Bytes, float64(e.Duration.Microseconds())/1000)
	}
	if e.SQLState != "" {
		add("%s %s", e.SQLState, e.Error)
	}
	if e.Action != "" {
		add("%s %s %s", e.Action, e.Target, e.Detail)
	}
	if e.SQL != "" {
		add("%s", e.SQL)
	}
	return oneLine(strings.Join(parts, "  "), 200)
}

// oneLine folds white space and control characters and cuts at limit characters.
func oneLine(s string, limit int) string {
	folded := []rune(strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)), " "))
	if len(folded) > limit {
		return string(folded[:limit-1]) + "…"
	}
	return string(folded)
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/explain"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	server, user, connection, output string
	tables, path                     []string
}

func newExplain() *cobra.Command {
	o := &explainOptions{}
	cmd := &cobra.Command{
		Use:   "explain --user USER --connection NAME (STATEMENT | --table SCHEMA.TABLE…)",
		Short: "Say what a person sees of a statement or a table, and why",
		Long: `Asks the running server what a person would see: for each table whether they may, which rows and which values, every rule that
was asked and what of the person decided it, and the SQL that would run. Nothing is run.

A statement that would be refused is explained too: which of its tables is denied, and by which rule.

The server is --server or POSTERN_SERVER, the API token (of role admin, governor or auditor) is in POSTERN_TOKEN. That somebody asked is
on the audit record. People ask about their own statements in any client: EXPLAIN (POLICY) SELECT …`,
		Example: `  postern explain --user ann --connection tpch "SELECT c_name, c_phone FROM customer"
  postern explain --user ann --connection tpch --table public.customer --output json`,
		Args: func(_ *cobra.Command, args []string) error { return o.validate(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"user": o.user, "connection": o.connection}
			if len(args) > 0 {
				body["sql"] = args[0]
			}
			if len(o.path) > 0 {
				body["searchPath"] = o.path
			}
			var tables []map[string]string
			for _, t := range o.tables {
				schema, name, _ := strings.Cut(t, ".")
				tables = append(tables, map[string]string{"schema": schema, "table": name})
			}
			if tables != nil {
				body["tables"] = tables
			}
			var report explain.Report
			if err := callAPI(cmd.Context(), o.server, "/v1/explain", body, &report); err != nil {
				return err
			}
			return printReport(cmd.OutOrStdout(), &report, o.output)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.server, "server", "", "address of the server's API (POSTERN_SERVER, else http://127.0.0.1:8432)")
	f.StringVar(&o.user, "user", "", "the person whose view it is")
	f.StringVar(&o.connection, "connection", "", "the connection that the statement is for")
	f.StringSliceVar(&o.tables, "table", nil, "a table to explain instead of a statement, SCHEMA.TABLE; may be given several times")
	f.StringSliceVar(&o.path, "search-path", nil, "schemas in which the statement's names are looked up (default public)")
	f.StringVarP(&o.output, "output", "o", "text", "text, json or yaml")
	cmd.ValidArgsFunction = completeNothing
	completeFlag(cmd, "user", "User", &o.server)
	completeFlag(cmd, "connection", "Connection", &o.server)
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json", "yaml"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o *explainOptions) validate(args []string) error {
	switch {
	case o.user == "" || o.connection == "":
		return usageError{errors.New("explain wants --user and --connection")}
	case len(args) > 1:
		return usageError{errors.New("explain takes one statement: put it in quotes")}
	case (len(args) == 0) == (len(o.tables) == 0):
		return usageError{errors.New("explain wants either a statement or --table")}
	case o.output != "text" && o.output != "json" && o.output != "yaml":
		return usageError{fmt.Errorf("--output %q is not one of text, json, yaml", o.output)}
	}
	for _, t := range o.tables {
		if schema, name, ok := strings.Cut(t, "."); !ok || schema == "" || name == "" {
			return usageError{fmt.Errorf("--table %q is not of the form SCHEMA.TABLE", t)}
		}
	}
	return nil
}

// printReport writes a report in one of the forms of --output.
func printReport(w io.Writer, report *explain.Report, output string) error {
	switch output {
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(report)
	case "yaml":
		return yaml.NewEncoder(w).Encode(report)
	default:
		_, err := io.WriteString(w, report.Text())
		return err
	}
}

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// object is one table, view or their like as the API shows it.
type object struct {
	Connection string     `json:"connection"`
	Schema     string     `json:"schema"`
	Name       string     `json:"name"`
	Kind       string     `json:"kind"`
	State      string     `json:"state"`
	Source     string     `json:"source,omitempty"`
	Owner      string     `json:"owner,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Since      *time.Time `json:"since,omitempty"`
	Columns    int        `json:"columns"`
	Hidden     []string   `json:"hidden,omitempty"`
}

// note says what there is to look at.
func (o *object) note() string {
	switch {
	case o.Reason != "":
		return o.Reason
	case len(o.Hidden) > 0:
		return "not reviewed: " + strings.Join(o.Hidden, ", ")
	}
	return ""
}

// objectChange is one thing that happened.
type objectChange struct {
	ID         int64     `json:"id"`
	Connection string    `json:"connection"`
	Schema     string    `json:"schema,omitempty"`
	Name       string    `json:"name,omitempty"`
	Event      string    `json:"event"`
	Was        string    `json:"was,omitempty"`
	Source     string    `json:"source,omitempty"`
	Detail     string    `json:"detail,omitempty"`
	At         time.Time `json:"at"`
}

func newObjects() *cobra.Command {
	var c client
	var output, connection, state string
	cmd := &cobra.Command{
		Use:   "objects",
		Short: "List the tables and views of the warehouses, and what is made of them",
		Long: `Lists the tables, views and their like that the warehouses have. A source is served, disabled (somebody took it out of service), or held: its
table or columns were renamed, dropped or replaced, and nobody reads it until someone has looked. What is no source is unregistered. Data
owners see their own sources.`,
		Example: "  postern objects --state held\n  postern objects changes\n  postern objects sync --connection tpch\n  postern objects accept tpch.public.customer",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			query := url.Values{}
			for name, value := range map[string]string{"connection": connection, "state": state} {
				if value != "" {
					query.Set(name, value)
				}
			}
			var all struct {
				Objects []object `json:"objects"`
			}
			if err := c.do(cmd.Context(), http.MethodGet, "/v1/objects", query, nil, &all); err != nil {
				return err
			}
			return printAs(cmd.OutOrStdout(), output, all, func(w io.Writer) error { return objectTable(w, all.Objects) })
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().StringVar(&connection, "connection", "", "only of this Connection")
	cmd.Flags().StringVar(&state, "state", "", "only what is served, disabled, held or unregistered")
	cmd.AddCommand(newObjectChanges(), newObjectSync(), newSourceAction("accept", "Take what has a source's name now for the source's: you have looked at it",
		`Takes the table that has a held source's name now for the source's, with its columns by their names: what was reviewed under a name counts
for it, and what was not stays hidden. Look at the table first: its rows are read under the policies of the source from then on. Where
the Source names columns that are not there, or policies do not fit, change them first.`),
		newSourceAction("disable", "Take a source out of service: nobody reads it",
			"Sets `enabled: false` in a stored Source. A Source of a file is changed in the file."),
		newSourceAction("enable", "Put a source back into service", "Sets `enabled: true` in a stored Source. A Source of a file is changed in the file."))
	return cmd
}

func objectTable(w io.Writer, all []object) error {
	fmt.Fprintln(w, "CONNECTION\tOBJECT\tKIND\tCOLUMNS\tSTATE\tNOTE")
	for i := range all {
		o := &all[i]
		if _, err := fmt.Fprintf(w, "%s\t%s.%s\t%s\t%d\t%s\t%s\n", o.Connection, o.Schema, o.Name, o.Kind, o.Columns, o.State, o.note()); err != nil {
			return err
		}
	}
	return nil
}

func changeTable(w io.Writer, all []objectChange) error {
	fmt.Fprintln(w, "WHEN\tCONNECTION\tOBJECT\tEVENT\tDETAIL")
	for i := range all {
		k := &all[i]
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.At.Local().Format("2006-01-02 15:04:05"), k.Connection, strings.Trim(k.Schema+"."+k.Name, "."), k.Event, k.Detail); err != nil {
			return err
		}
	}
	return nil
}

func newObjectChanges() *cobra.Command {
	var c client
	var output, connection string
	var limit int
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "List what became of tables, columns and sources, the newest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			if connection != "" {
				query.Set("connection", connection)
			}
			var all struct {
				Changes []objectChange `json:"changes"`
			}
			if err := c.do(cmd.Context(), http.MethodGet, "/v1/objects/changes", query, nil, &all); err != nil {
				return err
			}
			return printAs(cmd.OutOrStdout(), output, all, func(w io.Writer) error { return changeTable(w, all.Changes) })
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().StringVar(&connection, "connection", "", "only of this Connection")
	cmd.Flags().IntVar(&limit, "limit", 100, "how many, at most 1000")
	return cmd
}

// syncedObjects is what one look at the warehouses found.
type syncedObjects struct {
	Connections []struct {
		Name    string `json:"name"`
		Objects int    `json:"objects"`
		Columns int    `json:"columns"`
		Error   string `json:"error,omitempty"`
	} `json:"connections"`
	Changes []objectChange `json:"changes"`
}

func newObjectSync() *cobra.Command {
	var c client
	var output, connection string
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Look at the warehouses' tables and columns now",
		Long: `Has the server look at the warehouses' tables and columns now, instead of when the Connection's objectSync says so, and prints what has
changed since the last look.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			var done syncedObjects
			if err := c.do(cmd.Context(), http.MethodPost, "/v1/objects/sync", nil, map[string]string{"connection": connection}, &done); err != nil {
				return err
			}
			if err := printAs(cmd.OutOrStdout(), output, done, done.table); err != nil {
				return err
			}
			for _, k := range done.Connections {
				if k.Error != "" {
					return errors.New("not every warehouse could be looked at")
				}
			}
			return nil
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().StringVar(&connection, "connection", "", "only this Connection")
	return cmd
}

func (s *syncedObjects) table(w io.Writer) error {
	for _, k := range s.Connections {
		if k.Error != "" {
			fmt.Fprintf(w, "%s: %s\n", k.Name, k.Error)
			continue
		}
		fmt.Fprintf(w, "%s: %d objects, %d columns\n", k.Name, k.Objects, k.Columns)
	}
	if len(s.Changes) == 0 {
		_, err := fmt.Fprintln(w, "Nothing has changed.")
		return err
	}
	return changeTable(w, s.Changes)
}

// newSourceAction is `objects accept`, `disable` and `enable`.
func newSourceAction(action, short, long string) *cobra.Command {
	var c client
	cmd := &cobra.Command{
		Use:   action + " CONNECTION.SCHEMA.TABLE",
		Short: short,
		Long:  long,
		Args:  kindArgs(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.do(cmd.Context(), http.MethodPost, "/v1/sources/"+url.PathEscape(args[0])+"/"+action, nil, nil, nil); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "Source %s: %s\n", args[0], map[string]string{
				"accept": "accepted, and in force", "disable": "out of service", "enable": "in service",
			}[action])
			return err
		},
	}
	c.flag(cmd)
	return cmd
}

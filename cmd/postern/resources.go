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

	"github.com/posternsql/postern/admin"
	"github.com/posternsql/postern/control/resource"
)

// stored is one resource as the API shows it.
type stored struct {
	Kind     string     `json:"kind"`
	Name     string     `json:"name"`
	Version  int64      `json:"version"`
	Revision int64      `json:"revision"`
	Set      string     `json:"set,omitempty"`
	File     string     `json:"file,omitempty"`
	Author   string     `json:"author,omitempty"`
	At       *time.Time `json:"at,omitempty"`
	Deleted  bool       `json:"deleted,omitempty"`
	Text     string     `json:"text"`
}

func (s *stored) time() string {
	if s.At == nil {
		return ""
	}
	return s.At.Local().Format("2006-01-02 15:04:05")
}

// from is where a resource comes from.
func (s *stored) from() string {
	switch {
	case s.File != "":
		return "file " + s.File
	case s.Set != "":
		return "set " + s.Set
	}
	return ""
}

// kindArgs takes KIND and up to more names.
func kindArgs(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usageError{fmt.Errorf("%s: see postern %s --help", cmd.Use, cmd.Name())}
		}
		return nil
	}
}

// kindOf accepts a kind in any case, and with an s behind it.
func kindOf(text string) (string, error) {
	for _, k := range resource.Kinds() {
		if strings.EqualFold(text, k) || strings.EqualFold(text, k+"s") || strings.HasSuffix(k, "y") && strings.EqualFold(text, strings.TrimSuffix(k, "y")+"ies") {
			return k, nil
		}
	}
	return "", usageError{fmt.Errorf("there is no kind %q; the kinds are %s", text, strings.Join(resource.Kinds(), ", "))}
}

func newGet() *cobra.Command {
	var c client
	var output, set string
	var version int64
	cmd := &cobra.Command{
		Use:   "get [KIND [NAME]]",
		Short: "List resources, or show one",
		Long: `Lists the resources that the token may see, of files and stored, or shows one as a document, now or at an earlier --version.
Verifiers of passwords are shown as ***; applying a User with that keeps the verifier that is stored.`,
		Example:           "  postern get\n  postern get users\n  postern get DataPolicy balances --version 3\n  postern get Source tpch.public.orders -o json",
		Args:              kindArgs(0, 2),
		ValidArgsFunction: completeResource(&c, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			query := url.Values{}
			if cmd.Flags().Changed("set") {
				query.Set("set", set)
			}
			if len(args) > 0 {
				kind, err := kindOf(args[0])
				if err != nil {
					return err
				}
				if len(args) == 2 {
					return getOne(cmd, &c, kind, args[1], version, output)
				}
				query.Set("kind", kind)
			}
			var list struct {
				Revision  int64    `json:"revision"`
				Resources []stored `json:"resources"`
			}
			if err := c.do(cmd.Context(), http.MethodGet, "/v1/resources", query, nil, &list); err != nil {
				return err
			}
			if output == "yaml" {
				return printTexts(cmd.OutOrStdout(), list.Resources)
			}
			return printAs(cmd.OutOrStdout(), output, list, func(w io.Writer) error { return resourceTable(w, list.Resources) })
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().StringVar(&set, "set", "", "only what was applied under this name")
	cmd.Flags().Int64Var(&version, "version", 0, "an earlier version of one resource")
	return cmd
}

func resourceTable(w io.Writer, all []stored) error {
	fmt.Fprintln(w, "KIND\tNAME\tVERSION\tCHANGED\tBY\tFROM")
	for i := range all {
		r := &all[i]
		version := "-"
		if r.Version > 0 {
			version = strconv.FormatInt(r.Version, 10)
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Kind, r.Name, version, r.time(), r.Author, r.from()); err != nil {
			return err
		}
	}
	return nil
}

// printTexts prints resources as documents that apply takes.
func printTexts(out io.Writer, all []stored) error {
	for i := range all {
		head := ""
		if i > 0 {
			head = "---\n"
		}
		if _, err := io.WriteString(out, head+strings.TrimSuffix(all[i].Text, "\n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func getOne(cmd *cobra.Command, c *client, kind, name string, version int64, output string) error {
	query := url.Values{}
	if version > 0 {
		query.Set("version", strconv.FormatInt(version, 10))
	}
	var one stored
	if err := c.do(cmd.Context(), http.MethodGet, resourcePath(kind, name), query, nil, &one); err != nil {
		return err
	}
	if output == "json" {
		return printAs(cmd.OutOrStdout(), output, one, nil)
	}
	return printTexts(cmd.OutOrStdout(), []stored{one})
}

// change asks the server for a change and says what it did.
func change(cmd *cobra.Command, c *client, method, path string, body any, output string) error {
	var answer admin.ApplyAnswer
	if err := c.do(cmd.Context(), method, path, nil, body, &answer); err != nil {
		return err
	}
	return printChanges(cmd.OutOrStdout(), cmd.ErrOrStderr(), &answer, output)
}

func newDelete() *cobra.Command {
	var c client
	var output string
	var version int64
	cmd := &cobra.Command{
		Use:   "delete KIND NAME",
		Short: "Delete a stored resource",
		Long: `Deletes one resource, if everything that is left is without mistakes. Its versions stay: postern history shows them and postern rollback
brings one back. A resource of a file is deleted in the file.`,
		Args:              kindArgs(2, 2),
		ValidArgsFunction: completeResource(&c, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			kind, err := kindOf(args[0])
			if err != nil {
				return err
			}
			if version > 0 {
				c.header = map[string]string{"If-Match": strconv.FormatInt(version, 10)}
			}
			return change(cmd, &c, http.MethodDelete, resourcePath(kind, args[1]), nil, output)
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().Int64Var(&version, "if-version", 0, "only if this version is still the stored one")
	return cmd
}

func newHistory() *cobra.Command {
	var c client
	var output string
	var limit int
	cmd := &cobra.Command{
		Use:   "history [KIND NAME]",
		Short: "List who changed what is stored, or every version of one resource",
		Long: `Lists the newest revisions of what is stored, or every version of one resource, the newest first. Versions that a file of the server held are
among them; who changed the file is not known. postern get KIND NAME --version N shows one.`,
		Args:              kindArgs(0, 2),
		ValidArgsFunction: completeResource(&c, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			switch len(args) {
			case 0:
				return revisions(cmd, &c, limit, output)
			case 1:
				return usageError{errors.New("history of one resource wants its kind and its name")}
			}
			kind, err := kindOf(args[0])
			if err != nil {
				return err
			}
			var all struct {
				Versions []stored `json:"versions"`
			}
			if err := c.do(cmd.Context(), http.MethodGet, resourcePath(kind, args[1])+"/versions", nil, nil, &all); err != nil {
				return err
			}
			return printAs(cmd.OutOrStdout(), output, all, func(w io.Writer) error {
				fmt.Fprintln(w, "VERSION\tREVISION\tCHANGED\tBY\t")
				for i := range all.Versions {
					v, note := &all.Versions[i], ""
					if v.Deleted {
						note = "deleted "
					}
					fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\n", v.Version, v.Revision, v.time(), v.Author, strings.TrimSpace(note+v.from()))
				}
				return nil
			})
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().IntVar(&limit, "limit", 50, "how many revisions")
	return cmd
}

func revisions(cmd *cobra.Command, c *client, limit int, output string) error {
	var all struct {
		Revisions []struct {
			Revision int64     `json:"revision"`
			Author   string    `json:"author"`
			Action   string    `json:"action"`
			At       time.Time `json:"at"`
			Changes  int       `json:"changes"`
		} `json:"revisions"`
	}
	if err := c.do(cmd.Context(), http.MethodGet, "/v1/revisions", url.Values{"limit": {strconv.Itoa(limit)}}, nil, &all); err != nil {
		return err
	}
	return printAs(cmd.OutOrStdout(), output, all, func(w io.Writer) error {
		fmt.Fprintln(w, "REVISION\tCHANGED\tBY\tACTION\tRESOURCES")
		for _, r := range all.Revisions {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\n", r.Revision, r.At.Local().Format("2006-01-02 15:04:05"), r.Author, r.Action, r.Changes)
		}
		return nil
	})
}

func newRollback() *cobra.Command {
	var c client
	var output string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "rollback (REVISION | KIND NAME VERSION)",
		Short: "Bring back what was stored at a revision, or one resource's version",
		Long: `Stores again what was stored at a revision, or one version of one resource, as a new revision: nothing is taken out of the history.
It is checked as apply is. People keep their passwords: one that was replaced does not come back.`,
		Example:           "  postern rollback 17\n  postern rollback DataPolicy balances 3",
		Args:              kindArgs(1, 3),
		ValidArgsFunction: completeResource(&c, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(output, allFormats()...); err != nil {
				return err
			}
			number, err := strconv.ParseInt(args[len(args)-1], 10, 64)
			if err != nil || number < 0 || len(args) == 2 {
				return usageError{errors.New("rollback wants a revision, or kind, name and version")}
			}
			body := map[string]any{"dryRun": dryRun}
			if len(args) == 1 {
				body["revision"] = number
			} else {
				kind, err := kindOf(args[0])
				if err != nil {
					return err
				}
				body["kind"], body["name"], body["version"] = kind, args[1], number
			}
			return change(cmd, &c, http.MethodPost, "/v1/rollback", body, output)
		},
	}
	c.flag(cmd)
	outputFlag(cmd, &output, allFormats()...)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be changed, and change nothing")
	return cmd
}

func newExport() *cobra.Command {
	var c client
	var set string
	var verifiers bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print all stored resources as documents that apply takes",
		Long: `Prints what is stored, not what files own. Secrets are references, as they were given; passwords are *** unless --verifiers asks for their
verifiers, which wants a token of role admin and is on record. It is no backup: see docs/control-plane.md for one.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			if cmd.Flags().Changed("set") {
				query.Set("set", set)
			}
			var list struct{ Resources []stored }
			if err := c.do(cmd.Context(), http.MethodGet, "/v1/resources", query, nil, &list); err != nil {
				return err
			}
			var out []stored
			for _, r := range list.Resources {
				if r.File != "" {
					continue
				}
				if verifiers && r.Kind == "User" {
					if err := c.do(cmd.Context(), http.MethodGet, resourcePath(r.Kind, r.Name), url.Values{"verifier": {"true"}}, nil, &r); err != nil {
						return err
					}
				}
				out = append(out, r)
			}
			return printTexts(cmd.OutOrStdout(), out)
		},
	}
	c.flag(cmd)
	cmd.Flags().StringVar(&set, "set", "", "only what was applied under this name")
	cmd.Flags().BoolVar(&verifiers, "verifiers", false, "with the verifiers of passwords")
	return cmd
}

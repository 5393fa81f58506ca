package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/posternsql/postern/admin"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/secret"
)

// errDiffers has `diff` end with exitDiffers; it is not printed.
var errDiffers = errors.New("there are differences")

// applyFlags are those of apply and diff.
type applyFlags struct {
	client
	files      []string
	set        string
	prune      bool
	ifRevision int64
	impact     bool
	days       int
	output     string
	// stdin reads passwords from there that their references do not give.
	stdin bool
}

func (o *applyFlags) flags(cmd *cobra.Command) {
	o.client.flag(cmd)
	f := cmd.Flags()
	f.StringSliceVarP(&o.files, "file", "f", nil, "resource files and folders; - is standard input")
	f.StringVar(&o.set, "set", "", "name under which these resources are applied")
	f.BoolVar(&o.prune, "prune", false, "delete what the same --set has and the files do not")
	outputFlag(cmd, &o.output, allFormats()...)
	passwordFlag(cmd, &o.stdin, "read the passwords that their references do not give from standard input, one line each, in the order of the Users")
}

func (o *applyFlags) validate() error {
	switch {
	case o.stdin && slices.Contains(o.files, "-"):
		return usageError{errors.New("--password-stdin does not go with -f -: both would read standard input")}
	case len(o.files) == 0:
		return usageError{errors.New("give files or folders with -f")}
	case o.prune && o.set == "":
		return usageError{errors.New("--prune wants --set: it deletes what the same set has and the files do not")}
	}
	return checkOutput(o.output, allFormats()...)
}

const applyLong = `
A User's password is read here, from where its reference points ({env: …} or {file: …}), or else asked for on the terminal, twice, and made a
SCRAM-SHA-256 verifier: the password itself never leaves this machine. All other references, such as a connection's password, are sent as they are and resolved by each server
when it uses them.

The server is --server or POSTERN_SERVER, the API token is in POSTERN_TOKEN.`

func newApply() *cobra.Command {
	o := &applyFlags{}
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "apply -f PATH… [--set NAME [--prune]]",
		Short: "Store resources and put them in force, whole or not at all",
		Long: `Sends resource files to a running server as one set: all of it is stored and in force afterwards, or nothing is. Every mistake is
named at once with its file and line. Resources that are there already are replaced; those that are not named stay, but for --prune.

Where several servers share the state, apply returns when each has the change in force or has lost its lease, and then answers nothing.
` + applyLong,
		Example: `  postern apply -f policies/
  postern apply -f team/ --set team --prune
  postern apply -f policies/ --dry-run`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			answer, err := o.send(cmd, dryRun)
			if err != nil {
				return err
			}
			return printChanges(cmd.OutOrStdout(), cmd.ErrOrStderr(), answer, o.output)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be changed, and change nothing")
	cmd.Flags().Int64Var(&o.ifRevision, "if-revision", -1, "refuse to change what others have changed since this revision")
	return cmd
}

// send reads the files and asks the server.
func (o *applyFlags) send(cmd *cobra.Command, dryRun bool) (*admin.ApplyAnswer, error) {
	files, err := readSent(o.files, cmd.InOrStdin())
	if err != nil {
		return nil, err
	}
	ask := &passwords{}
	if !slices.Contains(o.files, "-") {
		ask = newPasswords(cmd, o.stdin)
	}
	if err := o.verifiers(cmd.Context(), files, ask); err != nil {
		return nil, err
	}
	body := map[string]any{"files": files, "set": o.set, "prune": o.prune, "dryRun": dryRun}
	if o.ifRevision >= 0 && cmd.Flags().Changed("if-revision") {
		body["ifRevision"] = o.ifRevision
	}
	if o.impact {
		body["impact"], body["impactDays"] = true, o.days
	}
	var out admin.ApplyAnswer
	return &out, o.do(cmd.Context(), http.MethodPost, "/v1/apply", nil, body, &out)
}

// readSent reads all files that the paths mean.
func readSent(paths []string, in io.Reader) (out []admin.ResourceFile, err error) {
	var names []string
	for _, p := range paths {
		if p != "-" {
			names = append(names, p)
			continue
		}
		text, err := io.ReadAll(io.LimitReader(in, resource.MaxFileBytes+1))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		out = append(out, admin.ResourceFile{Name: "-", Text: string(text)})
	}
	files, err := resource.Files(names)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if total += len(text); total > resource.MaxTotalBytes {
			return nil, fmt.Errorf("the files are larger than %d MiB together", resource.MaxTotalBytes>>20)
		}
		out = append(out, admin.ResourceFile{Name: name, Text: string(text)})
	}
	return out, nil
}

// verifiers makes the passwords of all Users verifiers, in the files' texts, where they keep their lines. Everything that cannot be resolved is
// named at once.
func (o *applyFlags) verifiers(ctx context.Context, files []admin.ResourceFile, ask *passwords) error {
	var known map[string]storedScram
	var mistakes []error
	for i := range files {
		docs, err := resource.ReadDocuments(files[i].Name, []byte(files[i].Text))
		if err != nil {
			continue // the server names all mistakes together
		}
		for _, d := range docs {
			field := passwordField(d)
			if field == "" {
				continue
			}
			if known == nil {
				if known, err = o.storedScrams(ctx); err != nil {
					return err
				}
			}
			text, err := withVerifier(ctx, d, []byte(files[i].Text), field, known[d.Name], ask)
			if err != nil {
				mistakes = append(mistakes, fmt.Errorf("%s: User %s: %s: %w", d.Pos, d.Name, field, err))
				continue
			}
			files[i].Text = string(text)
		}
	}
	return errors.Join(mistakes...)
}

func passwordField(d resource.Document) string {
	for _, field := range []string{"password", "verifier"} {
		if d.Kind == "User" && d.Has(field) {
			return field
		}
	}
	return ""
}

// withVerifier puts the verifier in place of the reference.
func withVerifier(ctx context.Context, d resource.Document, text []byte, field string, stored storedScram, ask *passwords) ([]byte, error) {
	value, err := referred(ctx, d, field, ask)
	if err != nil {
		return nil, err
	}
	verifier := value
	if field == "password" {
		v, err := stored.verifier(value)
		if err != nil {
			return nil, err
		}
		verifier = v.String()
	} else if _, err := identity.ParseVerifier(verifier); err != nil {
		return nil, errors.New("it is no SCRAM-SHA-256 verifier")
	}
	return d.Replace(text, field, "scram", strings.TrimSpace(verifier))
}

// referred reads what a field refers to; who runs the command is asked for a password that is not there.
func referred(ctx context.Context, d resource.Document, field string, ask *passwords) (string, error) {
	var ref secret.Ref
	if err := d.Decode(field, &ref); err != nil {
		return "", err
	}
	value, err := ref.Resolve()
	if err == nil {
		return value.Reveal(), nil
	}
	if field != "password" || !ask.can() || ref.Validate() != nil {
		return "", err
	}
	return ask.read(ctx, "of "+d.Name)
}

// storedScram is what is known of a stored verifier: with the same salt an unchanged password makes an unchanged verifier.
type storedScram struct {
	Salt       []byte
	Iterations int
}

func (s storedScram) verifier(password string) (identity.Verifier, error) {
	if len(s.Salt) == 0 {
		return identity.NewVerifier(password, identity.DefaultIterations, rand.Reader)
	}
	return identity.NewVerifier(password, s.Iterations, bytes.NewReader(s.Salt))
}

func (o *applyFlags) storedScrams(ctx context.Context) (map[string]storedScram, error) {
	var list struct {
		Resources []struct {
			Name  string
			Scram storedScram
		}
	}
	if err := o.do(ctx, http.MethodGet, "/v1/resources", url.Values{"kind": {"User"}}, nil, &list); err != nil {
		return nil, err
	}
	out := map[string]storedScram{}
	for _, u := range list.Resources {
		out[u.Name] = u.Scram
	}
	return out, nil
}

// printChanges says what a change did.
func printChanges(out, errOut io.Writer, a *admin.ApplyAnswer, format string) error {
	err := printAs(out, format, a, func(w io.Writer) error {
		unchanged := 0
		for _, c := range a.Changes {
			if c.Action == "unchanged" {
				unchanged++
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", c.Action, c.Kind, c.Name)
		}
		verb := "in force"
		if a.DryRun {
			verb = "stored; nothing was changed (dry run)"
		}
		_, err := fmt.Fprintf(w, "%d changes, %d unchanged; revision %d is %s\n", len(a.Changes)-unchanged, unchanged, a.Revision, verb)
		return err
	})
	for _, warning := range a.Warnings {
		fmt.Fprintf(errOut, "warning: %s\n", warning)
	}
	if a.Servers != nil {
		for _, s := range a.Servers.Lapsed {
			fmt.Fprintf(errOut, "warning: the server at %s has lost touch with the state and answers nothing until it has this revision in force\n", s)
		}
		if a.Servers.Unknown != "" {
			fmt.Fprintf(errOut, "warning: %s\n", a.Servers.Unknown)
		}
	}
	return err
}

func newDiff() *cobra.Command {
	o := &applyFlags{}
	cmd := &cobra.Command{
		Use:   "diff -f PATH… [--set NAME [--prune]] [--impact [--days N]]",
		Short: "Show what apply would change",
		Long: `Shows, for each resource, how what is stored differs from the files, and checks them as apply would, but changes nothing. Ends with
exit code 0 where there is no difference and 3 where there is one.

--impact says what the change does to people: who gains and who loses which tables, rows and columns, over all users and sources, and which
of the statements on record of the last --days days would change or fail. The files may then also be those that the server owns itself.
` + applyLong,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			if o.days != 0 && !o.impact {
				return usageError{errors.New("--days goes with --impact")}
			}
			answer, err := o.send(cmd, true)
			if err != nil {
				return err
			}
			return printDiff(cmd.OutOrStdout(), answer, o.output)
		},
	}
	cmd.Flags().BoolVar(&o.impact, "impact", false, "say who would gain and lose what")
	cmd.Flags().IntVar(&o.days, "days", 0, "with --impact: judge the statements on record of so many days")
	o.flags(cmd)
	return cmd
}

func printDiff(out io.Writer, a *admin.ApplyAnswer, format string) error {
	differs := false
	err := printAs(out, format, a, func(w io.Writer) error {
		for _, c := range a.Changes {
			if c.Action == "unchanged" {
				continue
			}
			name := c.Kind + "/" + c.Name
			if c.Verifier {
				fmt.Fprintf(w, "--- %s\n+++ %s\nanother password, or another set\n", name, name)
				continue
			}
			if _, err := io.WriteString(w, unified(name, name+" ("+c.Action+")", c.Before, c.After)); err != nil {
				return err
			}
		}
		if a.Impact != nil {
			_, err := io.WriteString(w, "\n"+a.Impact.Text())
			return err
		}
		return nil
	})
	for _, c := range a.Changes {
		differs = differs || c.Action != "unchanged"
	}
	if err == nil && differs {
		return errDiffers
	}
	return err
}

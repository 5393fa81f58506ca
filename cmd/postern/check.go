package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/posternsql/postern/explain/check"
	"github.com/posternsql/postern/internal/pgcluster"
)

// scratchVariable names the server on which tests make their scratch databases.
const scratchVariable = "POSTERN_SCRATCH"

// checkOptions are the flags of check.
type checkOptions struct {
	registerOptions
	run, output string
	why         bool
}

func newCheck() *cobra.Command {
	o := &checkOptions{}
	cmd := &cobra.Command{
		Use:   "check [-c postern.yaml | --resources PATH] TESTS...",
		Short: "Run policy unit tests: as this person, this query gives these rows, these masks, or this refusal",
		Long: `Loads sample rows into a scratch database, puts the resources in force against it as a server would, runs each test's query as
its person, and compares. The warehouse that the resources name is never touched, and no secret of theirs is resolved: a check runs in CI.

The scratch database is made on the server whose address is in POSTERN_SCRATCH (postgres://user:password@host:port/database, an
account that may create databases and roles), and dropped afterwards. Without it a throw-away PostgreSQL is started, if one is
installed. docs/check.md says what a file of tests holds.

Exit code 0 if all tests passed, 1 if one failed or could not be run, 2 if the command line is wrong.`,
		Example: `  postern check -c examples/tpch/postern.yaml examples/tpch/checks/regions.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("check wants at least one file of tests")}
			}
			if o.output != "text" && o.output != "json" && o.output != "yaml" {
				return usageError{fmt.Errorf("--output %q is not one of text, json, yaml", o.output)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.check(cmd.Context(), args, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.config, "config", "c", "postern.yaml", "server configuration that names the resources")
	f.StringSliceVar(&o.resources, "resources", nil, "resource files and folders, instead of --config")
	f.StringVar(&o.run, "run", "", "run only the tests whose name matches this regular expression")
	f.BoolVar(&o.why, "why", false, "explain for each failed test what the person saw, and why")
	f.StringVarP(&o.output, "output", "o", "text", "text, json or yaml")
	return cmd
}

// errChecksFailed is told after the outcomes.
var errChecksFailed = errors.New("not all tests passed")

func (o *checkOptions) check(ctx context.Context, paths []string, out io.Writer) (err error) {
	c := check.Config{Server: os.Getenv(scratchVariable)}
	if o.run != "" {
		pattern, err := regexp.Compile(o.run)
		if err != nil {
			return usageError{fmt.Errorf("--run: %w", err)}
		}
		c.Only = func(_ *check.File, t *check.Test) bool { return pattern.MatchString(t.Name) }
	}
	files, err := loadTests(paths)
	if err != nil {
		return err
	}
	set, err := o.load()
	if err != nil {
		return err
	}
	if c.Server == "" {
		cluster, err := pgcluster.Start(ctx, pgcluster.Config{})
		if err != nil {
			return fmt.Errorf("starting a throw-away PostgreSQL (or set %s): %w", scratchVariable, err)
		}
		defer func() { err = errors.Join(err, cluster.Stop()) }()
		c.Server = cluster.DSN("postgres")
	}
	outcomes := []check.Outcome{}
	for _, f := range files {
		of, err := check.Run(ctx, c, set, f)
		if err != nil {
			return err
		}
		outcomes = append(outcomes, of...)
	}
	if err := printOutcomes(out, outcomes, o.output, o.why); err != nil {
		return err
	}
	if len(outcomes) == 0 {
		return errors.New("no test was run: none has a name that --run matches")
	}
	for i := range outcomes {
		if !outcomes[i].Passed() {
			return errChecksFailed
		}
	}
	return nil
}

// loadTests reads all files; the mistakes of all of them are told at once.
func loadTests(paths []string) (files []*check.File, err error) {
	for _, path := range paths {
		f, mistake := check.Load(path)
		if mistake != nil {
			err = errors.Join(err, mistake)
			continue
		}
		files = append(files, f)
	}
	return files, err
}

func printOutcomes(out io.Writer, outcomes []check.Outcome, output string, why bool) error {
	switch output {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(outcomes)
	case "yaml":
		return yaml.NewEncoder(out).Encode(outcomes)
	default:
		return check.Print(out, outcomes, why)
	}
}

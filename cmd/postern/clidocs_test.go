package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/cli.md anew")

const cliHead = `# The command line

Made of the program's own help (` + "`go test ./cmd/postern -run TestCommandLineDocs -update`" + `).

Commands that speak to a running server find it by ` + "`--server`" + ` or ` + "`POSTERN_SERVER`" + ` (else http://127.0.0.1:8432), and send the API token in ` + "`POSTERN_TOKEN`" + `. The server's
first start writes one of role admin beside its state.

| exit code | |
|---|---|
| 0 | done |
| 1 | the command ran and did not succeed |
| 2 | the command line is wrong; nothing was done |
| 3 | ` + "`diff`" + ` found differences |
| 4 | others own or have changed what was to be changed; nothing was |
| 5 | the resources have mistakes; nothing was changed |
| 6 | the token is unknown, or its role may not do this |
| 7 | the server cannot be reached or cannot answer now |

Completion for bash, zsh, fish and PowerShell: ` + "`postern completion --help`" + `.
`

// TestCommandLineDocs: docs/cli.md is what the commands say of themselves.
func TestCommandLineDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString(cliHead)
	root := newRoot(streams{})
	describeCommand(&b, root)
	const path = "../../docs/cli.md"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Error("docs/cli.md is not what the commands say of themselves: run go test ./cmd/postern -run TestCommandLineDocs -update")
	}
}

func describeCommand(b *strings.Builder, cmd *cobra.Command) {
	if cmd.HasParent() {
		about := cmd.Long
		if about == "" {
			about = cmd.Short + "."
		}
		// A command's line begins with those that it stands under.
		line := strings.TrimSuffix(cmd.CommandPath(), cmd.Name()) + cmd.Use
		fmt.Fprintf(b, "\n## %s\n\n```text\n%s\n```\n\n%s\n", cmd.CommandPath(), line, strings.TrimSpace(about))
		if cmd.Example != "" {
			fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.TrimSpace(strings.ReplaceAll(cmd.Example, "\n  ", "\n")))
		}
		rows := ""
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			name := "`--" + f.Name + "`"
			if f.Shorthand != "" {
				name += ", `-" + f.Shorthand + "`"
			}
			if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "-1" {
				name += " (" + f.DefValue + ")"
			}
			rows += fmt.Sprintf("| %s | %s |\n", name, strings.ReplaceAll(f.Usage, "|", "\\|"))
		})
		if rows != "" {
			b.WriteString("\n| flag | |\n|---|---|\n" + rows)
		}
	}
	for _, c := range cmd.Commands() {
		if c.Name() != "help" && c.Name() != "completion" && !c.Hidden {
			describeCommand(b, c)
		}
	}
}

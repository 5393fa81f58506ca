package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// outputFlag adds --output and says what it may hold.
func outputFlag(cmd *cobra.Command, into *string, formats ...string) {
	cmd.Flags().StringVarP(into, "output", "o", formats[0], strings.Join(formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

// checkOutput refuses a format that there is not.
func checkOutput(format string, formats ...string) error {
	if !slices.Contains(formats, format) {
		return usageError{fmt.Errorf("--output %q is not one of %s", format, strings.Join(formats, ", "))}
	}
	return nil
}

// allFormats are those of commands that print data.
func allFormats() []string { return []string{"table", "json", "yaml"} }

// printAs prints a value as JSON or YAML, or calls table.
func printAs(out io.Writer, format string, value any, table func(io.Writer) error) error {
	switch format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(value)
	case "yaml":
		// By way of JSON, so that both have the same names.
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		var plain yaml.Node
		if err := yaml.Unmarshal(text, &plain); err != nil {
			return err
		}
		block(&plain)
		e := yaml.NewEncoder(out)
		e.SetIndent(2)
		if err := e.Encode(&plain); err != nil {
			return err
		}
		return e.Close()
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if err := table(w); err != nil {
		return err
	}
	return w.Flush()
}

// block prints on lines of their own what JSON has on one.
func block(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		block(child)
	}
}

// unified shows how one text becomes another, line by line, with three lines around each change.
func unified(from, to, before, after string) string {
	a, b := splitLines(before), splitLines(after)
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", from, to)
	edits := lineEdits(a, b)
	const around = 3
	for i := 0; i < len(edits); {
		if edits[i].op == ' ' {
			i++
			continue
		}
		start := max(i-around, 0)
		end, quiet := i, 0
		for end < len(edits) && quiet <= 2*around {
			if edits[end].op == ' ' {
				quiet++
			} else {
				quiet = 0
			}
			end++
		}
		end = min(end-max(quiet-around, 0), len(edits))
		fmt.Fprintf(&out, "@@ line %d @@\n", edits[start].line+1)
		for _, e := range edits[start:end] {
			out.WriteString(string(e.op) + e.text + "\n")
		}
		i = end
	}
	return out.String()
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// edit is one line that stays (' '), goes ('-') or comes ('+'); line is its number in the text before.
type edit struct {
	op   rune
	text string
	line int
}

// lineEdits is the shortest way from a to b by a table of common tails. Texts are resources, so small; what is not is shown as replaced.
func lineEdits(a, b []string) (out []edit) {
	if len(a)*len(b) > 4_000_000 {
		for i, l := range a {
			out = append(out, edit{'-', l, i})
		}
		for _, l := range b {
			out = append(out, edit{'+', l, len(a)})
		}
		return out
	}
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, edit{' ', a[i], i})
			i++
			j++
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			out = append(out, edit{'-', a[i], i})
			i++
		default:
			out = append(out, edit{'+', b[j], i})
			j++
		}
	}
	return out
}

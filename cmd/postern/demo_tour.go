package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/term"

	"github.com/posternsql/postern/examples"
)

func tourQuery() (string, error) {
	text, err := examples.TPCH.ReadFile("tpch/tour.sql")
	return strings.TrimSpace(string(text)), err
}

// invite prints lines to paste and stays out of the way.
func (d *demo) invite(out io.Writer, proxy *net.TCPAddr, admin string, took time.Duration) {
	query, err := tourQuery()
	if err != nil {
		query = "SELECT * FROM customer LIMIT 5"
	}
	fmt.Fprintf(out, "\nPostern is ready after %.1f s. Three people, one query; paste into another terminal:\n", took.Seconds())
	query = strings.Join(strings.Fields(query), " ")
	for _, p := range d.people {
		fmt.Fprintf(out, "\n# %s: %s\nPGPASSWORD=%s psql -h %s -p %d -U %s %s -c %s\n",
			p.name, p.about, p.password, proxy.IP, proxy.Port, p.name, demoDatabase, shellQuote(query))
	}
	if d.redshift != nil {
		d.redshift.invite(d, out, proxy, query)
	}
	fmt.Fprintf(out, `
Resources (edit and save; they are published at once):  %s
Audit log:  postern audit tail --dir %s/audit
`, d.policies, d.folder)
	if admin != "" {
		fmt.Fprintf(out, "Health, readiness, metrics:  http://%s/healthz /readyz /metrics\n", admin)
	}
	fmt.Fprintln(out, "Ctrl-C ends the demo and removes everything.")
}

// tour runs the query as each person and prints the results side by side.
func (d *demo) tour(ctx context.Context, proxy *net.TCPAddr, out io.Writer) error {
	query, err := tourQuery()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe same query, as three people:\n\n%s\n", indent(query, "    "))
	if d.redshift != nil {
		return d.redshift.tour(ctx, d, proxy, query, out)
	}
	var blocks [][]string
	for _, p := range d.people {
		lines, err := askAt(ctx, d.proxyURL(proxy, p), query)
		if err != nil {
			return fmt.Errorf("asking as %s: %w", p.name, err)
		}
		blocks = append(blocks, append([]string{p.name + " (" + p.about + ")", ""}, lines...))
	}
	printBeside(out, blocks)
	return nil
}

// proxyURL is where a person finds the proxy.
func (d *demo) proxyURL(proxy *net.TCPAddr, p demoPerson) string {
	dsn := url.URL{
		Scheme: "postgres", User: url.UserPassword(p.name, p.password), Host: proxy.String(), Path: "/" + demoDatabase,
		RawQuery: url.Values{"sslmode": {"verify-full"}, "sslrootcert": {d.certificate}, "application_name": {"postern-tour"}}.Encode(),
	}
	return dsn.String()
}

// askAt connects, runs statements, and returns the result of the last as lines of a table.
func askAt(ctx context.Context, dsn string, statements ...string) (_ []string, err error) {
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var results []*pgconn.Result
	for _, sql := range statements {
		if results, err = conn.Exec(ctx, sql).ReadAll(); err != nil {
			return nil, err
		}
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range results {
		for _, f := range r.FieldDescriptions {
			fmt.Fprintf(w, "%s\t", f.Name)
		}
		fmt.Fprintln(w)
		for _, row := range r.Rows {
			for _, v := range row {
				cell := strings.TrimRight(string(v), " ")
				if v == nil {
					cell = "NULL"
				}
				fmt.Fprintf(w, "%s\t", cell)
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "(%s)\n", r.CommandTag)
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n"), nil
}

// printBeside prints blocks of lines as columns, or one below the other on a terminal that is too narrow for that.
func printBeside(out io.Writer, blocks [][]string) {
	widths, total, height := make([]int, len(blocks)), 0, 0
	for i, lines := range blocks {
		for _, l := range lines {
			widths[i] = max(widths[i], len([]rune(l)))
		}
		total += widths[i] + 3
		height = max(height, len(lines))
	}
	if total > terminalWidth(out) {
		for _, lines := range blocks {
			fmt.Fprintf(out, "\n%s\n", strings.Join(lines, "\n"))
		}
		return
	}
	for row := range height {
		var cells []string
		for i, lines := range blocks {
			cell := ""
			if row < len(lines) {
				cell = lines[row]
			}
			cells = append(cells, cell+strings.Repeat(" ", widths[i]-len([]rune(cell))))
		}
		fmt.Fprintln(out, strings.TrimRight(strings.Join(cells, " | "), " |"))
	}
}

// terminalWidth is unbounded where out is no terminal.
func terminalWidth(out io.Writer) int {
	if f, ok := out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return math.MaxInt
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func indent(s, by string) string { return by + strings.ReplaceAll(s, "\n", "\n"+by) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

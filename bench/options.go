package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// modes are pgbench's query protocols (its option -M).
func modes() []string { return []string{"simple", "extended", "prepared"} }

// options say what to run.
type options struct {
	Quick           bool     `json:"quick,omitempty"`
	Rounds          int      `json:"rounds"`
	BurstSeconds    int      `json:"burst_seconds"`
	Scale           int      `json:"scale"`
	Clients         []int    `json:"clients"`
	Modes           []string `json:"modes"`
	FilteredRounds  int      `json:"filtered_rounds"`
	FilteredClients []int    `json:"filtered_clients"`

	// Programs and folders; not part of the results.
	postern   string // the built binary; empty leaves Postern out
	pgbouncer string // the program
	tmpfs     string // a folder in memory for the second audit folder; empty leaves that column out
	out       string // the folder for results; empty prints the Markdown only
	name      string // the results' file name after the date
	render    string // a JSON file of results: nothing is run, its report is written anew
}

// parseOptions reads the command line. --quick changes the defaults of the others, so that they still can be given.
func parseOptions(args []string, stderr io.Writer) (options, error) {
	quick := slices.Contains(args, "--quick") || slices.Contains(args, "-quick")
	o := options{Rounds: 7, BurstSeconds: 2, Scale: 10, FilteredRounds: 3, FilteredClients: []int{1}, out: "bench/results"}
	clients, filtered := "1,8,32", "1"
	if quick {
		o.Rounds, o.BurstSeconds, o.Scale, o.FilteredRounds, o.out = 1, 1, 1, 1, ""
		clients = "1,8"
	}
	modeList := strings.Join(modes(), ",")
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.Quick, "quick", quick, "one short round on little data, printed only: shows that everything runs, measures nothing")
	f.IntVar(&o.Rounds, "rounds", o.Rounds, "how often each case is run")
	f.IntVar(&o.BurstSeconds, "burst", o.BurstSeconds, "seconds of one burst")
	f.IntVar(&o.Scale, "scale", o.Scale, "pgbench's scale: 100,000 accounts each")
	f.IntVar(&o.FilteredRounds, "filtered-rounds", o.FilteredRounds, "rounds of the person with a row filter; 0 leaves it out")
	f.StringVar(&clients, "clients", clients, "numbers of clients")
	f.StringVar(&filtered, "filtered-clients", filtered, "numbers of clients of the person with a row filter")
	f.StringVar(&modeList, "modes", modeList, "query protocols")
	f.StringVar(&o.postern, "postern", "bin/postern", "the built binary; empty leaves Postern out")
	f.StringVar(&o.pgbouncer, "pgbouncer", findPgBouncer(), "PgBouncer's program")
	f.StringVar(&o.tmpfs, "tmpfs", "/dev/shm", "a folder in memory, for a second Postern with its audit there; empty for none")
	f.StringVar(&o.out, "out", o.out, "folder for the results; empty prints only")
	f.StringVar(&o.name, "name", "select", "name of the results after the date")
	f.StringVar(&o.render, "render", "", "a JSON file of results: run nothing, write its report anew")
	if err := f.Parse(args); err != nil {
		return options{}, err
	}
	var err1, err2 error
	o.Clients, err1 = numbers(clients)
	o.FilteredClients, err2 = numbers(filtered)
	o.Modes = strings.Split(modeList, ",")
	if err := errors.Join(err1, err2, o.validate()); err != nil {
		return options{}, fmt.Errorf("checking the options: %w", err)
	}
	return o, nil
}

// validate reports every mistake at once.
func (o options) validate() error {
	var mistakes []error
	positive := func(name string, n int) {
		if n < 1 {
			mistakes = append(mistakes, fmt.Errorf("%s %d is not positive", name, n))
		}
	}
	positive("rounds", o.Rounds)
	positive("burst", o.BurstSeconds)
	positive("scale", o.Scale)
	for _, n := range slices.Concat(o.Clients, o.FilteredClients) {
		positive("clients", n)
	}
	for _, m := range o.Modes {
		if !slices.Contains(modes(), m) {
			mistakes = append(mistakes, fmt.Errorf("mode %q is none of %v", m, modes()))
		}
	}
	if o.pgbouncer == "" && o.render == "" {
		mistakes = append(mistakes, errors.New("no PgBouncer found in PATH or /usr/sbin"))
	}
	if strings.ContainsAny(o.name, "/\x00") {
		mistakes = append(mistakes, fmt.Errorf("name %q is not a file name", o.name))
	}
	return errors.Join(mistakes...)
}

func numbers(list string) ([]int, error) {
	var all []int
	for field := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil {
			return nil, fmt.Errorf("reading the list %q: %w", list, err)
		}
		all = append(all, n)
	}
	return all, nil
}

// findPgBouncer looks in PATH and where Debian puts it; empty when it is nowhere.
func findPgBouncer() string {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

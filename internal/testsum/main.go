package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	list := flag.String("required", "", "file that lists the tests that must have passed")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *list); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
}

// run reads the events to their end in any case: a reader that leaves early would end the go tool by a broken pipe.
func run(in io.Reader, out io.Writer, list string) error {
	var must required
	var listErr error
	if list != "" {
		must, listErr = readRequired(list)
	}
	s := newSummary(out, must)
	if err := s.read(in); err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	return listErr
}

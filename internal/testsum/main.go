package main

import (
	"fmt"
	"os"
)

func main() {
	s := newSummary(os.Stdout)
	err := s.read(os.Stdin)
	if err == nil {
		err = s.close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
}

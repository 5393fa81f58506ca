package check

import (
	"fmt"
	"io"
	"strings"
)

// Print writes the outcomes as people read them: one line for each test, and for one that failed what differs and, where why is set, what
// the person saw and why.
func Print(w io.Writer, outcomes []Outcome, why bool) error {
	failed := 0
	for i := range outcomes {
		o := &outcomes[i]
		verdict := "ok  "
		if !o.Passed() {
			verdict = "FAIL"
			failed++
		}
		name := o.Name
		if name == "" {
			name = "as " + o.As
		}
		if _, err := fmt.Fprintf(w, "%s  %s:%d  %s\n", verdict, o.File, o.Line, name); err != nil {
			return err
		}
		for _, f := range o.Failures {
			if _, err := fmt.Fprintf(w, "      %s\n", strings.ReplaceAll(f, "\n", "\n      ")); err != nil {
				return err
			}
		}
		if why && o.Report != nil {
			if _, err := fmt.Fprintf(w, "\n      %s\n\n", strings.Join(o.Report.Lines(), "\n      ")); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, "%d tests, %d failed\n", len(outcomes), failed)
	return err
}

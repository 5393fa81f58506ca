package admin

import (
	"context"
	"errors"
	"fmt"
)

// Check is one named condition of readiness. Probe returns nil when it holds; the error's text is shown by name on
// /readyz and must hold no secret.
type Check struct {
	Name  string
	Probe func(ctx context.Context) error
}

// failures runs all checks and returns a line for each that fails.
func failures(ctx context.Context, checks []Check) []string {
	var lines []string
	for _, c := range checks {
		if err := c.Probe(ctx); err != nil {
			lines = append(lines, fmt.Sprintf("%s: %v", c.Name, err))
		}
	}
	return lines
}

func validateChecks(checks []Check) error {
	var errs []error
	for i, c := range checks {
		if c.Name == "" || c.Probe == nil {
			errs = append(errs, fmt.Errorf("check %d wants a name and a probe", i))
		}
	}
	return errors.Join(errs...)
}

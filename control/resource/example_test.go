package resource_test

import (
	"path/filepath"
	"testing"

	"github.com/posternsql/postern/control/resource"
)

// TestExample reads examples/tpch as `postern serve` would.
func TestExample(t *testing.T) {
	config, err := resource.LoadServerConfig(filepath.Join("..", "..", "examples", "tpch", "postern.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := resource.Load(config.Resources)
	if err != nil {
		t.Fatal(err)
	}
	if got := set.String(); got != "1 connections, 3 users, 6 sources, 2 subscription policies, 7 data policies" {
		t.Error(got)
	}
	for _, u := range set.Users {
		if u.Exempt {
			t.Errorf("%s is exempt in an example", u.Name)
		}
	}
}

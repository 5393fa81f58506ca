package main

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/sqlgen"
)

// TestUnknownDialect: what is for a warehouse whose SQL nobody knows is rewritten by no other's rules.
func TestUnknownDialect(t *testing.T) {
	r, err := newRewriters(&resource.ServerConfig{}, func(string) sqlgen.Dialect { return sqlgen.Dialect{} })
	if err != nil {
		t.Fatal(err)
	}
	if out, err := r.Rewrite(t.Context(), rewrite.Request{SQL: "SELECT 1", Database: "lake"}); err == nil || !strings.Contains(err.Error(), "nobody knows its SQL") {
		t.Errorf("it became %v, %v", out, err)
	}
}

package main

import (
	"strings"
	"testing"
)

// TestProgress: on a terminal a bar is drawn in place, elsewhere there is a line for each item that is done.
func TestProgress(t *testing.T) {
	var plain, terminal strings.Builder
	for p, out := range map[*progress]*strings.Builder{
		newProgress(&plain): &plain,
		{out: &terminal, unit: "rows", terminal: true, width: 4}: &terminal,
	} {
		p.unit = "tables"
		p.update("public", 1, 4)
		p.update("public", 4, 4)
		if out.Len() == 0 {
			t.Error("nothing is shown")
		}
	}
	if got := plain.String(); got != "  public              4 tables\n" {
		t.Errorf("elsewhere: %q", got)
	}
	if got := terminal.String(); got != "\r  public     [#...] 1/4 tables \r  public     [####] 4/4 tables \n" {
		t.Errorf("on a terminal: %q", got)
	}
}

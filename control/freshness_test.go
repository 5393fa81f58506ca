package control

import (
	"slices"
	"testing"
	"time"
)

func TestFreshness(t *testing.T) {
	var f Freshness
	now := time.Now()
	if err := f.Err(now); err != nil {
		t.Errorf("what rests on nothing is stale: %v", err)
	}
	f.Until("state", now.Add(time.Second))
	f.Until("identities", now.Add(time.Hour))
	if f.Err(now) != nil || f.Err(now.Add(time.Second)) == nil {
		t.Error("the bound is not where it was set")
	}
	if got := f.Stale(now.Add(time.Hour)); !slices.Equal(got, []string{"identities", "state"}) {
		t.Errorf("got %v", got)
	}
	f.Until("state", now.Add(3*time.Second))
	if f.Err(now.Add(2*time.Second)) != nil {
		t.Error("a bound that moved on still holds")
	}
	f.Until("state", time.Time{})
	if got := f.Stale(now.Add(time.Hour)); !slices.Equal(got, []string{"identities"}) {
		t.Errorf("got %v", got)
	}
}

package policy

import (
	"slices"
	"testing"
)

// TestGroupsAsked: the groups that conditions and rules name are found wherever they stand, and whether one can ask about any.
func TestGroupsAsked(t *testing.T) {
	customer := Selector{Tables: []string{"tpch.public.customer"}}
	in := Input{
		Snapshot: shop(t),
		Subscriptions: []SubscriptionPolicy{{Name: "read", On: customer, Access: AccessRead, Effect: SubscriptionGrant,
			Allow: Allow{When: "isInGroups('analysts', 'staff') && !isInGroups('left')"}}},
		Data: []DataPolicy{{Name: "rows", On: customer, Rules: []Rule{{Rows: "@isInGroups('rows') OR c_custkey > 1", ExceptFor: "isInGroups('global')"}}}},
	}
	p := compile(t, in)
	names, all := p.GroupsAsked()
	if want := []string{"analysts", "global", "left", "rows", "staff"}; !slices.Equal(names, want) || all {
		t.Errorf("%v, all %t, want %v", names, all, want)
	}
	in.Data[0].Rules[0].ExceptFor = "isInGroups('glo' + 'bal')"
	if names, all = compile(t, in).GroupsAsked(); !all || slices.Contains(names, "global") {
		t.Errorf("with a name that is put together: %v, all %t", names, all)
	}
	in.Data[0].Rules[0] = Rule{Rows: "@groupsContains(c_name)"}
	if _, all = compile(t, in).GroupsAsked(); !all {
		t.Error("with groups that rows name: not all")
	}
}

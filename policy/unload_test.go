package policy

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestS3Folders holds what lies in a folder: what is written below it, compared byte by byte, and nothing that only looks like it.
func TestS3Folders(t *testing.T) {
	for _, c := range []struct {
		folder, destination string
		holds               bool
	}{
		{"s3://bucket/prefix", "s3://bucket/prefix/x", true}, {"s3://bucket/prefix/", "s3://bucket/prefix/x", true}, {"s3://bucket/prefix", "s3://bucket/prefix/", true},
		{"s3://bucket/prefix", "s3://bucket/prefix/a/b/c_", true}, {"s3://bucket", "s3://bucket/x", true}, {"s3://bucket/", "s3://bucket/", true},
		{"s3://bucket/dt=2024", "s3://bucket/dt=2024/x", true},
		{"s3://bucket/prefix", "s3://bucket/prefix", false}, // files are called prefix0000_part_00
		{"s3://bucket/prefix", "s3://bucket/prefix2", false}, {"s3://bucket/prefix", "s3://bucket/prefix2/x", false}, {"s3://bucket/prefix", "s3://bucket/pre/x", false},
		{"s3://bucket/prefix", "s3://bucket/Prefix/x", false}, {"s3://bucket/prefix", "s3://bucket2/prefix/x", false}, {"s3://bucket/prefix", "s3://other/prefix/x", false},
		{"s3://bucket/prefix", "S3://bucket/prefix/x", false}, {"s3://bucket/prefix", "s3a://bucket/prefix/x", false}, {"s3://bucket/prefix", "s3:///bucket/prefix/x", false},
		{"s3://bucket/prefix", "s3://bucket/prefix/../x", false}, {"s3://bucket/prefix", "s3://bucket/prefix/..", false}, {"s3://bucket/prefix", "s3://bucket/prefix/./x", false},
		{"s3://bucket/prefix", "s3://bucket//prefix/x", false}, {"s3://bucket/prefix", "s3://bucket/prefix//x", false}, {"s3://bucket/prefix", "s3://bucket/prefix//", false},
		{"s3://bucket/prefix", "s3://bucket/prefix%2fx", false}, {"s3://bucket/prefix", "s3://bucket/prefix/%2e%2e/x", false}, {"s3://bucket/prefix", `s3://bucket/prefix\x`, false},
		{"s3://bucket/prefix", "s3://bucket/prefix/*", false}, {"s3://bucket/prefix", "s3://bucket/prefix/?x", false}, {"s3://bucket/prefix", "s3://bucket/prefix/x y", false},
		{"s3://bucket/prefix", "s3://bucket/prefıx/x", false}, {"s3://bucket/prefix", "s3://bucket/prefix\u200b/x", false}, {"s3://bucket/prefix", "s3://bucket/prefix/\u2024\u2024/x", false},
		{"s3://bucket/prefix", "s3://bucket/prefix/x'", false}, {"s3://bucket/prefix", "s3://key:secret@bucket/prefix/x", false}, {"s3://bucket/prefix", " s3://bucket/prefix/x", false},
		{"s3://bucket/prefix", "s3://bucket/prefix/x\x00", false}, {"s3://bucket/prefix", "s3://bucket/prefix/" + strings.Repeat("x", 1000), false}, {"s3://bucket/prefix", "", false},
	} {
		folder, err := ParseS3Folder(c.folder)
		if err != nil {
			t.Fatal(err)
		}
		if got := folder.Holds(c.destination); got != c.holds {
			t.Errorf("%s holds %s: %t", c.folder, c.destination, got)
		}
	}
	if (S3Folder{}).Holds("s3:///x") || (S3Folder{}).Holds("s3://bucket/x") {
		t.Error("the zero folder holds something")
	}
	for _, text := range []string{"", "s3://", "s3:///x", "s3://b", "s3://Bucket/x", "s3://bu_cket", "s3://bucket.", "s3://bu..cket/x", "s3://bucket/../x", "s3://bucket/x/..", "s3://bucket/*", "bucket/x", "https://bucket/x", "s3://bucket/x//"} {
		if f, err := ParseS3Folder(text); err == nil {
			t.Errorf("%q is read as %s", text, f)
		}
	}
}

// TestS3FoldersSegments holds for whatever segments: a folder holds a destination if and only if its segments are the first of it, and one more is there.
func TestS3FoldersSegments(t *testing.T) {
	segment := rapid.StringMatching(`[a-c]{1,2}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(segment, 0, 3).Draw(t, "folder"), rapid.SliceOfN(segment, 1, 4).Draw(t, "destination")
		folder, err := ParseS3Folder("s3://bucket/" + strings.Join(a, "/"))
		if err != nil {
			t.Fatal(err)
		}
		want := len(b) > len(a)
		for i := range min(len(a), len(b)) {
			want = want && a[i] == b[i]
		}
		if got := folder.Holds("s3://bucket/" + strings.Join(b, "/")); got != want {
			t.Fatalf("%v holds %v: %t", a, b, got)
		}
	})
}

func unloading(name, when string, overwrite bool, to ...string) SubscriptionPolicy {
	return SubscriptionPolicy{Name: name, On: Selector{Tables: []string{"tpch.public.customer"}}, Access: AccessUnload, Effect: SubscriptionGrant, Allow: Allow{When: when},
		Unload: &Unload{To: to, Overwrite: overwrite}}
}

// TestUnloading holds who may unload what to where: nobody by default, nobody by reading or by writing, and nobody reads by it; grants add up, a guardrail takes
// all away, and what is staged, expired or in another project says nothing.
func TestUnloading(t *testing.T) {
	snapshot := shop(t)
	read := grant("r", "isInGroups('readers')", "tpch.public.*")
	write := grant("w", "isInGroups('writers')", "tpch.public.*")
	write.Access = AccessWrite
	expired, staged := unloading("x", "true", true, "s3://old/x"), unloading("y", "true", true, "s3://old/y")
	expired.Expires, staged.Staged = "2020-01-01T00:00:00Z", true
	guard := SubscriptionPolicy{Name: "g", On: Selector{ColumnTags: []string{"PII"}}, Access: AccessUnload, Effect: SubscriptionGuardrail, Allow: Allow{When: "!isInGroups('contractors')"}}
	p := compile(t, Input{Version: 1, Snapshot: snapshot, Unload: UnloadSettings{Role: "default"}, Projects: []Project{{Name: "p", Sources: Selector{Tables: []string{"tpch.public.orders"}}}},
		Subscriptions: []SubscriptionPolicy{read, write, expired, staged, guard, unloading("u", "isInGroups('unloaders')", false, "s3://exports/sales/"), unloading("o", "isInGroups('owners')", true, "s3://exports/sales/own", "s3://exports/more")}})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		groups, to string
		overwrite  bool
		by         string
	}{
		{"readers unloaders", "s3://exports/sales/x", false, "u"}, {"readers unloaders", "s3://exports/sales/x", true, ""}, {"readers unloaders", "s3://exports/sales2/x", false, ""},
		{"readers owners", "s3://exports/sales/own/x", true, "o"}, {"readers owners", "s3://exports/sales/x", false, ""}, {"readers owners unloaders", "s3://exports/sales/x", false, "u"},
		{"readers owners unloaders", "s3://exports/sales/x", true, ""}, {"readers", "s3://exports/sales/x", false, ""}, {"writers", "s3://exports/sales/x", false, ""}, {"writers unloaders", "s3://exports/sales/x", false, "u"},
		{"unloaders", "s3://exports/sales/x", false, ""}, {"readers unloaders contractors", "s3://exports/sales/x", false, ""}, {"readers", "s3://old/x/x", false, ""}, {"readers", "s3://old/y/x", false, ""},
	} {
		who := person("ann", strings.Fields(c.groups)...)
		d := p.Decide(BindPrincipal(who).At(now), []Want{{Table: tableOf(t, snapshot, "customer")}})[0]
		if by, ok := d.UnloadTo(c.to, c.overwrite); by != c.by || ok != (c.by != "") {
			t.Errorf("%s to %s (overwriting: %t): %q, want %q", c.groups, c.to, c.overwrite, by, c.by)
		}
		if reads := strings.Contains(c.groups, "readers") || strings.Contains(c.groups, "writers"); d.Allowed != reads {
			t.Errorf("%s: reads %t", c.groups, d.Allowed)
		}
		through := p.Decide(BindPrincipal(who).At(now), []Want{{Table: tableOf(t, snapshot, "customer"), Through: true}})[0]
		if barred := strings.Contains(c.groups, "contractors"); through.UnloadBarred != barred {
			t.Errorf("%s: through a view it is barred: %t", c.groups, through.UnloadBarred)
		}
		if d := p.Decide(BindPrincipal(who).At(now), []Want{{Table: tableOf(t, snapshot, "orders")}})[0]; len(d.Unloads) > 0 {
			t.Errorf("%s may unload orders", c.groups)
		}
	}
	if p.Unload().Role != "default" {
		t.Error("the program has no role")
	}
	if _, ok := (&Decision{}).UnloadTo("s3://bucket/x", false); ok {
		t.Error("the zero decision lets somebody unload")
	}
	trace := p.Trace(BindPrincipal(person("ann", "unloaders", "contractors")).At(now), Want{Table: tableOf(t, snapshot, "customer")})
	steps := 0
	for _, s := range trace.Steps {
		if s.Unloading {
			steps++
		}
	}
	if steps != 4 || trace.Decision.Allowed {
		t.Errorf("%d steps of the trace are about unloading: %+v", steps, trace.Steps)
	}
}

// TestUnloadingTogether holds what an equalized project leaves: the places that all of its members may unload to.
func TestUnloadingTogether(t *testing.T) {
	folder := func(text string) S3Folder {
		f, err := ParseS3Folder(text)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	a := []Unloading{{folder("s3://one"), true, "a"}, {folder("s3://two/x"), false, "a"}}
	b := []Unloading{{folder("s3://one/y"), false, "b"}, {folder("s3://two/x"), true, "b"}, {folder("s3://two/xx"), true, "b"}}
	var shown []string
	for _, u := range bothUnload(a, b) {
		if u.Overwrite {
			t.Errorf("%s is overwritten", u.To)
		}
		shown = append(shown, u.To.String())
	}
	if got := strings.Join(shown, " "); got != "s3://one/y s3://two/x" {
		t.Error(got)
	}
}

// TestUnloadingRefused holds the mistakes of policies on unloading, each by its words.
func TestUnloadingRefused(t *testing.T) {
	snapshot := shop(t)
	for want, change := range map[string]func(*SubscriptionPolicy){
		"unload.to names 1 to":            func(s *SubscriptionPolicy) { s.Unload = nil },
		"unload.to names":                 func(s *SubscriptionPolicy) { s.Unload = &Unload{} },
		"does not begin with s3://":       func(s *SubscriptionPolicy) { s.Unload.To = []string{"gs://bucket/x"} },
		`a part of it is ".."`:            func(s *SubscriptionPolicy) { s.Unload.To = []string{"s3://bucket/.."} },
		"`unload` is of access: unload":   func(s *SubscriptionPolicy) { s.Access = AccessRead },
		"`unload` is of grants":           func(s *SubscriptionPolicy) { s.Effect = SubscriptionGuardrail },
		"privileges narrow access: write": func(s *SubscriptionPolicy) { s.Privileges = []Privilege{PrivilegeInsert} },
		"must be read, write or unload":   func(s *SubscriptionPolicy) { s.Access, s.Unload = "export", nil },
	} {
		s := unloading("u", "true", false, "s3://bucket/x")
		change(&s)
		_, _, err := Compile(Input{Version: 1, Snapshot: snapshot, Unload: UnloadSettings{Role: "default"}, Subscriptions: []SubscriptionPolicy{s}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	_, warnings, err := Compile(Input{Version: 1, Snapshot: snapshot, Subscriptions: []SubscriptionPolicy{unloading("u", "true", false, "s3://bucket/x")}})
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0].Message, "unload.role") {
		t.Errorf("%v %v", warnings, err)
	}
}

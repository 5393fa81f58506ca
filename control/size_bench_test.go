package control

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// The size that the goals are set for.
const (
	bigSources  = 5000
	bigColumns  = 40
	bigPolicies = 2000
	bigUsers    = 20_000

	publishGoal = 5 * time.Second
	memoryGoal  = 1 << 30 // bytes
)

// bigResources is the text of all resources of a large company: sources in 100 areas, every eighth column tagged, policies
// of every kind by tag, people in groups and regions with stored verifiers.
func bigResources(sources, policies, users int) string {
	var b strings.Builder
	b.WriteString("kind: Connection\nname: big\nengine: postgres\nhost: 127.0.0.1\nport: 5432\ndatabase: big\nuser: postern\npassword: {env: BIG_PASSWORD}\n")
	for i := range sources {
		fmt.Fprintf(&b, "---\nkind: Source\nname: big.s%d.t%d\ntags: [Area.A%d]\ncolumns:\n", i%20, i, i%100)
		for j := 0; j < bigColumns; j += 8 {
			fmt.Fprintf(&b, "  c%d: {tags: [PII.P%d]}\n", j, (i+j)%50)
		}
	}
	for i := range users {
		fmt.Fprintf(&b, "---\nkind: User\nname: u%d\ngroups: [g%d, g%d, g%d]\nattributes: {region: [r%d, r%d], level: [l%d]}\nverifier: {env: BIG_VERIFIER}\n",
			i, i%300, (i*7)%300, (i*16)%300, i%50, (i*3)%50, i%7)
	}
	for i := range policies {
		bigPolicy(&b, i)
	}
	return b.String()
}

// bigPolicy writes one policy: a quarter of them give access, a quarter filter rows, the rest mask.
func bigPolicy(b *strings.Builder, i int) {
	except := fmt.Sprintf("isInGroups('g%d') || hasAttribute('level', 'l%d')", i%300, i%7)
	area, tag := i/4%100, i/4%50
	switch i % 4 {
	case 0:
		fmt.Fprintf(b, "---\nkind: SubscriptionPolicy\nname: p%d\non: {tags: [Area.A%d]}\naccess: read\neffect: grant\nallow: {when: \"isInGroups('g%d')\"}\n", i, area, i%300)
	case 1:
		fmt.Fprintf(b, "---\nkind: DataPolicy\nname: p%d\non: {tags: [Area.A%d]}\nrules:\n  - rows: \"@attributeValuesContains('region', c1)\"\n    exceptFor: \"%s\"\n", i, area, except)
	case 2:
		fmt.Fprintf(b, "---\nkind: DataPolicy\nname: p%d\non: {columnTags: [PII.P%d]}\nrules:\n  - mask: {columnTags: [PII.P%d], regex: {pattern: \"[0-9]\", replace: \"*\"}}\n    exceptFor: \"%s\"\n", i, tag, tag, except)
	default:
		fmt.Fprintf(b, "---\nkind: DataPolicy\nname: p%d\non: {columnTags: [PII.P%d]}\nrules:\n  - mask: {columnTags: [PII.P%d], \"null\": true}\n    exceptFor: \"%s\"\n", i, tag, tag, except)
	}
}

// bigCrawl stands in for a warehouse of that size.
func bigCrawl(sources int) crawlFunc {
	var tables []*catalog.Table
	for i := range sources {
		t := &catalog.Table{OID: uint32(i + 1), Schema: fmt.Sprintf("s%d", i%20), Name: fmt.Sprintf("t%d", i), Kind: catalog.KindTable}
		for j := range bigColumns {
			t.Columns = append(t.Columns, catalog.Column{Name: fmt.Sprintf("c%d", j), Number: int16(j + 1), Type: "character varying(40)", Category: 'S'})
		}
		tables = append(tables, t)
	}
	return func(context.Context, warehouse.Config, []string) (crawled, error) {
		return crawled{tables: tables}, nil
	}
}

// acceptAll stands in for a warehouse that accepts every query.
func acceptAll(_ context.Context, _ warehouse.Config, queries []string) ([]error, error) {
	return make([]error, len(queries)), nil
}

// bigPublisher publishes nothing yet; set is what it is to publish.
func bigPublisher(b *testing.B, sources, policies, users int) (*Publisher, func() *resource.Set) {
	b.Helper()
	v, err := identity.NewVerifier("correct horse", identity.DefaultIterations, strings.NewReader(strings.Repeat("salt", 16)))
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv("BIG_PASSWORD", "pw")
	b.Setenv("BIG_VERIFIER", v.String())
	file := filepath.Join(b.TempDir(), "all.yaml")
	if err := os.WriteFile(file, []byte(bigResources(sources, policies, users)), 0o600); err != nil {
		b.Fatal(err)
	}
	p, err := NewPublisher(Config{Log: slog.New(slog.DiscardHandler), crawl: bigCrawl(sources), try: acceptAll})
	if err != nil {
		b.Fatal(err)
	}
	return p, func() *resource.Set {
		set, err := resource.Load([]string{file})
		if err != nil {
			b.Fatal(err)
		}
		return set
	}
}

// BenchmarkPublish is everything between the parsed resources and the program in force. The first publication has nothing
// to start from; the second is what a revocation waits for.
func BenchmarkPublish(b *testing.B) {
	p, set := bigPublisher(b, bigSources, bigPolicies, bigUsers)
	parsed := set()
	cpu := processor()
	for b.Loop() {
		if _, err := p.Publish(b.Context(), parsed); err != nil {
			b.Fatal(err)
		}
	}
	seconds := (processor() - cpu).Seconds() / float64(b.N)
	b.ReportMetric(seconds, "cpu-s/op")
	if seconds > publishGoal.Seconds() {
		b.Errorf("publishing takes %.1f s of processor time, the goal is %s", seconds, publishGoal)
	}
}

// BenchmarkLoadResources is the reading of the resource files.
func BenchmarkLoadResources(b *testing.B) {
	_, set := bigPublisher(b, bigSources, bigPolicies, bigUsers)
	cpu := processor()
	for b.Loop() {
		set()
	}
	b.ReportMetric((processor()-cpu).Seconds()/float64(b.N), "cpu-s/op")
}

// BenchmarkMemory reports what a published generation of that size holds, and what the process had from the system at the
// peak of publishing it twice, the old generation still in force.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		p, set := bigPublisher(b, bigSources, bigPolicies, bigUsers)
		for range 2 {
			if _, err := p.Publish(b.Context(), set()); err != nil {
				b.Fatal(err)
			}
		}
		g := p.Current()
		var after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc)/(1<<20), "MiB-live")
		b.ReportMetric(float64(peak())/(1<<20), "MiB-peak-rss")
		if peak() > memoryGoal {
			b.Errorf("%d bytes at the peak, the goal is %d", peak(), memoryGoal)
		}
		decideSome(b, g)
		runtime.KeepAlive(p)
	}
}

// decideSome asks once, so that what was measured is known to work.
func decideSome(b *testing.B, g *Generation) {
	b.Helper()
	program, _ := g.Program("big")
	who, err := g.Principal("u1")
	if err != nil {
		b.Fatal(err)
	}
	allowed := 0
	for _, t := range program.Snapshot().Tables() {
		if program.Decide(policy.BindPrincipal(who), []policy.Want{{Table: t}})[0].Allowed {
			allowed++
		}
	}
	if allowed == 0 || allowed == bigSources {
		b.Fatalf("%d sources are open: the policies decide nothing", allowed)
	}
}

// processor is the time that this process had of all processors, which does not depend on what else the machine does.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that this process had, in bytes (Linux counts in KiB, getrusage(2)).
func peak() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Maxrss << 10
}

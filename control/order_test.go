package control

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
)

// TestOrderOfFilesNeverMatters: the same resources, in any order and spread over any files, decide the same for everybody.
func TestOrderOfFilesNeverMatters(t *testing.T) {
	v, err := identity.NewVerifier("pw", identity.DefaultIterations, strings.NewReader(strings.Repeat("salt", 16)))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BIG_PASSWORD", "pw")
	t.Setenv("BIG_VERIFIER", v.String())
	documents := strings.Split(bigResources(100, 400, 20), "---\n")
	want := decideEverything(t, documents, 100)
	if allowed := strings.Count(fmt.Sprint(want), ":true "); allowed == 0 {
		t.Fatal("nobody may see anything")
	}
	t.Logf("%d documents in 12 orders, %d people", len(documents), len(want))
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
		if diff := cmp.Diff(want, decideEverything(t, documents, 1+random.IntN(300))); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

// decideEverything publishes documents, some a file, and says what everybody may see of each source.
func decideEverything(t *testing.T, documents []string, perFile int) map[string]string {
	t.Helper()
	folder := t.TempDir()
	for i := 0; i < len(documents); i += perFile {
		part := strings.Join(documents[i:min(i+perFile, len(documents))], "---\n")
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.yaml", i)), []byte(part), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := resource.Load([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPublisher(Config{Log: slog.New(slog.DiscardHandler), crawl: bigCrawl(100), try: acceptAll})
	if err != nil {
		t.Fatal(err)
	}
	g, err := p.Publish(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	program, _ := g.Program("big")
	out := map[string]string{}
	for _, user := range g.Users() {
		who, err := g.Principal(user)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range program.Snapshot().Tables() {
			d := program.Decide(policy.BindPrincipal(who), []policy.Want{{Table: table}})[0]
			var masks []string
			for _, c := range d.Columns {
				masks = append(masks, fmt.Sprintf("%s=%v %s %v", c.Column.Name, c.Kind, c.Policy, c.Mask))
			}
			out[user+" "+table.QualifiedName()] = fmt.Sprint(d.Allowed, " ", d.Filter, " ", masks, " ", d.Because)
		}
	}
	return out
}

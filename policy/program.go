package policy

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/posternsql/postern/catalog"
)

// Input is what a Program is made of.
type Input struct {
	// Version of the policies; larger is newer.
	Version uint64
	// Snapshot has tags, Registered and Reviewed already set from the Source resources.
	Snapshot      *catalog.Snapshot
	Subscriptions []SubscriptionPolicy
	Data          []DataPolicy
	// Approvals let people in where a subscription policy asks for approval.
	Approvals []Approved
	// Projects that people may act in.
	Projects []Project
	// Sandboxes are the schemas in which people may make tables; no two have one schema.
	Sandboxes []Sandbox
	// Unload is what the warehouse needs to write to S3.
	Unload UnloadSettings
	// KnownTags are in use outside of this snapshot, in other connections: a policy may name them although nothing here
	// carries them.
	KnownTags []string
}

// Program is all policies compiled against one catalog snapshot. It is immutable and safe for concurrent use.
type Program struct {
	version  uint64
	snapshot *catalog.Snapshot
	tables   map[*catalog.Table]*tableProgram
	projects map[string]*projectProgram
	// sandboxes by schema.
	sandboxes map[string]Sandbox
	// owners are who has one.
	owners map[string]bool
	// conditions of all rules, sorted by text.
	conditions []*condition
	// tolerances are the different latency tolerances of the sources, sorted.
	tolerances []time.Duration
	unload     UnloadSettings
	// groups that conditions and rules ask about.
	groups groupsAsked
	cache  *lru.Cache[decisionKey, remembered]
	// made tells one compilation from another.
	made *compilation
}

// compilation is nothing but another one than all others.
type compilation struct{ _ byte }

// Again is the program under another version, where nothing else has changed of what it was compiled from. It decides the same. It remembers no decisions of the
// other one, but what conditions say of people.
func (p *Program) Again(version uint64) *Program {
	q := *p
	q.version = version
	// The size is a constant that is more than 0: that is all that could fail.
	q.cache, _ = lru.New[decisionKey, remembered](decisionCacheSize)
	return &q
}

// Same reports that one of two programs is the other Again: they decide the same on the same sources.
func (p *Program) Same(q *Program) bool {
	return p != nil && q != nil && p.made != nil && p.made == q.made
}

// Version of the policies that the program was compiled from.
func (p *Program) Version() uint64 { return p.version }

// Snapshot that the program was compiled against.
func (p *Program) Snapshot() *catalog.Snapshot { return p.snapshot }

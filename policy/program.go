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
	// groups that conditions and rules ask about.
	groups groupsAsked
	cache  *lru.Cache[decisionKey, remembered]
}

// Version of the policies that the program was compiled from.
func (p *Program) Version() uint64 { return p.version }

// Snapshot that the program was compiled against.
func (p *Program) Snapshot() *catalog.Snapshot { return p.snapshot }

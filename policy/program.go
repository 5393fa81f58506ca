package policy

import (
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/identity"
)

// Input is what a Program is made of.
type Input struct {
	// Version of the policies; larger is newer.
	Version uint64
	// Snapshot has tags, Registered and Reviewed already set from the Source resources.
	Snapshot      *catalog.Snapshot
	Subscriptions []SubscriptionPolicy
	Data          []DataPolicy
}

// Program is all policies compiled against one catalog snapshot. It is immutable and safe for concurrent use.
type Program struct {
	version  uint64
	snapshot *catalog.Snapshot
}

// Version of the policies that the program was compiled from.
func (p *Program) Version() uint64 { return p.version }

// Snapshot that the program was compiled against.
func (p *Program) Snapshot() *catalog.Snapshot { return p.snapshot }

// Binding is what is known of the person when a decision is made. The zero value is nobody and is denied everything.
type Binding struct {
	principal identity.Principal
}

// BindPrincipal binds a person of whom everything is known: decisions hold columns and literals only.
func BindPrincipal(p identity.Principal) Binding { return Binding{principal: p} }

// Compile checks all policies against the snapshot and returns the program, or every mistake at once as Errors.
func Compile(in Input) (*Program, []Warning, error) {
	return &Program{version: in.Version, snapshot: in.Snapshot}, nil, nil
}

// Decide answers for each wanted source, in the same order. Decisions are shared: callers must not change what they
// point to.
func (p *Program) Decide(b Binding, wants []Want) []Decision {
	out := make([]Decision, len(wants))
	for i, w := range wants {
		out[i].Table = w.Table
	}
	return out
}

package policy

import (
	"fmt"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/posternsql/postern/identity"
)

// verdictPeople bounds the people of whom a program remembers what its conditions say: of 2,000 conditions, 8 kB each.
const verdictPeople = 1024

// verdicts remembers what the conditions of one program say of people: many sources ask the same. A condition is a function of the
// principal's Key alone.
type verdicts struct {
	// conditions is how many there are; it is set before anybody is asked about.
	conditions int
	people     *lru.Cache[string, *verdict]
	// last is whom the last question was about; the questions of a statement are all about one.
	last atomic.Pointer[verdict]
}

// verdict has an entry for each condition: 0 where it was not asked, else one of the three below.
type verdict struct {
	key  string
	said []atomic.Uint32
}

const (
	saidTrue uint32 = iota + 1
	saidFalse
	saidNothing
)

func newVerdicts() (*verdicts, error) {
	people, err := lru.New[string, *verdict](verdictPeople)
	if err != nil {
		return nil, fmt.Errorf("making the memory of conditions: %w", err)
	}
	return &verdicts{people: people}, nil
}

// of is where a condition's answer about a person stands; nil where there is no place for it.
func (v *verdicts) of(p identity.Principal, condition int) *atomic.Uint32 {
	if v == nil || condition >= v.conditions {
		return nil
	}
	key := p.Key()
	known := v.last.Load()
	if known == nil || known.key != key {
		var ok bool
		if known, ok = v.people.Get(key); !ok {
			known = &verdict{key: key, said: make([]atomic.Uint32, v.conditions)}
			v.people.Add(key, known)
		}
		v.last.Store(known)
	}
	return &known.said[condition]
}

// ask evaluates the condition, once for each person.
func (c *condition) ask(p identity.Principal) uint32 {
	place := c.memory.of(p, c.number)
	if place != nil {
		if said := place.Load(); said != 0 {
			return said
		}
	}
	said := saidNothing
	if value, ok := c.evaluate(p); ok {
		said = saidFalse
		if value {
			said = saidTrue
		}
	}
	if place != nil {
		place.Store(said)
	}
	return said
}

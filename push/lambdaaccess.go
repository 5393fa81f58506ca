package push

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/lambda"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// LambdaInput is what the access document of a Redshift's keyed functions follows from (docs/lambda.md).
type LambdaInput struct {
	// Version is that of what is published. A function that has read one takes none with a smaller version.
	Version int64
	Program *policy.Program
	// People have accounts of the warehouse's own, and read stored views; nobody where none are kept.
	People []Person
	// Service is the account with which the proxy asks for everybody; "" where there is none. Domains are those that it may use besides: they are asked for before
	// a policy that names them can be published.
	Service string
	Domains []string
	// Clusters are the ARNs that may ask, or what clusters call themselves.
	Clusters []string
	// Keys is what the names of the keys in Secrets Manager begin with. The domain's name follows.
	Keys string
	// Now decides what has expired.
	Now time.Time
}

// LambdaAccess works out who may have what masked, and until when that holds; zero is until something is published. It is pure.
//
// A domain's functions are for whoever may read a source whose stored view calls them: also for who is excepted from the mask, because it is not known that the
// warehouse never calls a function in an arm of CASE that it does not take. Nobody is let to turn tokens back: that is `postern reveal`, which asks the policies.
func LambdaAccess(in LambdaInput) (*lambda.Access, time.Time, error) {
	if in.Program == nil {
		return nil, time.Time{}, fmt.Errorf("working out who may have what masked: nothing is published")
	}
	w := lambdaWork{in: in, readers: map[string][]string{}, domains: map[string]map[string]bool{}}
	if in.Service != "" {
		for _, domain := range in.Domains {
			w.domains[domain] = map[string]bool{in.Service: true}
		}
	}
	for _, t := range in.Program.Snapshot().Tables() {
		if t.Registered && !t.Held {
			w.source(t)
		}
	}
	access, err := w.access()
	return access, w.until, err
}

// FirstLambdaAccess is the document before anything is published: the proxy's account may use the domains, and nobody else any.
func FirstLambdaAccess(in LambdaInput) (*lambda.Access, error) {
	w := lambdaWork{in: in, domains: map[string]map[string]bool{}}
	for _, domain := range in.Domains {
		w.domains[domain] = map[string]bool{in.Service: true}
	}
	return w.access()
}

// access is the document of what was collected.
func (w *lambdaWork) access() (*lambda.Access, error) {
	in := w.in
	out := &lambda.Access{Version: in.Version, Clusters: slices.Clone(in.Clusters), Audiences: map[string][]string{}, Domains: map[string]lambda.DomainAccess{}}
	names := map[string]string{}
	for _, domain := range slices.Sorted(maps.Keys(w.domains)) {
		people := slices.Sorted(maps.Keys(w.domains[domain]))
		same := strings.Join(people, "\x00")
		if names[same] == "" {
			names[same] = fmt.Sprintf("readers%d", len(names)+1)
			out.Audiences[names[same]] = people
		}
		out.Domains[domain] = lambda.DomainAccess{Key: in.Keys + domain, Mask: []string{names[same]}, Reveal: []string{}}
	}
	if _, err := out.Document(); err != nil {
		return nil, fmt.Errorf("working out who may have what masked: %w", err)
	}
	return out, nil
}

// lambdaWork collects the accounts of each token domain.
type lambdaWork struct {
	in LambdaInput
	// readers are the accounts to whom sources of an access class are open.
	readers map[string][]string
	domains map[string]map[string]bool
	until   time.Time
}

// source lets its readers have masked what its view calls.
func (w *lambdaWork) source(t *catalog.Table) {
	want := []policy.Want{{Table: t}}
	d := w.in.Program.Decide(policy.BindDeferred().At(w.in.Now), want)[0]
	w.ends(d.ValidUntil)
	access, ok := w.in.Program.AccessOf(t)
	called := calledDomains(&d)
	if !ok || !d.Allowed || len(called) == 0 {
		return
	}
	readers, known := w.readers[access.Key]
	if !known {
		readers = w.open(want)
		w.readers[access.Key] = readers
	}
	for _, domain := range called {
		if w.domains[domain] == nil {
			w.domains[domain] = map[string]bool{}
		}
		if w.in.Service != "" {
			w.domains[domain][w.in.Service] = true
		}
		for _, account := range readers {
			w.domains[domain][account] = true
		}
	}
}

// open are the accounts of those who may read it. An account that is said to be two people's is nobody's.
func (w *lambdaWork) open(want []policy.Want) (out []string) {
	owners := map[string]int{}
	for _, p := range w.in.People {
		owners[p.Account]++
	}
	for _, p := range w.in.People {
		if p.Principal.IsZero() || p.Principal.Exempt() || p.Account == "" || owners[p.Account] > 1 {
			continue
		}
		d := w.in.Program.Decide(policy.BindPrincipal(p.Principal).At(w.in.Now), want)[0]
		w.ends(d.ValidUntil)
		if d.Allowed {
			out = append(out, p.Account)
		}
	}
	// Redshift names who logged in, whomever they act for.
	open := make(map[string]bool, len(out))
	for _, account := range out {
		open[account] = true
	}
	for _, p := range w.in.People {
		if !open[p.Account] && owners[p.Account] == 1 && slices.ContainsFunc(p.MayActAs, func(a string) bool { return open[a] }) {
			out = append(out, p.Account)
		}
	}
	return out
}

func (w *lambdaWork) ends(at time.Time) {
	if !at.IsZero() && (w.until.IsZero() || at.Before(w.until)) {
		w.until = at
	}
}

// calledDomains are the token domains whose functions a decision calls.
func calledDomains(d *policy.Decision) []string {
	found := map[string]bool{}
	look := func(e expr.Expr) {
		if k, ok := e.(expr.Keyed); ok {
			found[k.Domain] = true
		}
	}
	expr.Walk(d.Filter, look)
	for _, c := range d.Columns {
		expr.Walk(c.Mask, look)
	}
	return slices.Sorted(maps.Keys(found))
}

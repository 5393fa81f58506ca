package policy

import "cmp"

// Domains lists the token domains that a rule names, DefaultDomain where it names none.
func (r Rule) Domains() (out []string) {
	add := func(name string) { out = append(out, cmp.Or(name, DefaultDomain)) }
	for _, m := range r.masks() {
		switch {
		case m.Randomized != nil:
			add(m.Randomized.Domain)
		case m.Hash != nil:
			add(m.Hash.Domain)
		case m.Reversible != nil:
			add(m.Reversible.Domain)
		case m.FormatPreserving != nil:
			add(m.FormatPreserving.Domain)
		}
	}
	if r.Sample != nil {
		add(r.Sample.Domain)
	}
	if r.Otherwise != nil && r.Otherwise.Sample != nil {
		add(r.Otherwise.Sample.Domain)
	}
	return out
}

// Ciphers reports a rule whose masks a warehouse can compute with a cipher only, and not with a hash.
func (r Rule) Ciphers() bool {
	for _, m := range r.masks() {
		if m.Reversible != nil || m.FormatPreserving != nil {
			return true
		}
	}
	return false
}

// masks are the rule's own and that of the others.
func (r Rule) masks() (out []*Mask) {
	if r.Mask != nil {
		out = append(out, r.Mask)
	}
	if r.Otherwise != nil && r.Otherwise.Mask != nil {
		out = append(out, r.Otherwise.Mask)
	}
	return out
}

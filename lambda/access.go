package lambda

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// MaxAccessBytes bounds an access document, unpacked.
const MaxAccessBytes = 8 << 20

// Access says who may have what computed. The zero value lets nobody.
type Access struct {
	// Version grows with each change.
	Version int64 `json:"version"`
	// Clusters are the ARNs, or what the clusters call themselves in their requests, that may ask.
	Clusters []string `json:"clusters"`
	// Audiences are sets of people by name, as their current_user says; letter by letter.
	Audiences map[string][]string `json:"audiences"`
	// Domains are the token domains by name.
	Domains map[string]DomainAccess `json:"domains"`

	// members is Audiences, looked up.
	members map[string]map[string]bool
}

// DomainAccess says who may use a token domain.
type DomainAccess struct {
	// Key names where the key is kept.
	Key string `json:"key"`
	// Mask are the audiences who see masked values: for them values are masked.
	Mask []string `json:"mask"`
	// Reveal are the audiences for whom masked values are turned back. They may mask, too.
	Reveal []string `json:"reveal"`
}

// ParseAccess reads an access document: JSON, or gzip of it. All mistakes are reported at once.
func ParseAccess(document []byte) (*Access, error) {
	document, err := unpack(document)
	if err != nil {
		return nil, fmt.Errorf("reading the access document: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	var a Access
	if err := decoder.Decode(&a); err != nil {
		return nil, fmt.Errorf("reading the access document: %w", err)
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("checking the access document: %w", err)
	}
	a.members = make(map[string]map[string]bool, len(a.Audiences))
	for name, people := range a.Audiences {
		a.members[name] = make(map[string]bool, len(people))
		for _, p := range people {
			a.members[name][p] = true
		}
	}
	return &a, nil
}

func unpack(document []byte) ([]byte, error) {
	if !bytes.HasPrefix(document, []byte{0x1f, 0x8b}) {
		if len(document) > MaxAccessBytes {
			return nil, fmt.Errorf("it is larger than %d bytes", MaxAccessBytes)
		}
		return document, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, MaxAccessBytes+1))
	if err == nil && len(out) > MaxAccessBytes {
		err = fmt.Errorf("it is larger than %d bytes", MaxAccessBytes)
	}
	return out, err
}

func (a *Access) check() error {
	var mistakes []error
	if a.Version < 1 {
		mistakes = append(mistakes, errors.New("version is not above 0"))
	}
	if len(a.Clusters) == 0 || slices.Contains(a.Clusters, "") {
		mistakes = append(mistakes, errors.New("clusters names no cluster, or an empty one"))
	}
	for name, people := range a.Audiences {
		if name == "" || slices.Contains(people, "") {
			mistakes = append(mistakes, fmt.Errorf("audience %q or a person of it has no name", name))
		}
	}
	for name, d := range a.Domains {
		if name == "" || d.Key == "" {
			mistakes = append(mistakes, fmt.Errorf("domain %q has no name or no key", name))
		}
		for _, audience := range slices.Concat(d.Mask, d.Reveal) {
			if _, ok := a.Audiences[audience]; !ok {
				mistakes = append(mistakes, fmt.Errorf("domain %q names audience %q, which is not there", name, audience))
			}
		}
	}
	return errors.Join(mistakes...)
}

// allows reports whether the person may use the domain in this way.
func (a *Access) allows(cluster, user, domain string, reveal bool) bool {
	d, ok := a.Domains[domain]
	if !ok || !slices.Contains(a.Clusters, cluster) {
		return false
	}
	in := func(audiences []string) bool {
		return slices.ContainsFunc(audiences, func(name string) bool { return a.members[name][user] })
	}
	return in(d.Reveal) || !reveal && in(d.Mask)
}

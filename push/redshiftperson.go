package push

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/posternsql/postern/sqlgen"
)

// unstorable stands for text that the warehouse cannot hold: it equals nothing there, but it is a value, which a rule may negate.
const unstorable = "\x00"

// marked has every value, those that the warehouse cannot hold as unstorable.
func marked(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		if out[i] = v; !storable(v) {
			out[i] = unstorable
		}
	}
	return out
}

// profile: lists have a bound there, and a person of whom more is known does not fit.
func (redshift) profile(d *desirer, p Person) (Profile, error) {
	who := p.Principal
	attributes := map[string][]string{}
	for _, name := range who.AttributeNames() {
		if storable(name) && len(who.Attribute(name)) > 0 {
			attributes[name] = marked(who.Attribute(name))
			slices.Sort(attributes[name])
		}
	}
	flags := d.flagsOf(who)
	object, err := json.Marshal(attributes)
	if err != nil {
		return Profile{}, fmt.Errorf("printing the attributes of %s: %w", who.User(), err)
	}
	out := Profile{Account: p.Account, User: who.User(), Project: who.Project(), Groups: marked(who.Groups()), Purposes: marked(who.Purposes()),
		Attributes: string(object), Flags: marked(flags), Tables: d.open(p.Account), Audiences: d.admitting(p.Account), ActsAs: d.actsAs(p)}
	_, _, err = out.redshiftRows()
	return out, err
}

// redshiftRows are the rows of a profile.
func (p Profile) redshiftRows() (sqlgen.RedshiftProfile, []sqlgen.RedshiftEntitlement, error) {
	attributes := map[string][]string{}
	if err := json.Unmarshal([]byte(p.Attributes), &attributes); err != nil {
		return sqlgen.RedshiftProfile{}, nil, fmt.Errorf("reading the attributes of %s: %w", p.User, err)
	}
	return sqlgen.NewRedshiftProfile(sqlgen.RedshiftPerson{Account: p.Account, User: p.User, Project: p.Project, Groups: p.Groups, Purposes: p.Purposes,
		Attributes: attributes, Flags: p.Flags, Tables: p.Tables, Audiences: p.Audiences, ActsAs: p.ActsAs})
}

// profile reads what is kept of people. What is not exactly what one of ours would be has no user, and is written anew.
func (c *rsCrawler) profile() {
	if !c.out.facts.prepared {
		return
	}
	rows := map[string][]sqlgen.RedshiftEntitlement{}
	c.each("SELECT account, kind, name, value FROM postern_system.entitlement ORDER BY account, kind, name, value", nil, func(v []string) {
		rows[v[0]] = append(rows[v[0]], sqlgen.RedshiftEntitlement{Kind: v[1], Name: v[2], Value: v[3]})
	})
	c.each("SELECT account, user_name, project, groups, purposes, attributes, flags FROM postern_system.profile", nil, func(v []string) {
		p, err := readProfile(v, rows[v[0]])
		if _, twice := c.out.Profile[v[0]]; twice || err != nil {
			p = Profile{Account: v[0]}
		}
		c.out.Profile[v[0]] = p
		delete(rows, v[0])
	})
	for account := range rows {
		if _, known := c.out.Profile[account]; !known {
			c.out.Profile[account] = Profile{Account: account}
		}
	}
}

var errNotOurs = errors.New("it is not as it was written")

// readProfile is the profile whose rows these are.
func readProfile(v []string, rows []sqlgen.RedshiftEntitlement) (Profile, error) {
	p := Profile{Account: v[0], User: v[1], Project: v[2]}
	for i, into := range map[int]*[]string{3: &p.Groups, 4: &p.Purposes, 6: &p.Flags} {
		values, ok := readList(v[i])
		if !ok {
			return p, errNotOurs
		}
		*into = values
	}
	attributes, ok := readPairs(v[5])
	if !ok {
		return p, errNotOurs
	}
	object, err := json.Marshal(attributes)
	if err != nil {
		return p, err
	}
	p.Attributes = string(object)
	for _, row := range rows {
		if row.Kind == sqlgen.RedshiftKindTable {
			p.Tables = append(p.Tables, row.Value)
		}
		if row.Kind == sqlgen.RedshiftKindAudience {
			p.Audiences = append(p.Audiences, row.Value)
		}
		if row.Kind == sqlgen.RedshiftKindActAs {
			p.ActsAs = append(p.ActsAs, row.Value)
		}
	}
	slices.Sort(p.Tables)
	slices.Sort(p.Audiences)
	slices.Sort(p.ActsAs)
	row, all, err := p.redshiftRows()
	if err != nil {
		return p, err
	}
	order := func(a, b sqlgen.RedshiftEntitlement) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	}
	slices.SortFunc(all, order)
	slices.SortFunc(rows, order)
	if !slices.Equal(row.Values(), v) || !slices.Equal(all, rows) {
		return p, errNotOurs
	}
	return p, nil
}

// readList is sqlgen.RedshiftList the other way round.
func readList(text string) ([]string, bool) {
	out := []string{}
	for text != "" {
		item, rest, found := strings.Cut(text, "%;")
		value, ok := readItem(item)
		if !found || !ok {
			return nil, false
		}
		out, text = append(out, value), rest
	}
	return out, true
}

func readItem(item string) (string, bool) {
	if item == "%x" {
		return unstorable, true
	}
	item, is := strings.CutPrefix(item, "%v")
	value, blanks, found := strings.Cut(item, "%e")
	n, err := strconv.Atoi(blanks)
	if !is || !found || err != nil || n < 0 || n > sqlgen.RedshiftMaxList {
		return "", false
	}
	return strings.ReplaceAll(value, "%25", "%") + strings.Repeat(" ", n), true
}

// readPairs reads the attributes, which have %n and the name before each value.
func readPairs(text string) (map[string][]string, bool) {
	out := map[string][]string{}
	for text != "" {
		item, rest, found := strings.Cut(text, "%;")
		named, is := strings.CutPrefix(item, "%n")
		at := strings.Index(named, "%v")
		if at < 0 {
			at = strings.Index(named, "%x")
		}
		if !found || !is || at < 0 {
			return nil, false
		}
		value, ok := readItem(named[at:])
		if !ok {
			return nil, false
		}
		name := strings.ReplaceAll(named[:at], "%25", "%")
		out[name], text = append(out[name], value), rest
	}
	for name := range maps.Keys(out) {
		slices.Sort(out[name])
	}
	return out, true
}

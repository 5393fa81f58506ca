package push

import (
	"strconv"
	"strings"

	"github.com/posternsql/postern/sqlgen"
)

// The bounds of the items of one call: as many as the procedures count, and the bytes of a parameter.
const (
	maxItems     = 1000
	maxItemBytes = 65_000
)

// The bounds of a call that writes many people. Finding an item reads the text up to it, which is why texts are shorter than they could be.
const (
	maxTogether      = 100
	maxTogetherBytes = 20_000
)

// item is one as redshiftProcedures have it.
func item(fields ...string) string {
	for i, f := range fields {
		fields[i] = strings.ReplaceAll(f, "%", "%25")
	}
	return strings.Join(fields, "%,") + "%;"
}

// items puts entitlements into texts that one call takes each. The first is there even where it is empty.
func items(rows []sqlgen.RedshiftEntitlement) []string {
	out, n := []string{""}, 0
	for _, row := range rows {
		one := item(row.Values()...)
		if last := len(out) - 1; n == maxItems || len(out[last])+len(one) > maxItemBytes {
			out, n = append(out, ""), 0
		}
		out[len(out)-1] += one
		n++
	}
	return out
}

// together are people whom one call writes, or takes the profiles of.
type together struct {
	accounts      []string
	people, items strings.Builder
	count         int
}

// add says whether a person fits; people and rows are what it adds to the parameters, with so many items in the latter.
func (t *together) add(account, people, rows string, count int) bool {
	if len(t.accounts) == maxTogether || t.people.Len()+len(people) > maxTogetherBytes || t.items.Len()+len(rows) > maxTogetherBytes || t.count+count > maxItems {
		return false
	}
	t.accounts, t.count = append(t.accounts, account), t.count+count
	t.people.WriteString(people)
	t.items.WriteString(rows)
	return true
}

// profiles writes people by as few calls as they fit into. One alone, and one of whom much is known, has calls of their own.
func (r redshift) profiles(rows []Profile) (out []Statement) {
	var unwritable []string
	now, last := &together{}, 0
	flush := func() {
		switch len(now.accounts) {
		case 0:
		case 1:
			out = append(out, r.put(rows[last])...)
		default:
			out = append(out, Statement{SQL: "CALL postern_procedures.put_profiles($1, $2)", Params: []string{now.people.String(), now.items.String()}, Note: noteOf(now.accounts), Hazards: []Hazard{WidensAccess}, locks: locksOfStatement})
		}
		now = &together{}
	}
	for i, p := range rows {
		row, entitlements, err := p.redshiftRows()
		if err != nil {
			// It was tried when what should be there was worked out; who cannot be written has no profile.
			unwritable = append(unwritable, p.Account)
			continue
		}
		people, all := item(row.Values()...), ""
		for _, e := range entitlements {
			all += item(append([]string{p.Account}, e.Values()...)...)
		}
		for !now.add(p.Account, people, all, len(entitlements)) {
			if len(now.accounts) == 0 {
				out = append(out, r.put(p)...)
				break
			}
			flush()
		}
		if n := len(now.accounts); n > 0 && now.accounts[n-1] == p.Account {
			last = i
		}
	}
	flush()
	return append(r.gone(unwritable), out...)
}

// put writes one person by a call; one with very many entitlements takes more.
func (redshift) put(p Profile) (out []Statement) {
	row, entitlements, err := p.redshiftRows()
	if err != nil {
		return redshift{}.gone([]string{p.Account})
	}
	all := items(entitlements)
	note := "the profile of " + p.Account
	out = append(out, Statement{SQL: "CALL postern_procedures.put_profile($1, $2, $3, $4, $5, $6, $7, $8)", Params: append(row.Values(), all[0]), Note: note, Hazards: []Hazard{WidensAccess}, locks: locksOfStatement})
	for _, more := range all[1:] {
		out = append(out, Statement{SQL: "CALL postern_procedures.add_entitlements($1, $2)", Params: []string{p.Account, more}, Note: note + ", what did not fit into one call", Hazards: []Hazard{WidensAccess}, locks: locksOfStatement})
	}
	return out
}

func (redshift) gone(accounts []string) (out []Statement) {
	now := &together{}
	flush := func() {
		switch len(now.accounts) {
		case 0:
		case 1:
			out = append(out, Statement{SQL: "CALL postern_procedures.drop_profile($1)", Params: now.accounts, Note: noteOf(now.accounts), locks: locksOfStatement})
		default:
			out = append(out, Statement{SQL: "CALL postern_procedures.drop_profiles($1)", Params: []string{now.people.String()}, Note: noteOf(now.accounts), locks: locksOfStatement})
		}
		now = &together{}
	}
	for _, a := range accounts {
		if !now.add(a, item(a), "", 0) {
			flush()
			now.add(a, item(a), "", 0) // no name is longer than a parameter
		}
	}
	flush()
	return out
}

func noteOf(accounts []string) string {
	if len(accounts) == 1 {
		return "the profile of " + accounts[0]
	}
	return "the profiles of " + strconv.Itoa(len(accounts)) + " people: " + listed(accounts)
}

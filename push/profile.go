package push

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// profiles adds the profile, and the role, of each person to whom anything is open, and the roles of groups.
func (d *desirer) profiles() {
	reach := map[string]bool{}
	for m := range d.out.Members {
		reach[m.Account] = true
	}
	for _, p := range d.governed {
		if !reach[p.Account] {
			continue
		}
		row, err := d.dialect.profile(d, p)
		if err != nil {
			d.find(Blocked, p.Principal.User(), err.Error()+": it has no profile, and sees nothing")
			continue
		}
		d.out.Profile[p.Account] = row
		d.out.Roles[p.Account] = Role{Kind: RolePerson, Comment: d.comment("a person's own role")}
	}
	d.groups()
}

// stored keeps what the warehouse can hold. Other text equals nothing that it holds, so that leaving it out changes no answer.
func stored(values []string) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if storable(v) {
			out = append(out, v)
		}
	}
	return slices.Clip(out)
}

func storable(v string) bool { return utf8.ValidString(v) && !strings.ContainsRune(v, 0) }

// jsonList reads an array of strings that the server printed; nil for anything else.
func jsonList(text string) (out []string) {
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil
	}
	return out
}

package push

import (
	"maps"
	"slices"
)

// IAM says whose accounts log in by AWS IAM, which RDS and Aurora have by a role: who is a member of it logs in with a token of IAM's, and with no
// password any more (Amazon RDS User Guide, "Creating a database account using IAM authentication").
type IAM string

const (
	// IAMNone are nobody's.
	IAMNone IAM = "none"
	// IAMMade are those of the roles that Postern makes.
	IAMMade IAM = "made"
	// IAMAll are those of all people to whom anything is open, also where somebody else made the role.
	IAMAll IAM = "all"
)

// iamRole is the role that RDS and Aurora have for that. It holds nothing.
const iamRole = "rds_iam"

// ledgerIAM is the kind of the ledger's entries of accounts that we made members of it.
const ledgerIAM = "iam"

// logins finds who is to become a member of iamRole, and who is no more. What others did is theirs.
func (d *difference) logins() {
	wanted := map[string]bool{}
	for name, r := range d.want.Roles {
		_, made := d.have.ledger[ledgerKey{string(RolePerson), "", name}]
		if r.Kind == RolePerson && (d.settings.IAM == IAMAll || d.settings.IAM == IAMMade && (made || slices.Contains(d.newRoles, name))) {
			wanted[name] = true
		}
	}
	_, there := d.have.Server[iamRole]
	if len(wanted) > 0 && !there {
		d.find(NotGiven, "log-in by IAM", "the server has no role "+iamRole+": people log in as they did; it is there on RDS and Aurora")
	}
	var ask []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		_, noted := d.have.ledger[ledgerKey{ledgerIAM, "", name}]
		switch in := slices.Contains(d.have.memberships[name], iamRole); {
		case !there, in:
		case !d.admits():
			ask = append(ask, name)
		case noted && d.driftedLogin(name):
		default:
			d.login = append(d.login, name)
		}
	}
	if len(ask) > 0 {
		d.ask("GRANT " + iamRole + " TO " + identList(ask))
		d.find(NotGiven, "log-in by IAM", "role "+d.settings.SystemRole+" may not make "+listed(ask)+" members of "+iamRole+": the plan's script is for a database administrator")
	}
	for key := range d.have.ledger {
		if key.kind == ledgerIAM && !wanted[key.name] {
			d.logout = append(d.logout, key.name)
		}
	}
	slices.Sort(d.logout)
}

// admits reports that we may make others members of iamRole. To be given its ADMIN option would make us members ourselves, who log in with a password.
func (d *difference) admits() bool {
	return d.have.Server[iamRole].administered || d.have.facts.version < 160000 && d.have.facts.createRole
}

func (d *difference) driftedLogin(account string) (left bool) {
	left = d.leaves()
	d.drifted("role "+account, "somebody ended its membership of "+iamRole, false, left, []string{iamRole}, []string{account})
	return left
}

// logouts ends log-ins by IAM: who is no member any more needs a password.
func (d *difference) logouts() (out []Statement) {
	for _, name := range d.logout {
		if slices.Contains(d.have.memberships[name], iamRole) && d.admits() {
			out = append(out, Statement{SQL: "REVOKE " + iamRole + " FROM " + ident(name), locks: locksOfStatement})
		}
		out = append(out, Statement{SQL: d.say().forget(ledgerIAM, "", name), locks: locksOfStatement})
	}
	return out
}

// giveLogins has people log in by IAM.
func (d *difference) giveLogins() (out []Statement) {
	if len(d.login) == 0 {
		return nil
	}
	for group := range slices.Chunk(d.login, mergedObjects) {
		out = append(out, Statement{SQL: d.say().join(d, iamRole, group), Hazards: []Hazard{WidensAccess}, locks: locksOfStatement})
	}
	for _, name := range d.login {
		for _, sql := range d.say().remember(ledgerIAM, "", name, "", "") {
			out = append(out, Statement{SQL: sql, locks: locksOfStatement})
		}
	}
	return out
}

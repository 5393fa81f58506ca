package push

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/posternsql/postern/sqlgen"
)

// Admission is a role and a view, or a table with row policies, that admits those who are in it.
//
// A grant says the same, and a warehouse does not ask for grants in the snapshot in which it reads the profile. What holds of people, which of our roles are theirs, and what admits these
// roles is therefore in rows, too: one commit changes all of it at once for every statement, whatever the statement was allowed to do, and sqlgen.Admission has views and row policies ask for it.
// An admission comes and goes with the grant of which it is the other half.
type Admission struct {
	At   Relation
	Role string
}

// admissionTables are what PostgreSQL keeps of it. What admits a person shows nothing but their own.
const admissionTables = `ALTER TABLE postern_system.profile ADD COLUMN audiences name[] NOT NULL DEFAULT '{}';
CREATE TABLE postern_system.admission (
    schema name NOT NULL,
    name name NOT NULL,
    role name NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (schema, name, role)
);
CREATE VIEW postern_system.user_admission WITH (security_barrier) AS
    SELECT a.schema, a.name, a.digest FROM postern_system.admission AS a
    WHERE a.role OPERATOR(pg_catalog.=) ANY ((SELECT p.audiences FROM postern_system.profile AS p WHERE p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[]);
REVOKE ALL ON postern_system.admission, postern_system.user_admission FROM PUBLIC`

// to is the question that a view or a row policy asks: digest stands for what it says beside.
func (at Relation) to(digest string, writers ...sqlgen.Writer) sqlgen.Admission {
	return sqlgen.Admission{Schema: at.Schema, Name: at.Name, Digest: digest, Writers: writers}
}

// admits has a role admit those who are in it, to whom a source is open.
func (d *desirer) admits(role string, accounts []string) {
	if d.admitted[role] {
		return
	}
	d.admitted[role] = true
	for _, a := range accounts {
		d.audiencesOf[a] = append(d.audiencesOf[a], role)
	}
}

// admitting are the roles that admit an account, sorted.
func (d *desirer) admitting(account string) []string {
	out := slices.Clone(d.audiencesOf[account])
	slices.Sort(out)
	return append([]string{}, out...)
}

// admissions works out which should be there: one for each role that holds a grant on what admits it.
func (d *difference) admissions() {
	for g := range d.want.Grants {
		if g.Object.Kind != ObjectTable {
			continue
		}
		at := Relation{g.Object.Schema, g.Object.Name}
		if digest, admits := d.want.Views[at].Admits[g.Role]; admits {
			d.want.Admitted[Admission{at, g.Role}] = digest
		}
		for _, p := range d.chosen[at].Policies {
			if p.Admits != "" && p.Roles[0] == g.Role {
				d.want.Admitted[Admission{at, g.Role}] = p.Admits
			}
		}
	}
}

// dismissed are the admissions that are taken away first; changed are the objects of which nobody may read anything meanwhile. Those to a view that somebody dropped, and that is left so, stay
// with its entry: nothing asks for them.
func (d *difference) dismissed(changed map[Object]bool) (out []Admission) {
	for a, have := range d.have.Admitted {
		if _, there := d.have.Views[a.At]; d.kept[a.At] && !there {
			continue
		}
		if want, wanted := d.want.Admitted[a]; !wanted || want != have || changed[a.object()] {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, compareAdmissions)
	return out
}

// admitted are those that are given, again those of what changed.
func (d *difference) admitted(changed map[Object]bool, stuck map[Relation]bool) []Admission {
	out := maps.Clone(d.want.Admitted)
	maps.DeleteFunc(out, func(a Admission, want string) bool {
		have, there := d.have.Admitted[a]
		return stuck[a.At] || there && have == want && !changed[a.object()]
	})
	return slices.SortedFunc(maps.Keys(out), compareAdmissions)
}

func (a Admission) object() Object { return Object{ObjectTable, a.At.Schema, a.At.Name} }

func compareAdmissions(a, b Admission) int {
	return cmp.Or(compareRelations(a.At, b.At), cmp.Compare(a.Role, b.Role))
}

// admissionsAtOnce bounds the rows of one statement.
const admissionsAtOnce = 500

// storedAdmission is a row as a parameter has it.
type storedAdmission struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Digest string `json:"digest"`
}

func (postgres) dismiss(all []Admission) (out []Statement) {
	return admissionStatements(all, nil, "DELETE FROM postern_system.admission AS a USING pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name) "+
		"WHERE a.schema = r.schema AND a.name = r.name AND a.role = r.role", "no longer admitted")
}

func (postgres) admit(all []Admission, digests map[Admission]string) (out []Statement) {
	return admissionStatements(all, digests, "INSERT INTO postern_system.admission (schema, name, role, digest) "+
		"SELECT r.schema, r.name, r.role, r.digest FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS r (schema name, name name, role name, digest text) "+
		"ON CONFLICT (schema, name, role) DO UPDATE SET digest = EXCLUDED.digest", "admitted")
}

func admissionStatements(all []Admission, digests map[Admission]string, sql, word string) (out []Statement) {
	for chunk := range slices.Chunk(all, admissionsAtOnce) {
		rows, names := make([]storedAdmission, len(chunk)), make([]string, len(chunk))
		for i, a := range chunk {
			rows[i] = storedAdmission{a.At.Schema, a.At.Name, a.Role, digests[a]}
			names[i] = a.Role + " to " + a.At.String()
		}
		param, err := json.Marshal(rows)
		if err != nil {
			// Strings can be printed; an empty parameter makes the statement fail.
			param = nil
		}
		st := Statement{SQL: sql, Params: []string{string(param)}, Note: word + ": " + listed(names), locks: locksOfStatement, admits: true}
		if digests != nil {
			st.Hazards = []Hazard{WidensAccess}
		}
		out = append(out, st)
	}
	return out
}

func (c *crawler) admissions() {
	if !c.out.facts.admits {
		return
	}
	c.each("SELECT schema, name, role, digest FROM postern_system.admission", nil, func(v []string) {
		c.out.Admitted[Admission{Relation{v[0], v[1]}, v[2]}] = v[3]
	})
}

// driftedAdmissions tells of admissions that are not as this process left them. They are Postern's own, and always put right.
func (d *difference) driftedAdmissions(last *Actual) {
	var changed []string
	for a, is := range d.have.Admitted {
		if was, before := last.Admitted[a]; !before || was != is {
			changed = append(changed, a.Role+" to "+a.At.String())
		}
	}
	for a := range last.Admitted {
		if _, now := d.have.Admitted[a]; !now {
			changed = append(changed, a.Role+" to "+a.At.String())
		}
	}
	if len(changed) == 0 {
		return
	}
	slices.Sort(changed)
	d.tell(Finding{Kind: Drifted, Object: "table postern_system.admission", Wider: true,
		Detail: "wider than the policies say, perhaps: somebody changed " + strings.Join(changed[:min(10, len(changed))], ", ") + "; it is put right"}, [][]string{{"admission"}})
}

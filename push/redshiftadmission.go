package push

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posternsql/postern/sqlgen"
)

// redshiftAdmissionTables are what a Redshift keeps of who is admitted to what. That a person is in a role stands among the entitlements.
func redshiftAdmissionTables() []string {
	columns := sqlgen.RedshiftAdmissionColumns()
	columns = append(columns, sqlgen.RedshiftColumn{Name: "role_name", Type: columns[0].Type})
	return []string{"CREATE TABLE postern_system.admission (\n" + redshiftColumns(columns) + "\n) DISTSTYLE ALL SORTKEY (view_schema, view_name)"}
}

// redshiftUserAdmission is the query of view user_admission: what admits the one as whom the session acts.
func redshiftUserAdmission() string {
	return singleLine(`SELECT "to"."view_schema", "to"."view_name", "to"."digest"
FROM "$system"."admission" AS "to" JOIN "$system"."user_entitlement" AS "by" ON "by"."kind" = '` + sqlgen.RedshiftKindAudience + `' AND "by"."value" = "to"."role_name"`)
}

// redshiftAdmissionsAtOnce bounds the rows of one statement.
const redshiftAdmissionsAtOnce = 100

// dismiss: nothing is unique there, so that what is admitted anew is dismissed first.
func (redshift) dismiss(all []Admission) (out []Statement) {
	for chunk := range slices.Chunk(all, redshiftAdmissionsAtOnce) {
		rows := make([]string, len(chunk))
		for i, a := range chunk {
			rows[i] = fmt.Sprintf("(view_schema = %s AND view_name = %s AND role_name = %s)", rsText(a.At.Schema), rsText(a.At.Name), rsText(a.Role))
		}
		out = append(out, Statement{SQL: "DELETE FROM postern_system.admission WHERE " + strings.Join(rows, " OR "), locks: locksOfStatement, admits: true})
	}
	return out
}

func (redshift) admit(all []Admission, digests map[Admission]string) (out []Statement) {
	for chunk := range slices.Chunk(all, redshiftAdmissionsAtOnce) {
		rows := make([]string, len(chunk))
		for i, a := range chunk {
			rows[i] = fmt.Sprintf("(%s, %s, %s, %s)", rsText(a.At.Schema), rsText(a.At.Name), rsText(digests[a]), rsText(a.Role))
		}
		out = append(out, Statement{SQL: "INSERT INTO postern_system.admission (view_schema, view_name, digest, role_name) VALUES " + strings.Join(rows, ", "), Hazards: []Hazard{WidensAccess}, locks: locksOfStatement, admits: true})
	}
	return out
}

// admissions: one that is there twice counts as none, and is written anew.
func (c *rsCrawler) admissions() {
	if !c.out.facts.admits {
		return
	}
	c.each("SELECT view_schema, view_name, role_name, digest FROM postern_system.admission", nil, func(v []string) {
		a := Admission{Relation{v[0], v[1]}, v[2]}
		if _, twice := c.out.Admitted[a]; twice {
			v[3] = ""
		}
		c.out.Admitted[a] = v[3]
	})
}

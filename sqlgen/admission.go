package sqlgen

import (
	"errors"
	"fmt"
	"slices"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
)

// Admission is what a stored view, or a row policy, asks before it shows anything: whether the person is admitted to it as it now stands.
//
// A warehouse checks privileges, and takes views and row policies, as they are when a statement comes to run. Rows come from the statement's snapshot, which may be older, and at
// the instant of a commit newer; the profile is rows. Who may read what, and by which definition, is therefore kept in rows, too, and asked for in the same snapshot: what a statement
// shows is what held when its snapshot was taken, or nothing.
//
// On PostgreSQL a view asks, with its owner's rights, what is behind the profile, and a row policy, with the rights of who reads the table, a view of what admits the person:
//
//	postern_system.admission (schema name, name name, role name, digest text)
//	postern_system.profile (account name, audiences name[], …)
//	postern_system.user_admission (schema name, name name, digest text)
//
// and on Redshift a view asks RedshiftAdmissionView, with RedshiftAdmissionColumns. Who is admitted has a profile.
type Admission struct {
	// Schema and Name are those of the view, or of the table that has the row policy.
	Schema, Name string
	// Digest stands for what the view or the policy says, but for the question itself.
	Digest string
	// Writers are those who may write through the view.
	Writers []Writer
}

// Writer is a role that may write through a view. Whoever has it must be admitted by its digest, too: a view cannot tell why it is read.
type Writer struct{ Role, Digest string }

const (
	admissionView  = systemSchema + ".user_admission"
	admissionTable = systemSchema + ".admission"
	admissionAlias = "postern_a"
	// admittingRoles is a list that depends on nothing, so that no join is planned.
	admittingRoles = "(SELECT postern_p.audiences FROM " + systemSchema + ".profile AS postern_p WHERE postern_p.account OPERATOR(pg_catalog.=) CURRENT_USER)::name[]"
)

// AdmittedView is StoredView with the question of an Admission.
func (d Dialect) AdmittedView(dec *policy.Decision, a Admission) (View, error) {
	if err := a.valid(); err != nil {
		return View{}, err
	}
	return d.storedView(dec, &a)
}

// AdmittedRowPolicy is RowPolicy with the question of an Admission.
func (d Dialect) AdmittedRowPolicy(t *catalog.Table, a Admission, conditions ...expr.Expr) (string, error) {
	if err := a.valid(); err != nil {
		return "", err
	}
	if len(a.Writers) > 0 {
		return "", errors.New("printing a row policy with roles that write: each command has its own")
	}
	conditions = slices.Clone(conditions)
	for i, e := range conditions {
		conditions[i] = ofAdmitted(e)
	}
	condition, err := d.RowPolicy(t, conditions...)
	if err != nil {
		return "", err
	}
	p := &printer{table: &expr.Name{Schema: t.Schema, Name: t.Name}}
	p.admitted(a)
	if condition != "true" {
		p.put(" AND " + condition)
	}
	return p.b.String(), p.err
}

func (a Admission) valid() error {
	if a.Schema == "" || a.Name == "" || a.Digest == "" {
		return fmt.Errorf("printing an admission to %q.%q by digest %q: something of it is missing", a.Schema, a.Name, a.Digest)
	}
	return nil
}

// ofAdmitted is a filter where the person is admitted, and so is known; nil where nothing is left of it.
func ofAdmitted(filter expr.Expr) expr.Expr {
	switch v := filter.(type) { //nolint:gochecksumtype // the others are no conjunctions
	case expr.KnownPerson:
		return nil
	case expr.And:
		v.Args = slices.DeleteFunc(slices.Clone(v.Args), func(e expr.Expr) bool { _, known := e.(expr.KnownPerson); return known })
		if len(v.Args) == 0 {
			return nil
		}
		return v
	}
	return filter
}

// admitted depends on nothing, so that the server asks it once a query, and before it reads a row.
func (p *printer) admitted(a Admission) {
	p.admittedBy(a, a.Digest)
	for _, w := range a.Writers {
		p.put(" AND (NOT pg_catalog.pg_has_role(")
		p.quoted(w.Role)
		p.put("::name, 'USAGE'::text) OR ")
		p.admittedBy(a, w.Digest)
		p.put(")")
	}
}

func (p *printer) admittedBy(a Admission, digest string) {
	from := admissionTable
	if p.table != nil {
		from = admissionView
	}
	p.put("EXISTS (SELECT FROM " + from + " AS " + admissionAlias + " WHERE " + admissionAlias + ".schema OPERATOR(pg_catalog.=) ")
	p.quoted(a.Schema)
	p.put("::name AND " + admissionAlias + ".name OPERATOR(pg_catalog.=) ")
	p.quoted(a.Name)
	p.put("::name AND " + admissionAlias + ".digest OPERATOR(pg_catalog.=) ")
	p.typed(digest)
	if p.table == nil {
		p.put(" AND " + admissionAlias + ".role OPERATOR(pg_catalog.=) ANY (" + admittingRoles + ")")
	}
	p.put(")")
}

// admitted is what the profile's relation has beside the profile: the one row by which the person is admitted. Who is admitted by two is admitted by none, since the relation has one row.
func (r *redshift) admitted(a Admission) string {
	if len(a.Writers) > 0 {
		r.refuse("a view that can be written to")
		return ""
	}
	const alias = `"` + admissionAlias + `"`
	return `, "` + RedshiftSystemSchema + `"."` + RedshiftAdmissionView + `" AS ` + alias + " WHERE ((" + alias + `."view_schema" = ` + r.text(a.Schema).sql + ") AND (" +
		alias + `."view_name" = ` + r.text(a.Name).sql + ") AND (" + alias + `."digest" = ` + r.text(a.Digest).sql + "))"
}

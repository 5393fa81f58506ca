package sqlgen

import (
	"errors"
	"fmt"

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
// On PostgreSQL it is asked of a view whose rows are those to which the person is admitted by one of their audiences:
//
//	postern_system.user_admission (schema name, name name, digest text)
//
// and on Redshift of RedshiftAdmissionView, with RedshiftAdmissionColumns.
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
	admissionAlias = "postern_a"
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
	condition, err := d.RowPolicy(t, conditions...)
	if err != nil {
		return "", err
	}
	p := &printer{}
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
	p.put("EXISTS (SELECT FROM " + admissionView + " AS " + admissionAlias + " WHERE " + admissionAlias + ".schema OPERATOR(pg_catalog.=) ")
	p.quoted(a.Schema)
	p.put("::name AND " + admissionAlias + ".name OPERATOR(pg_catalog.=) ")
	p.quoted(a.Name)
	p.put("::name AND " + admissionAlias + ".digest OPERATOR(pg_catalog.=) ")
	p.typed(digest)
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

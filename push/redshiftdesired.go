package push

import (
	"errors"
	"fmt"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// validate: names in quotes are folded, too, and there are no row policies of ours.
func (r redshift) validate(set Settings) error {
	var mistakes []error
	for what, name := range map[string]string{"schema prefix": set.SchemaPrefix, "role prefix": set.RolePrefix} {
		if r.folds(name) {
			mistakes = append(mistakes, fmt.Errorf("the %s %q: Redshift folds names to lower case", what, name))
		}
	}
	if set.Enforce == EnforceRowSecurity {
		mistakes = append(mistakes, fmt.Errorf("enforce %s: on Redshift there are views only", set.Enforce))
	}
	return errors.Join(mistakes...)
}

// one: text is compared without the blanks at its end, and a database may be made not to tell capitals apart.
func (redshift) one(account string) string { return strings.ToLower(strings.TrimRight(account, " ")) }

// account refuses what no statement could name, or comparisons would take for another.
func (redshift) account(name string) error {
	if strings.HasSuffix(name, " ") || strings.Contains(name, `\`) || strings.HasPrefix(name, groupKind) || strings.HasPrefix(name, roleKind) || strings.HasPrefix(name, userKind) {
		return errors.New("no account has such a name")
	}
	return nil
}

// folds: quotes keep no capitals, and a backslash is an escape.
func (redshift) folds(name string) bool {
	return strings.ToLower(name) != name || strings.Contains(name, `\`)
}

// stored is bound to nothing where the source is outside the database: no other view may read that.
func (r redshift) stored(t *catalog.Table, at Relation, dec *policy.Decision) (View, string, error) {
	bare, err := r.printer().StoredView(dec)
	if err != nil {
		return View{}, "", err
	}
	core := digest(bare.SQL)
	printed, err := r.printer().AdmittedView(dec, at.to(core))
	late := t.Kind == catalog.KindForeignTable
	return View{SQL: printed.SQL, Late: late, Digest: digest(fmt.Sprint(late, "\x00", printed.SQL))}, core, err
}

// functionsSchema has the functions of masks, which are the Lambda's.
const functionsSchema = "postern_functions"

// keyed is empty for what is built in.
func (r redshift) keyed(f expr.KeyedFunc) string {
	if r.builtin {
		return ""
	}
	const text = "character varying"
	switch f {
	case expr.KeyedHash:
		return "keyed_hash(" + text + ", " + text + ")"
	case expr.KeyedDraw:
		return "keyed_draw(" + text + ", " + text + ")"
	case expr.KeyedProtect:
		return "protect(" + text + ", " + text + ")"
	case expr.KeyedFormatPreserving:
		return "format_preserving(" + text + ", " + text + ", " + text + ")"
	}
	return fmt.Sprintf("unknown_%d()", f)
}

func (redshift) called(d *desirer, role string, functions []string) {
	for _, f := range functions {
		d.grant(Object{ObjectSchema, functionsSchema, ""}, "USAGE", role, "")
		d.grant(Object{ObjectFunction, functionsSchema, f}, "EXECUTE", role, "")
	}
}

func (redshift) guarantee(d *desirer, t *catalog.Table, dec *policy.Decision, functions []string) {
	name := t.Schema + "." + t.Name
	g := sqlgen.RedshiftGuaranteeOf(dec)
	native := "; Redshift's own policies could say all of it, and none is made"
	for _, err := range []error{g.RowSecurity, g.Masking} {
		if err != nil {
			native = "; Redshift's own policies could not say it: " + err.Error()
		}
	}
	switch g.Guarantee {
	case sqlgen.GuaranteeResults:
		d.find(Guarantee, name, "rows are hidden from results, not from a determined prober: Redshift's views are no barrier, and what somebody computes of a column may run on rows that the view then hides; the proxy answers without"+native)
	case sqlgen.GuaranteeValues:
		d.find(Guarantee, name, "values are masked or left out by the view, which is all that a reader can compute with; it hides no rows"+native)
	case sqlgen.GuaranteeWhole, "":
	}
	if len(functions) > 0 {
		d.find(Guarantee, name, "who reads it may call "+strings.Join(functions, ", ")+" themselves, and compare what that makes of values that they guess; the Lambda says for whom it answers")
	}
}

// rules: nobody can write through a view.
func (redshift) rules(d *desirer, t *catalog.Table, _ *policy.Decision, access policy.AccessClass, who *audience, _ int) {
	if len(access.Privileges) > 0 && len(who.writers) > 0 && !d.in.Settings.ReadOnly {
		d.find(NotGiven, t.Schema+"."+t.Name, "writing: Redshift has no views that can be written to, and the table has rules that writing to it would pass by; people write through the proxy")
	}
}

// privilege: only SELECT and UPDATE are known by column.
func (redshift) privilege(d *desirer, t *catalog.Table, w policy.Privilege, who *audience) (privilege string, byColumn bool) {
	if w == policy.PrivilegeTruncate {
		if len(who.writers[w]) > 0 && !d.in.Settings.ReadOnly {
			d.find(NotGiven, t.Schema+"."+t.Name, "emptying: TRUNCATE commits what a transaction did before it, and is not given; people may DELETE")
		}
		return "", false
	}
	privilege, byColumn = nativePrivilege(w)
	return privilege, byColumn && w == policy.PrivilegeUpdate
}

// paths: people name the schema of the views.
func (redshift) paths(*desirer) {}

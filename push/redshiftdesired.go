package push

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// one has the same answer for accounts that a warehouse could take for one. A Redshift compares text without the blanks at its end, and a database may be made
// not to tell capitals apart.
func (s Settings) one(account string) string {
	if !s.redshift() {
		return account
	}
	return strings.ToLower(strings.TrimRight(account, " "))
}

// redshiftAccount refuses an account that no statement could name, or that comparisons would take for another.
func redshiftAccount(account string) error {
	if strings.HasSuffix(account, " ") || strings.Contains(account, `\`) || strings.HasPrefix(account, groupKind) || strings.HasPrefix(account, roleKind) || strings.HasPrefix(account, userKind) {
		return errors.New("no account has such a name")
	}
	return nil
}

// redshiftView adds the guarded view of a source. It is bound to nothing where the source is outside the database: no other view may read that.
func (d *desirer) redshiftView(t *catalog.Table, dec *policy.Decision, reader string) error {
	printed, err := sqlgen.Redshift().StoredView(dec)
	if err != nil {
		return err
	}
	at := Relation{d.in.Settings.SchemaPrefix + t.Schema, t.Name}
	if checkName(at.Schema) != nil {
		return fmt.Errorf("the schema of the views of %s would be called %s, which is longer than %d bytes", t.Schema, at.Schema, maxNameBytes)
	}
	v := View{SQL: printed.SQL, Late: t.Kind == catalog.KindForeignTable}
	v.Digest = digest(fmt.Sprint(v.Late, "\x00", v.SQL))
	for _, c := range dec.Columns {
		v.Columns = append(v.Columns, ViewColumn{c.Column.Name, c.Column.Type})
	}
	look := func(e expr.Expr) {
		if k, ok := e.(expr.Keyed); ok {
			v.Functions = append(v.Functions, redshiftKeyed(k.Func))
		}
	}
	expr.Walk(dec.Filter, look)
	for _, c := range dec.Columns {
		expr.Walk(c.Mask, look)
	}
	slices.Sort(v.Functions)
	v.Functions = slices.Compact(v.Functions)
	d.out.Schemas[at.Schema] = true
	d.out.Views[at] = v
	d.grant(Object{ObjectSchema, at.Schema, ""}, "USAGE", reader, "")
	d.grant(Object{ObjectTable, at.Schema, at.Name}, "SELECT", reader, "")
	for _, f := range v.Functions {
		d.grant(Object{ObjectSchema, functionsSchema, ""}, "USAGE", reader, "")
		d.grant(Object{ObjectFunction, functionsSchema, f}, "EXECUTE", reader, "")
	}
	d.guarantee(t, dec, v.Functions)
	return nil
}

// functionsSchema has the functions of masks, which are the Lambda's.
const functionsSchema = "postern_functions"

// redshiftKeyed is a function of masks, with its argument types.
func redshiftKeyed(f expr.KeyedFunc) string {
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

// guarantee says what a view of a source keeps from whom, and what it does not.
func (d *desirer) guarantee(t *catalog.Table, dec *policy.Decision, functions []string) {
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

// redshiftWriting says what nobody can do through a view.
func (d *desirer) redshiftWriting(t *catalog.Table, access policy.AccessClass, who *audience) {
	if len(access.Privileges) > 0 && len(who.writers) > 0 && !d.in.Settings.ReadOnly {
		d.find(NotGiven, t.Schema+"."+t.Name, "writing: Redshift has no views that can be written to, and the table has rules that writing to it would pass by; people write through the proxy")
	}
}

// redshiftPrivilege is the privilege on a table that everybody sees as it is. Only SELECT and UPDATE are known by column there.
func (d *desirer) redshiftPrivilege(t *catalog.Table, w policy.Privilege, who *audience) (privilege string, byColumn bool) {
	if w == policy.PrivilegeTruncate {
		if len(who.writers[w]) > 0 && !d.in.Settings.ReadOnly {
			d.find(NotGiven, t.Schema+"."+t.Name, "emptying: TRUNCATE commits what a transaction did before it, and is not given; people may DELETE")
		}
		return "", false
	}
	privilege, byColumn = nativePrivilege(w)
	return privilege, byColumn && w == policy.PrivilegeUpdate
}

package push

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/posternsql/postern/sqlgen"
)

// rsIdent prints a name of ours or of a table, always in quotes.
func rsIdent(name string) string { return printedName(sqlgen.Redshift().Ident(name)) }

// rsAccount prints the name of a user, a group or a role of others. These keep their capitals in quotes.
func rsAccount(name string) string {
	if checkName(name) != nil || strings.Contains(name, `\`) {
		return `""`
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// rsText prints a string constant without a backslash, so that it reads alike under both rules for them.
func rsText(value string) string { return printedText(sqlgen.Redshift().Text(value)) }

func rsTexts(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = rsText(v)
	}
	return strings.Join(out, ", ")
}

func (r Relation) redshift() string { return rsIdent(r.Schema) + "." + rsIdent(r.Name) }

// Users, groups and roles are three kinds on Redshift, whose names do not meet. Where one stands for who has something, a user's name and that of a role of ours stand
// as they are, and the others behind their kind.
const (
	groupKind = "group "
	roleKind  = "role "
	userKind  = "user "
)

// grantee prints who is granted something.
func (redshift) grantee(d *difference, name string) string {
	if name == publicRole {
		return "PUBLIC"
	}
	for kind, word := range map[string]string{groupKind: "GROUP ", roleKind: "ROLE ", userKind: ""} {
		if rest, is := strings.CutPrefix(name, kind); is {
			return word + rsAccount(rest)
		}
	}
	if d.audience(name) {
		return "ROLE " + rsIdent(name)
	}
	return rsAccount(name)
}

// audience reports a role of ours, and not an account.
func (d *difference) audience(name string) bool {
	for _, roles := range []map[string]Role{d.want.Roles, d.have.Roles} {
		if r, there := roles[name]; there && r.Kind != RolePerson {
			return true
		}
	}
	for _, kind := range []RoleKind{RoleAudience, RoleGroup} {
		if _, known := d.have.ledger[ledgerKey{string(kind), "", name}]; known {
			return true
		}
	}
	return false
}

func (r redshift) grantees(d *difference, names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = r.grantee(d, n)
	}
	return strings.Join(out, ", ")
}

// role makes a role, or the account of a person who logs in by IAM or another identity provider: it has no password.
func (redshift) role(name string, r Role) []string {
	if r.Kind == RolePerson {
		return []string{"CREATE USER " + rsAccount(name) + " PASSWORD DISABLE"}
	}
	return []string{"CREATE ROLE " + rsIdent(name)}
}

func (redshift) schema(_ *difference, name string) []string {
	return []string{"CREATE SCHEMA IF NOT EXISTS " + rsIdent(name), "REVOKE ALL ON SCHEMA " + rsIdent(name) + " FROM PUBLIC"}
}

// dropRole drops what we made. A person's account is one only where the ledger says so.
func (redshift) dropRole(d *difference, name string) string {
	if _, person := d.have.ledger[ledgerKey{string(RolePerson), "", name}]; person {
		return "DROP USER IF EXISTS " + rsAccount(name)
	}
	return "DROP ROLE " + rsIdent(name)
}

func (redshift) dropSchema(name string) string { return "DROP SCHEMA IF EXISTS " + rsIdent(name) }

func (redshift) administer(name, system string) string {
	return "GRANT ROLE " + rsIdent(name) + " TO " + rsAccount(system) + " WITH ADMIN OPTION"
}

func (r redshift) join(d *difference, role string, accounts []string) string {
	return "GRANT ROLE " + rsIdent(role) + " TO " + r.grantees(d, accounts)
}

func (r redshift) leave(d *difference, role string, accounts []string) string {
	return "REVOKE ROLE " + rsIdent(role) + " FROM " + r.grantees(d, accounts)
}

func (r redshift) grant(d *difference, verb string, g Grant, all []Object, columns []string) string {
	privilege, to := g.Privilege, " TO "
	if verb == "REVOKE" {
		to = " FROM "
	}
	if len(columns) > 0 {
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = rsIdent(c)
		}
		privilege += " (" + strings.Join(names, ", ") + ")"
	}
	objects := make([]string, len(all))
	for i, o := range all {
		objects[i] = o.redshift()
	}
	return verb + " " + privilege + " ON " + string(g.Object.Kind) + " " + strings.Join(objects, ", ") + to + r.grantee(d, g.Role)
}

// redshift prints the object behind its kind.
func (o Object) redshift() string {
	switch o.Kind {
	case ObjectSchema:
		return rsIdent(o.Schema)
	case ObjectTable, ObjectSequence:
		return Relation{o.Schema, o.Name}.redshift()
	case ObjectFunction, ObjectProcedure:
		name, types, _ := strings.Cut(o.Name, "(")
		return rsIdent(o.Schema) + "." + rsIdent(name) + "(" + types
	}
	return "NOTHING"
}

func (redshift) remember(kind, schema, name, digest, mark string) []string {
	return []string{
		redshift{}.forget(kind, schema, name),
		fmt.Sprintf("INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES (%s, %s, %s, %s, %s)", rsText(kind), rsText(schema), rsText(name), rsText(digest), rsText(mark)),
	}
}

func (redshift) forget(kind, schema, name string) string {
	return fmt.Sprintf("DELETE FROM postern_system.ledger WHERE object_kind = %s AND object_schema = %s AND object_name = %s", rsText(kind), rsText(schema), rsText(name))
}

// replaceable: the guide says that the query "must generate the same list of columns with the same data types".
func (redshift) replaceable(have, want []ViewColumn) bool { return slices.Equal(have, want) }

func (redshift) dropView(at Relation, cascade bool) string {
	if cascade {
		return "DROP VIEW " + at.redshift() + " CASCADE"
	}
	return "DROP VIEW " + at.redshift()
}

func (redshift) view(at Relation, v View, replace bool) string {
	create, late := "CREATE VIEW ", ""
	if replace {
		create = "CREATE OR REPLACE VIEW "
	}
	if v.Late {
		late = "\n    WITH NO SCHEMA BINDING"
	}
	return create + at.redshift() + " AS\n    " + v.SQL + late
}

// rememberView puts on record what the view is as the server prints it: where that is otherwise later, somebody changed it. A late-binding view is planned
// first, because nothing else says that what it reads is there.
func (r redshift) rememberView(at Relation, v View) []Statement {
	ask := &asking{
		sql: "SELECT c.oid, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = " + rsText(at.Schema) + " AND c.relname = " + rsText(at.Name),
		params: func(rows [][]string) []string {
			if len(rows) != 1 {
				return []string{""}
			}
			return []string{viewMark(rows[0][0], rows[0][1])}
		},
	}
	out := []Statement{
		{SQL: r.forget("view", at.Schema, at.Name)},
		{SQL: fmt.Sprintf("INSERT INTO postern_system.ledger (object_kind, object_schema, object_name, digest, mark) VALUES ('view', %s, %s, %s, $1)", rsText(at.Schema), rsText(at.Name), rsText(v.Digest)),
			ask: ask, Note: "$1: the view's object identifier and the digest of its text, as the server has it"},
	}
	if v.Late {
		out = append([]Statement{{SQL: "SELECT 1 FROM " + at.redshift() + " LIMIT 0"}}, out...)
	}
	return out
}

// viewMark is what the ledger has of a view.
func viewMark(oid, text string) string {
	sum := sha256.Sum256([]byte(text))
	return oid + ":" + hex.EncodeToString(sum[:])
}

// settle keeps a baseline in parts, since no text is longer than 65,535 bytes.
func (r redshift) settle(set Settings, f *facts, state string) []Statement {
	out := append([]Statement{{SQL: "BEGIN"}}, r.opening(set, f, set.LockTimeout)...)
	out = append(out, Statement{SQL: "DELETE FROM postern_system.baseline"})
	for i, part := range pieces(state, maxPiece) {
		out = append(out, Statement{SQL: fmt.Sprintf("INSERT INTO postern_system.baseline (part, settled, state) VALUES (%d, true, $1)", i), Params: []string{part}})
	}
	out = append(out, Statement{SQL: "UPDATE postern_system.sync SET until = " + until(set) + " WHERE holder = '" + f.lease + "'", one: true})
	return append(out, Statement{SQL: "COMMIT"})
}

// maxPiece is the most bytes of a part of the baseline.
const maxPiece = 60_000

// pieces cuts text at the bounds of characters.
func pieces(text string, size int) (out []string) {
	for len(text) > size {
		at := size
		for at > 0 && text[at]&0xc0 == 0x80 {
			at--
		}
		out, text = append(out, text[:at]), text[at:]
	}
	return append(out, text)
}

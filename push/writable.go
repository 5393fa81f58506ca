package push

import (
	"maps"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

// The options of our views: those of the second kind can be written to, and take no row that they would not show.
const (
	barrier         = "security_barrier=true"
	writableBarrier = barrier + ",check_option=cascaded"
)

// options of the view, as the server keeps them.
func (v View) options() string {
	if v.Writable {
		return writableBarrier
	}
	return barrier
}

// writable has those who may write do so through the view, where the view can say exactly what the proxy does; else nobody may, and it is said why.
// TRUNCATE and COPY FROM know no views, and the proxy refuses them of a table with a row filter, too.
func (d *desirer) writable(t *catalog.Table, dec *policy.Decision, access policy.AccessClass, who *audience) {
	if len(access.Privileges) == 0 || d.in.Settings.ReadOnly {
		return
	}
	at := Relation{d.in.Settings.SchemaPrefix + t.Schema, t.Name}
	v, made := d.out.Views[at]
	if !made {
		return
	}
	bare, err := sqlgen.Postgres().WritableView(dec, access.Privileges)
	if err != nil {
		if len(who.writers) > 0 {
			d.find(NotGiven, t.Schema+"."+t.Name, "writing: "+err.Error())
		}
		return
	}
	core := digest(bare.SQL)
	reader := d.in.Settings.roleName(access.Key, "read")
	v.Admits = map[string]string{reader: core}
	var writers []sqlgen.Writer
	for _, w := range access.Privileges {
		privilege, _ := nativePrivilege(w)
		if privilege == "" || w == policy.PrivilegeTruncate {
			continue
		}
		role := d.role(access, string(w), writerWords(w, access))
		d.members(role, who.writers[w])
		d.grant(Object{ObjectSchema, at.Schema, ""}, "USAGE", role, "")
		d.grant(Object{ObjectTable, at.Schema, at.Name}, privilege, role, "")
		v.Admits[role] = digest(privilege + "\x00" + core)
		d.admits(role, who.writers[w])
		writers = append(writers, sqlgen.Writer{Role: role, Digest: v.Admits[role]})
	}
	printed, err := sqlgen.Postgres().AdmittedWritableView(dec, at.to(core, writers...), access.Privileges)
	if err != nil {
		d.find(Blocked, t.Schema+"."+t.Name, err.Error())
		maps.DeleteFunc(d.out.Grants, func(g Grant, _ Columns) bool { return g.Object == Object{ObjectTable, at.Schema, at.Name} })
		return
	}
	v.SQL, v.Writable, v.Digest = printed.SQL, true, digest(writableBarrier+"\x00"+printed.SQL)
	d.out.Views[at] = v
}

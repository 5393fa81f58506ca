package control

import "testing"

// TestRowSecurityWriting: a source with row rules may be written to where it has row policies, but for TRUNCATE, which knows none; with views only by one of INSERT and UPDATE.
func TestRowSecurityWriting(t *testing.T) {
	w := newWorld(t)
	p := w.publisher(nil)
	settings := func(enforce, more string) {
		w.write("push.yaml", "kind: PushSettings\nname: push\nconnection: tpch\nuser: postern_system\nenforce: "+enforce+"\n---\nkind: SubscriptionPolicy\nname: writers\n"+
			"on: {tables: [tpch.public.region]}\naccess: write\neffect: grant\nallow: {anyone: true}\n"+more+"---\nkind: DataPolicy\nname: regions\n"+
			"on: {tables: [tpch.public.region]}\nrules:\n  - rows: r_regionkey > 1\n")
	}
	settings("rowSecurity", "")
	w.refused(p, "push.yaml:1: PushSettings push: tpch.public.region has row rules, and may be emptied: TRUNCATE knows no rules")
	settings("rowSecurity", "privileges: [insert, update, delete]\n")
	w.publish(p)
	settings("views", "privileges: [insert, update, delete]\n")
	w.refused(p, "reaches hidden rows with ON CONFLICT DO UPDATE")
	// What looks rows up is enforced by a view, whatever is wished for.
	settings("rowSecurity", "privileges: [insert, update]\n")
	w.edit("push.yaml", "  - rows: r_regionkey > 1", "  - rows: r_regionkey IN (SELECT n_regionkey FROM public.nation)")
	w.refused(p, "reaches hidden rows with ON CONFLICT DO UPDATE")
}

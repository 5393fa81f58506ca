package push

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

func (postgres) validate(set Settings) error {
	if set.Impersonation {
		return errors.New("impersonation: on PostgreSQL people act as others through the proxy only")
	}
	return nil
}

func (postgres) account(string) error { return nil }

func (postgres) one(account string) string { return account }

func (postgres) folds(string) bool { return false }

func (postgres) profile(d *desirer, p Person) (Profile, error) {
	attributes := map[string][]string{}
	for _, name := range p.Principal.AttributeNames() {
		if storable(name) {
			attributes[name] = stored(p.Principal.Attribute(name))
		}
	}
	flags := d.flagsOf(p.Principal)
	// Keys of a map are printed sorted.
	object, err := json.Marshal(attributes)
	if err != nil {
		return Profile{}, fmt.Errorf("printing the attributes of %s: %w", p.Principal.User(), err)
	}
	return Profile{
		Account: p.Account, User: p.Principal.User(), Groups: stored(p.Principal.Groups()), Purposes: stored(p.Principal.Purposes()),
		Attributes: string(object), Flags: stored(flags), Audiences: d.admitting(p.Account),
	}, nil
}

func (postgres) stored(_ *catalog.Table, at Relation, dec *policy.Decision) (View, string, error) {
	bare, err := sqlgen.Postgres().StoredView(dec)
	if err != nil {
		return View{}, "", err
	}
	core := digest(bare.SQL)
	printed, err := sqlgen.Postgres().AdmittedView(dec, at.to(core))
	return View{SQL: printed.SQL, Digest: digest(printed.SQL)}, core, err
}

// keyed functions take a ticket, and are in SystemSchema.
func (postgres) keyed(f expr.KeyedFunc) string {
	switch f {
	case expr.KeyedHash:
		return "keyed_hash(uuid, text, text)"
	case expr.KeyedDraw:
		return "keyed_draw(uuid, text, text)"
	case expr.KeyedProtect:
		return "protect(uuid, text, text)"
	case expr.KeyedFormatPreserving:
		return "format_preserving(uuid, text, text, text)"
	}
	return fmt.Sprintf("unknown_%d()", f)
}

func (postgres) called(d *desirer, role string, functions []string) {
	for _, f := range functions {
		d.grant(Object{ObjectFunction, SystemSchema, f}, "EXECUTE", role, "")
	}
}

// guarantee: a security barrier keeps all of it from everybody.
func (postgres) guarantee(*desirer, *catalog.Table, *policy.Decision, []string) {}

func (postgres) privilege(_ *desirer, _ *catalog.Table, w policy.Privilege, _ *audience) (privilege string, byColumn bool) {
	return nativePrivilege(w)
}

// nativePrivilege is the server's privilege, and whether it can be given by column. MERGE has none: it takes those of what it does.
func nativePrivilege(w policy.Privilege) (privilege string, byColumn bool) {
	switch w {
	case policy.PrivilegeInsert:
		return "INSERT", true
	case policy.PrivilegeUpdate:
		return "UPDATE", true
	case policy.PrivilegeDelete:
		return "DELETE", false
	case policy.PrivilegeTruncate:
		return "TRUNCATE", false
	case policy.PrivilegeMerge:
	}
	return "", false
}

func (postgres) rules(d *desirer, t *catalog.Table, dec *policy.Decision, access policy.AccessClass, who *audience, found int) {
	d.writable(t, dec, access, who)
	if d.in.Settings.Enforce == EnforceRowSecurity {
		d.secured(t, dec, access, who, found)
	}
}

func (postgres) paths(d *desirer) { d.out.paths(d.in.Settings, d.out.Bases) }

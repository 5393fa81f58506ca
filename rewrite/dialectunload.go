package rewrite

import (
	"slices"
	"strings"
	"time"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite/redshift"
)

// unload judges an UNLOAD: its query like any other, so that what is wrong with it is told first; then whether a policy lets the person write what it reads to
// this place. What is sent is the guarded query in a string, the role and the key of the connection, and the options of the list.
func (rw *Rewriter) unload(req *Request, translated *redshift.Statement, path pathState) (Statement, time.Time, error) {
	inner := *req
	inner.SQL, inner.Single, inner.unload = translated.Unload.Query, true, translated.Unload
	statements, err := rw.translated(&inner)
	if err != nil {
		return Statement{}, time.Time{}, unplaced(err)
	}
	if len(statements) != 1 || statements[0].Unload != nil || statements[0].Show != nil {
		return Statement{}, time.Time{}, unloadOfMore()
	}
	st, holds, err := rw.redshiftStatement(&inner, &statements[0], path)
	if err != nil {
		return Statement{}, time.Time{}, unplaced(err)
	}
	own, err := connectionsUnload(req.Program.Unload(), translated.Unload)
	if err != nil {
		return Statement{}, time.Time{}, err
	}
	if st.SQL, err = redshift.PrintUnload(own, st.SQL); err != nil {
		return Statement{}, time.Time{}, unplaced(err)
	}
	st.Kind, st.Destination, st.Text, st.Places = KindUnload, own.To, translated.Text, nil
	return st, holds, nil
}

func unloadOfMore() *pgerror.Error {
	return pgerror.NotSupported("UNLOAD of anything but one query is not supported through Postern on Redshift")
}

// connectionsUnload is the client's UNLOAD with what the connection says: nobody chooses a role or a key.
func connectionsUnload(settings policy.UnloadSettings, client *redshift.Unload) (*redshift.Unload, error) {
	own := *client
	switch {
	case settings.Role == "":
		return nil, deniedUnload().WithDetail("The connection has no role with which the warehouse could write to S3.")
	case client.Role != "" && client.Role != "default" && client.Role != settings.Role:
		return nil, pgerror.InsufficientPrivilege("permission denied to UNLOAD with another IAM_ROLE than the connection's").WithHint("Leave it out, or say IAM_ROLE default.")
	case (client.Encrypted || client.Key != "") && settings.Key == "":
		return nil, pgerror.InsufficientPrivilege("permission denied to UNLOAD with ENCRYPTED or KMS_KEY_ID: the connection has no key")
	case client.Key != "" && client.Key != settings.Key, client.Auto && settings.Key != "auto":
		return nil, pgerror.InsufficientPrivilege("permission denied to UNLOAD with another KMS_KEY_ID than the connection's").WithHint("Leave it out: what is unloaded is encrypted with the connection's key.")
	}
	own.Role, own.Key = settings.Role, settings.Key
	own.Encrypted, own.Auto = settings.Key != "", settings.Key == "auto"
	if own.Auto {
		own.Key = ""
	}
	return &own, nil
}

func deniedUnload() *pgerror.Error {
	return pgerror.InsufficientPrivilege("permission denied to UNLOAD")
}

// unloadable refuses what Redshift does not unload, or what is no query, before the query is judged.
func unloadable(n *pg.Node) error {
	stmt := n.GetSelectStmt()
	switch {
	case stmt == nil, stmt.IntoClause != nil:
		return unloadOfMore()
	case stmt.LimitCount != nil:
		return pgerror.NotSupported("LIMIT or TOP in the outer query of UNLOAD is not supported on Redshift").
			WithHint("Put the query into another one: SELECT * FROM (SELECT … LIMIT 10) AS t.")
	}
	return nil
}

// mayUnload asks for each table of the judged query whether the person may write what they see of it to the destination. What is read by a view goes by the
// view's policies, unless a guardrail of its own bars it. It returns the policies that let the person.
func (r *resolver) mayUnload(u *redshift.Unload) (map[*catalog.Table]string, error) {
	if err := policy.CheckS3Destination(u.To); err != nil {
		return nil, pgerror.NotSupported("UNLOAD to this place is not supported through Postern: %s", err)
	}
	for _, name := range u.Partition {
		if !slices.Contains(r.given, name) {
			return nil, &pgerror.Error{Code: pgerror.CodeUndefinedColumn, Message: `column "` + name + `" of PARTITION BY is not in the query of UNLOAD`}
		}
	}
	if len(r.uses) == 0 {
		return nil, deniedUnload().WithDetail("Its query reads no table, so that no policy can let anybody unload it.")
	}
	by := map[*catalog.Table]string{}
	for _, use := range r.uses {
		d := &use.view.decision
		if use.view.catalog {
			return nil, pgerror.NotSupported("UNLOAD of system views is not supported through Postern on Redshift")
		}
		name, ok := d.UnloadTo(u.To, u.Overwrites)
		if !ok {
			return nil, deniedUnloadOf(d, u)
		}
		by[d.Table] = name
		if barred := barredBelow(use.view); barred != nil {
			return nil, pgerror.InsufficientPrivilege("permission denied to UNLOAD relation %q", d.Table.Name).WithDetail("A policy bars unloading what it is made of.")
		}
	}
	return by, nil
}

// barredBelow finds a decision beneath a view, at any depth, that bars unloading.
func barredBelow(v *view) *policy.Decision {
	if v.body == nil {
		return nil
	}
	for _, below := range v.body.uses {
		if below.view.decision.UnloadBarred {
			return &below.view.decision
		}
		if found := barredBelow(below.view); found != nil {
			return found
		}
	}
	return nil
}

// deniedUnloadOf says what the person may do instead, which their own policies say.
func deniedUnloadOf(d *policy.Decision, u *redshift.Unload) *pgerror.Error {
	e := pgerror.InsufficientPrivilege("permission denied to UNLOAD relation %q", d.Table.Name)
	var folders []string
	for _, place := range d.Unloads {
		if u.Overwrites && place.To.Holds(u.To) {
			return e.WithDetail("No policy lets you overwrite or remove files at this place (ALLOWOVERWRITE, CLEANPATH).")
		}
		if len(folders) < 5 {
			folders = append(folders, place.To.String()+"/")
		}
	}
	if len(folders) == 0 {
		return e.WithDetail("No policy lets you unload it.")
	}
	return e.WithDetail("No policy lets you unload it to this place.").WithHint("You may unload it below " + strings.Join(folders, ", "))
}

// unloadedBy adds the policies that let the person unload to the reasons of the decisions.
func unloadedBy(decisions []policy.Decision, by map[*catalog.Table]string) []policy.Decision {
	out := slices.Clone(decisions)
	for i := range out {
		if name := by[out[i].Table]; name != "" {
			out[i].Because = append(slices.Clone(out[i].Because), policy.Reason{Policy: name, Effect: policy.EffectAllow, Detail: "unload"})
		}
	}
	return out
}

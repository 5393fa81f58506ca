package push

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/audit"
)

// impersonatorsRole is the role of those who may act as somebody else, behind the prefix.
const impersonatorsRole = "impersonators"

// impersonators lets those who may act as somebody else call the procedure, and nobody else.
func (d *desirer) impersonators() {
	if !d.in.Settings.Impersonation {
		return
	}
	role := d.in.Settings.RolePrefix + digest(d.in.Settings.Database + "\x00" + impersonatorsRole)[:12] + "_" + impersonatorsRole
	for _, p := range d.governed {
		if len(d.actsAs(p)) > 0 {
			d.out.Members[Member{role, p.Account}] = true
			d.out.Roles[role] = Role{Kind: RoleAudience, Comment: d.comment("may act as somebody else")}
		}
	}
	if _, anybody := d.out.Roles[role]; anybody {
		d.grant(Object{ObjectSchema, ProcedureSchema, ""}, "USAGE", role, "")
		d.grant(Object{ObjectProcedure, ProcedureSchema, "impersonate(character varying)"}, "EXECUTE", role, "")
	}
}

// actsAs are the accounts as which somebody may act, sorted: those that are governed, and not their own.
func (d *desirer) actsAs(p Person) []string {
	if d.acts == nil {
		d.acts = map[string][]string{}
		governed := map[string]bool{}
		for _, g := range d.governed {
			governed[g.Account] = true
		}
		for _, g := range d.governed {
			if !d.in.Settings.Impersonation || len(g.MayActAs) == 0 {
				continue
			}
			targets := slices.DeleteFunc(slices.Clone(g.MayActAs), func(a string) bool { return a == g.Account || !governed[a] })
			slices.Sort(targets)
			d.acts[g.Account] = slices.Compact(targets)
		}
	}
	return d.acts[p.Account]
}

// andWhoActs adds those who may act as one of the accounts: privileges are those of who logged in, whomever they act for. A stored view asks of the profile
// whether the source is open to the person at all, so that it shows them nothing as themselves.
func (d *desirer) andWhoActs(accounts []string) []string {
	open, out := map[string]bool{}, slices.Clone(accounts)
	for _, a := range accounts {
		open[a] = true
	}
	for _, p := range d.governed {
		if !open[p.Account] && slices.ContainsFunc(d.actsAs(p), func(a string) bool { return open[a] }) {
			out = append(out, p.Account)
		}
	}
	return out
}

// acts notes the end of impersonations whose session has gone, and puts all that the log has on record. Serverless has no view of sessions: there they end
// by the clock.
func (redshift) acts(ctx context.Context, s *Syncer, conn *pgconn.PgConn, f *facts) error {
	if !s.config.Settings.Impersonation || f.made["impersonating"] == "" {
		return nil
	}
	if err := exec(ctx, conn, "CALL "+ProcedureSchema+".reap_impersonations()"); sqlState(err) != "" {
		s.config.Log.Warn("the end of impersonations could not be noted", "connection", s.config.Settings.Connection, "sqlstate", sqlState(err))
	} else if err != nil {
		return err
	}
	return s.recordActs(ctx, conn)
}

// actsLog has what is not on record yet, with the names of people where they are known.
const actsLog = `SELECT CAST(l.logged_at AS varchar), l.event, l.account, nvl(a.user_name, l.account), l.target, nvl(t.user_name, l.target), l.pid, nvl(b.user_name, l.done_by)
FROM postern_system.impersonation_log AS l LEFT JOIN postern_system.profile AS a ON a.account = l.account LEFT JOIN postern_system.profile AS t ON t.account = l.target
LEFT JOIN postern_system.profile AS b ON b.account = l.done_by WHERE l.noted = 1 ORDER BY l.logged_at`

// recordActs puts on record who acted as whom. What is logged meanwhile waits for the next run; what was recorded by a run that was cut short is recorded once more.
func (s *Syncer) recordActs(ctx context.Context, conn *pgconn.PgConn) error {
	rows, err := query(ctx, conn, "SELECT count(*) FROM postern_system.impersonation_log WHERE noted < 2")
	if err == nil && len(rows) == 1 && rows[0][0] == "0" {
		return nil
	}
	if err == nil {
		err = exec(ctx, conn, "UPDATE postern_system.impersonation_log SET noted = 1 WHERE noted = 0")
	}
	if err == nil {
		rows, err = query(ctx, conn, actsLog)
	}
	if err != nil {
		return fmt.Errorf("reading who acted as whom: %w", err)
	}
	events := make([]audit.Event, len(rows))
	for i, v := range rows {
		events[i] = actEvent(s.config.Settings.Connection, v)
	}
	if err := s.config.Record(ctx, events...); err != nil {
		return fmt.Errorf("recording who acted as whom: %w", err)
	}
	if err := exec(ctx, conn, "UPDATE postern_system.impersonation_log SET noted = 2 WHERE noted = 1"); err != nil {
		return fmt.Errorf("noting who acted as whom: %w", err)
	}
	return nil
}

// actEvent is a row of actsLog as it is put on record.
func actEvent(connection string, v []string) audit.Event {
	e := audit.Event{Kind: audit.Admin, Protocol: audit.Procedure, Connection: connection, Session: "backend " + v[6], Login: v[3], User: v[3], Target: v[5],
		Detail: "in the warehouse itself, by " + v[7] + ": account " + v[2] + " as account " + v[4]}
	if at, err := time.Parse("2006-01-02 15:04:05.999999", v[0]); err == nil {
		e.Time = at
	}
	switch v[1] {
	case "begin", "end", "grant", "revoke":
		e.Action = "impersonation." + v[1]
	case "session ended":
		e.Action = "impersonation.end"
		e.Detail += ", whose session ended"
	default:
		e.Action = "impersonation.unknown"
		e.Detail += ": the log says " + v[1]
	}
	return e
}

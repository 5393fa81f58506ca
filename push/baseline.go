package push

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// baseline is what a run left in force: who was given what, and who was in what. What is otherwise now somebody else has changed. The views
// and paths of that time are in the ledger.
type baseline struct {
	grants  map[Grant]Columns
	members map[Member]bool
}

// baselineTable holds one row. It counts while it is settled: a run that begins to change anything says, in the same transaction, that it is not, and
// writes another one when all is read back. What a run that was cut short left cannot be told from what somebody else did.
const baselineTable = `CREATE TABLE postern_system.baseline (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    settled boolean NOT NULL,
    state jsonb NOT NULL
);
REVOKE ALL ON TABLE postern_system.baseline FROM PUBLIC;
INSERT INTO postern_system.baseline VALUES (true, false, '{}')`

const unsettle = "UPDATE postern_system.baseline SET settled = false WHERE settled"

type storedBaseline struct {
	Grants  [][6]string `json:"grants"` // kind, schema, name, privilege, role, columns
	Members [][2]string `json:"members"`
}

// text is the same for the same baseline.
func (b *baseline) text() (string, error) {
	out := storedBaseline{Grants: [][6]string{}, Members: [][2]string{}}
	for _, g := range slices.SortedFunc(maps.Keys(b.grants), compareGrants) {
		columns, err := json.Marshal(b.grants[g].Names())
		if err != nil {
			return "", err
		}
		out.Grants = append(out.Grants, [6]string{string(g.Object.Kind), g.Object.Schema, g.Object.Name, g.Privilege, g.Role, string(columns)})
	}
	for _, m := range slices.SortedFunc(maps.Keys(b.members), compareMembers) {
		out.Members = append(out.Members, [2]string{m.Role, m.Account})
	}
	text, err := json.Marshal(out)
	return string(text), err
}

// baselineOf reads what an earlier run left; nil where that is not known.
func (s *Syncer) baselineOf(ctx context.Context, conn *pgconn.PgConn, f *facts) (*baseline, error) {
	if !f.prepared || !f.baseline {
		return nil, nil
	}
	settled, state, err := s.dialect().left(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("reading what was left: %w", err)
	}
	if !settled {
		return nil, nil
	}
	var stored storedBaseline
	if err := json.Unmarshal([]byte(state), &stored); err != nil {
		return nil, fmt.Errorf("reading what was left: %w", err)
	}
	b := &baseline{grants: map[Grant]Columns{}, members: map[Member]bool{}}
	for _, g := range stored.Grants {
		columns := Columns("")
		if g[5] != "null" {
			columns = columnsOf(jsonList(g[5]))
		}
		b.grants[Grant{Object{ObjectKind(g[0]), g[1], g[2]}, g[3], g[4]}] = columns
	}
	for _, m := range stored.Members {
		b.members[Member{m[0], m[1]}] = true
	}
	return b, nil
}

// settle keeps what the run left, unless it is kept already.
func (r *run) settle(ctx context.Context, d *difference) error {
	now := &baseline{d.want.Grants, d.want.Members}
	if r.base != nil && maps.Equal(r.base.grants, now.grants) && maps.Equal(r.base.members, now.members) && r.report.Transactions == 0 {
		return nil
	}
	text, err := now.text()
	if err != nil {
		return fmt.Errorf("keeping what was left: %w", err)
	}
	for _, st := range r.s.dialect().settle(r.s.config.Settings, r.facts, text) {
		if err := r.s.run(ctx, r.conn, st); err != nil {
			return fmt.Errorf("keeping what was left: %w", rolledBack(ctx, r.conn, err))
		}
	}
	r.base = &baseline{maps.Clone(now.grants), maps.Clone(now.members)}
	return nil
}

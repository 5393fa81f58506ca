package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/control"
)

// TestObjectsOutliveTheProcess: what is known of objects is there when the state is opened again; what is based on something older is refused and leaves
// nothing; and an error of what comes last undoes everything.
func TestObjectsOutliveTheProcess(t *testing.T) {
	both(t, func(t *testing.T, c Config) {
		s, ctx := open(t, c), t.Context()
		shape := func(oid uint32, name string) catalog.Shape {
			return catalog.Shape{OID: oid, Schema: "public", Name: name, Kind: catalog.KindTable, PrimaryKey: []string{"a"}, Columns: []catalog.ShapeColumn{{Number: 1, Name: "a", Type: "it's €", TypeOID: 25, Category: 'S', NotNull: true}}}
		}
		held := control.KnownSource{Pin: shape(16385, "t"), Held: "dropped", Other: 4_000_000_000, Since: at}
		first := control.ObjectsSave{
			At: at, Identities: map[string]string{"tpch": "1/2", "other": "3"}, Anew: map[string]bool{"tpch": true, "other": true},
			Put:     map[string][]catalog.Shape{"tpch": {shape(16385, "t"), shape(4_000_000_000, "u")}, "other": {shape(1, "t")}},
			Sources: map[string]control.KnownSource{"tpch.public.t": {Pin: shape(16385, "t")}, "tpch.public.u": {Pin: shape(4_000_000_000, "u")}},
		}
		second := control.ObjectsSave{
			Base: 1, At: at.Add(time.Second), Put: map[string][]catalog.Shape{"tpch": {shape(4_000_000_000, "t")}}, Gone: map[string][]uint32{"tpch": {16385}}, Forgotten: []string{"other"},
			Sources: map[string]control.KnownSource{"tpch.public.t": held}, Unbound: []string{"tpch.public.u"},
			Changes: []control.ObjectChange{
				{Connection: "tpch", Schema: "public", Name: "t", Event: control.ObjectRenamed, Was: "public.u", At: at},
				{Connection: "tpch", Schema: "public", Name: "t", Event: control.SourceHeld, Source: "tpch.public.t", Detail: "dropped", At: at},
			},
			Notices: []control.Notice{{Topic: "source", Event: "held", At: at}},
		}
		if mark, err := s.SaveObjects(ctx, first); err != nil || mark != 1 {
			t.Fatal(mark, err)
		}
		if _, err := s.SaveObjects(ctx, first); !errors.Is(err, control.ErrMoved) {
			t.Errorf("based on something older: %v", err)
		}
		undone := second
		refused := errors.New("not on record")
		undone.Before = func(context.Context) error { return refused }
		if _, err := s.SaveObjects(ctx, undone); !errors.Is(err, refused) {
			t.Error(err)
		}
		if mark, err := s.SaveObjects(ctx, second); err != nil || mark != 2 {
			t.Fatal(mark, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, c)
		got, err := again.Known(ctx)
		want := &control.Known{
			Mark:       2,
			Warehouses: map[string]control.KnownWarehouse{"tpch": {Identity: "1/2", SyncedAt: at, Objects: map[uint32]catalog.Shape{4_000_000_000: shape(4_000_000_000, "t")}}},
			Sources:    map[string]control.KnownSource{"tpch.public.t": held},
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if m, err := again.Marks(ctx); err != nil || m.Objects != 2 {
			t.Errorf("%+v, %v", m, err)
		}
		all, err := again.ObjectChanges(ctx, control.ObjectQuery{Limit: 10})
		if err != nil || len(all) != 2 || all[0].ID <= all[1].ID {
			t.Fatalf("%+v, %v", all, err)
		}
		later, err := again.ObjectChanges(ctx, control.ObjectQuery{Connection: "tpch", After: all[1].ID, Limit: 10})
		if err != nil || len(later) != 1 || later[0] != all[0] || later[0].Event != control.SourceHeld || !later[0].At.Equal(at) {
			t.Errorf("%+v, %v", later, err)
		}
		if queued, err := again.Next(ctx, 0, 10); err != nil || len(queued) != 1 || queued[0].Event != "held" {
			t.Errorf("%+v, %v", queued, err)
		}
	})
}

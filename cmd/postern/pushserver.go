package main

import (
	"cmp"
	"slices"
	"sync"

	"github.com/posternsql/postern/admin"
	"github.com/posternsql/postern/push"
)

// keepers are what keeps the warehouses in which something is maintained, for the API. The zero value has none.
type keepers struct {
	mu sync.Mutex
	of map[string]*push.Keeper
}

var _ admin.Pushes = (*keepers)(nil)

func (k *keepers) set(connection string, keeper *push.Keeper) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[string]*push.Keeper{}
	}
	k.of[connection] = keeper
}

// drop forgets a keeper, unless it was replaced.
func (k *keepers) drop(connection string, keeper *push.Keeper) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of[connection] == keeper {
		delete(k.of, connection)
	}
}

func (k *keepers) get(connection string) *push.Keeper {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.of[connection]
}

// Statuses implements admin.Pushes.
func (k *keepers) Statuses() []push.Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := []push.Status{}
	for _, keeper := range k.of {
		out = append(out, keeper.Status())
	}
	slices.SortFunc(out, func(a, b push.Status) int { return cmp.Compare(a.Connection, b.Connection) })
	return out
}

// Start implements admin.Pushes.
func (k *keepers) Start(connection string, kind push.RunKind) (push.Run, error) {
	keeper := k.get(connection)
	if keeper == nil {
		return push.Run{}, admin.ErrNotPushed
	}
	return keeper.Start(kind)
}

// Asked implements admin.Pushes.
func (k *keepers) Asked(connection string, id int64) (push.Run, bool) {
	keeper := k.get(connection)
	if keeper == nil {
		return push.Run{}, false
	}
	return keeper.Asked(id)
}

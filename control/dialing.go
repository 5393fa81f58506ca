package control

import (
	"log/slog"
	"reflect"
	"sync"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// dialing keeps how each connection is dialed, so that what AWS gave for it outlives a publication. Its methods may be called by several goroutines.
type dialing struct {
	log *slog.Logger

	mu   sync.Mutex
	kept map[string]dialed
}

type dialed struct {
	connection resource.Connection
	config     warehouse.Config
}

// of is the configuration of a connection: the same for as long as nothing of it has changed.
func (d *dialing) of(c resource.Connection) warehouse.Config {
	c.Pos = policy.Pos{}
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, ok := d.kept[c.Name]; ok && reflect.DeepEqual(old.connection, c) {
		return old.config
	}
	now := dialed{c, c.WarehouseLogging(d.log)}
	d.kept[c.Name] = now
	return now.config
}

package control

import (
	"context"
	"sync"

	"github.com/posternsql/postern/warehouse"
)

// kept is one connection's session.
type kept struct {
	config warehouse.Config
	stop   context.CancelFunc
}

// keepSessions runs one session for each connection that the generation in force wants, until the context ends. One that is not wanted any more, or is
// at another address, is stopped.
func keepSessions(ctx context.Context, p *Publisher, wanted func(*Generation) map[string]warehouse.Config, session func(context.Context, string, warehouse.Config)) {
	published, done := p.Subscribe()
	defer done()
	ctx, stopAll := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer stopAll()
	running := map[string]kept{}
	for {
		now := wanted(p.Current())
		for name, k := range running {
			if config, ok := now[name]; !ok || config.Address() != k.config.Address() {
				k.stop()
				delete(running, name)
			}
		}
		for name, config := range now {
			if _, ok := running[name]; !ok {
				inner, stop := context.WithCancel(ctx)
				running[name] = kept{config, stop}
				wait.Go(func() { session(inner, name, config) })
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-published:
		}
	}
}

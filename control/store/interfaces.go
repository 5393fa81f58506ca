package store

import "github.com/posternsql/postern/control"

// What the Store is to control.
var (
	_ control.ResourceStore = (*Store)(nil)
	_ control.HistoryStore  = (*Store)(nil)
	_ control.StandingStore = (*Store)(nil)
	_ control.ReviewStore   = (*Store)(nil)
	_ control.LeaseStore    = (*Store)(nil)
	_ control.Listener      = (*Store)(nil)
	_ control.AccessStore   = (*Store)(nil)
	_ control.QueueStore    = (*Store)(nil)
	_ control.ObjectStore   = (*Store)(nil)

	_ control.CollectorStore = (*Store)(nil)
)

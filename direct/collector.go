package direct

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/identity"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/rewrite"
	"github.com/posternsql/postern/warehouse/queryhistory"
	"github.com/posternsql/postern/warehouse/serverlog"
)

// State is what is in force, as control.Generation has it.
type State interface {
	Person(connection, account string) (user string, ok bool)
	Principal(user string) (identity.Principal, error)
	Program(connection string) (*policy.Program, bool)
}

// Rewriter judges statements.
type Rewriter interface {
	Rewrite(ctx context.Context, r rewrite.Request) (*rewrite.Result, error)
}

// Log follows a server's log, as serverlog.Follower does.
type Log interface {
	Next(ctx context.Context, at serverlog.Position) (serverlog.Batch, error)
	Skip(ctx context.Context, at serverlog.Position) (serverlog.Position, *serverlog.Gap, error)
}

// Positions keep how far the log was read.
type Positions interface {
	Load() (serverlog.Position, error)
	Save(at serverlog.Position) error
}

// Config is what a Collector works with.
type Config struct {
	// Connection is the warehouse's name, and Database the database of that name there: the log is of all databases.
	Connection, Database string
	Log                  Log
	Positions            Positions
	// Current is what is in force; an error leaves the log unread until later.
	Current  func() (State, error)
	Rewriter Rewriter
	// InForce is the version of the policies at an instant, false where that is not known.
	InForce func(at time.Time) (version uint64, ok bool)
	// Record returns nil when the events are safe.
	Record func(ctx context.Context, events ...audit.Event) error
	// Recorded calls the function with the ID of each Direct event of the connection on record since an instant.
	Recorded func(since time.Time, fn func(id string)) error
	// Ignore are the accounts of Postern's own: the proxy's statements are on record already.
	Ignore []string
	// SchemaPrefix begins the names of the schemas in which push keeps views; "" for none.
	SchemaPrefix string
	// Redshift says that texts are by Redshift's rules, and accounts those of temporary credentials too.
	Redshift bool
	// Overlap is, for a log of which every look reads again what ended within so long before the last entry, how long that is.
	Overlap time.Duration
	// Acting tells who acted as whom in the warehouse itself since an instant; nil where nobody can.
	Acting func(ctx context.Context, since time.Time) ([]queryhistory.Acting, error)
	// Turns have one of several servers collect at a time, Server by name, which stays its own over restarts; nil where there is one server. Positions then
	// are where the first one begins.
	Turns  Turns
	Server string
	// Turn is how long the others wait for one that has died; 0 means DefaultTurn.
	Turn time.Duration
	// Pgaudit says that the server has the extension, whose entries then count and not the server's own.
	Pgaudit bool
	// Interval between two looks; 0 means one second.
	Interval time.Duration
	// Now tells the time; nil is time.Now.
	Now    func() time.Time
	Logger *slog.Logger
}

// Validate reports every mistake at once.
func (c *Config) Validate() error {
	var mistakes []error
	if c.Connection == "" || c.Database == "" {
		mistakes = append(mistakes, errors.New("a connection and its database are wanted"))
	}
	if c.Log == nil || c.Positions == nil || c.Current == nil || c.Rewriter == nil || c.InForce == nil || c.Record == nil || c.Recorded == nil || c.Logger == nil {
		mistakes = append(mistakes, errors.New("a log, positions, what is in force, a rewriter, the audit log and a logger are wanted"))
	}
	if c.Interval < 0 || c.Overlap < 0 || c.Turn < 0 {
		mistakes = append(mistakes, errors.New("the interval, the overlap or the turn is negative"))
	}
	if c.Turns != nil && c.Server == "" {
		mistakes = append(mistakes, errors.New("one of several servers wants a name"))
	}
	return errors.Join(mistakes...)
}

// Collector follows the log of one warehouse.
type Collector struct {
	config Config
	// told are the IDs that are on record behind the position, less the overlap: a crash may have left them there, and each look reads them again.
	told map[string]time.Time
	// turn is this server's, where there are several, and doubted what another one was about to record when it died, by ID.
	turn    control.Turn
	doubted map[string]string
	// ahead is how far it was read in this turn, and kept when that was noted last.
	ahead serverlog.Position
	kept  time.Time

	mu sync.Mutex
	// began and ended count looks at the log; passed is closed at the end of each.
	began, ended int
	// elsewhere is the last look that found another server collecting.
	elsewhere int
	passed    chan struct{}
}

// New checks the configuration.
func New(c Config) (*Collector, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("checking the configuration of direct statements: %w", err)
	}
	if c.Interval == 0 {
		c.Interval = time.Second
	}
	if c.Turn == 0 {
		c.Turn = DefaultTurn
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Collector{config: c}, nil
}

// Run collects until the context ends. What goes wrong is logged and tried again.
func (c *Collector) Run(ctx context.Context) error {
	tick := time.NewTicker(c.config.Interval)
	defer tick.Stop()
	defer c.leave(ctx)
	for {
		c.pass(true, nil)
		err := c.Collect(ctx)
		c.pass(false, err)
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrElsewhere) {
			c.config.Logger.Error("collecting direct statements", "connection", c.config.Connection, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Collect records what the log has behind the position that is kept; ErrElsewhere says that it is another server's turn.
func (c *Collector) Collect(ctx context.Context) error {
	at, err := c.begin(ctx)
	if err != nil {
		return err
	}
	for {
		batch, err := c.config.Log.Next(ctx, at)
		if errors.Is(err, serverlog.ErrBrokenEntry) {
			c.config.Logger.Error("reading the server's log", "connection", c.config.Connection, "error", err)
			batch = serverlog.Batch{}
			batch.Next, batch.Gap, err = c.config.Log.Skip(ctx, at)
		}
		if err != nil {
			return err
		}
		if batch.Gap == nil && len(batch.Records) == 0 && batch.Next == at {
			return nil
		}
		recorded, err := c.record(ctx, &batch)
		if err != nil {
			return err
		}
		if err := c.keep(ctx, at, batch.Next, recorded); err != nil {
			return err
		}
		if at = batch.Next; batch.Done {
			c.forget(at.Time)
			return nil
		}
	}
}

// forget drops what no look reads again.
func (c *Collector) forget(at time.Time) {
	maps.DeleteFunc(c.told, func(_ string, ended time.Time) bool { return ended.Before(at.Add(-2 * c.config.Overlap)) })
}

// record puts a batch on record. Nothing of it is when there is an error.
func (c *Collector) record(ctx context.Context, b *serverlog.Batch) (events []audit.Event, err error) {
	state, err := c.config.Current()
	if err != nil {
		return nil, err
	}
	if b.Gap != nil {
		events = append(events, audit.Event{
			Kind: audit.Admin, Action: "direct.gap", Target: c.config.Connection,
			Detail: "statements may be missing from the record: " + b.Gap.File + ", after " + b.Gap.After.UTC().Format(time.RFC3339) + ": " + b.Gap.Why,
		})
	}
	fresh := slices.DeleteFunc(gather(c.ours(b.Records), c.config.Pgaudit), func(r ran) bool {
		_, known := c.told[r.id()]
		return known
	})
	acting, err := c.actings(ctx, fresh)
	if err != nil {
		return nil, err
	}
	for i := range fresh {
		e := c.event(ctx, &fresh[i], state, actsAs(&fresh[i], acting))
		if server := c.doubted[e.ID]; server != "" {
			e.Detail = strings.TrimPrefix(e.Detail+"; server "+server+" may have it on record, too: it ended while it wrote it down", "; ")
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil, nil
	}
	within, done, err := c.announce(ctx, events)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := c.config.Record(within, events...); err != nil {
		c.leave(ctx) // another server's log may take it; ours tells what of it is there
		return nil, fmt.Errorf("recording direct statements: %w", err)
	}
	for i := range events {
		if c.config.Overlap > 0 && events[i].Kind == audit.Direct {
			c.told[events[i].ID] = events[i].Time
		}
	}
	return events, nil
}

// ours are the entries of people in the connection's database.
func (c *Collector) ours(records []serverlog.Record) []serverlog.Record {
	return slices.DeleteFunc(slices.Clone(records), func(r serverlog.Record) bool {
		return r.Database != c.config.Database || slices.Contains(c.config.Ignore, r.User) || r.Backend != "" && r.Backend != "client backend"
	})
}

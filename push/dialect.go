package push

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/policy/expr"
	"github.com/posternsql/postern/sqlgen"
)

// dialect is all in which warehouses differ. What should be there, the difference, the order of statements, hazards, drift, the keeper and the
// audit are the same for all of them.
type dialect interface {
	session
	wanter
	reader
	printer
}

// session is how a run gets to work on its connection.
type session interface {
	// look sets the session up, asks for the facts, and refuses a server on which nothing can be maintained.
	look(ctx context.Context, s *Syncer, conn *pgconn.PgConn) (*facts, error)
	// lock has one Syncer at a time at work; ErrBusy says that another one is.
	lock(ctx context.Context, s *Syncer, conn *pgconn.PgConn, f *facts) (*lock, error)
	// preparation makes what the Syncer keeps for itself, and changes nobody's access. The facts are then as if it had run.
	preparation(s *Syncer, f *facts) []string
	// hasty bounds the attempt to do all at once.
	hasty(set Settings) time.Duration
	// opening is run behind BEGIN, closing before COMMIT.
	opening(set Settings, f *facts, lockTimeout time.Duration) []Statement
	closing(set Settings, f *facts, program string, step, steps int) []Statement
	// again says that a transaction failed for what another one did beside it, and may be tried again.
	again(err error) bool
	// together are the statements of one text that are one transaction.
	together(sql string) []string
	// removal drops what preparation made.
	removal(f *facts) []string
}

// wanter is what a warehouse can hold of what should be there.
type wanter interface {
	// validate refuses settings that a warehouse of the kind knows nothing of.
	validate(set Settings) error
	// account refuses a name that no person's account can have. one has the same answer for accounts that could be taken for each other.
	account(name string) error
	one(account string) string
	// folds reports a name that would be taken for another.
	folds(name string) bool
	// profile is what is kept of a person. An error says why nothing can be: they see nothing.
	profile(d *desirer, p Person) (Profile, error)
	// stored prints the guarded view of a source, to stand at a place, and what it is known again by; core is what its readers are admitted to.
	stored(t *catalog.Table, at Relation, dec *policy.Decision) (v View, core string, err error)
	// keyed is the function that a view calls for a mask, with its argument types, or empty for what is built in; called has a role call what its views call.
	keyed(f expr.KeyedFunc) string
	called(d *desirer, role string, functions []string)
	// guarantee tells what a view keeps from whom, where that is not all.
	guarantee(d *desirer, t *catalog.Table, dec *policy.Decision, functions []string)
	// privilege is that on a table that everybody sees as it is, and whether it is given by column; "" where it is not given.
	privilege(d *desirer, t *catalog.Table, w policy.Privilege, who *audience) (privilege string, byColumn bool)
	// rules has a source that is not seen as it is be written to, and be read otherwise than through its view, where that can be. found counts the findings before its view.
	rules(d *desirer, t *catalog.Table, dec *policy.Decision, access policy.AccessClass, who *audience, found int)
	// paths has names without a schema find the views.
	paths(d *desirer)
}

// reader is how it is known what is there.
type reader interface {
	// snapshot begins a transaction that changes nothing.
	snapshot() string
	// parts are what the crawler looks at, in order.
	parts(c *crawler) []func()
	// people reads the profile alone.
	people(c *crawler)
	// members reads who is in which role alone.
	members(c *crawler)
	// roster reads all that is about people and roles, the ledger too; false where that is not read apart from the rest.
	roster(c *crawler) bool
	// ungoverned looks for ways to the data that the policies do not close.
	ungoverned(ctx context.Context, conn *pgconn.PgConn, a *Actual, set Settings, want *Desired) error
	// open lists sessions of people with a transaction open whose snapshot may be older than what was committed just now, with their accounts.
	open(ctx context.Context, conn *pgconn.PgConn, accounts []string) ([][]string, error)
	// blame says behind a REVOKE that changed nothing who granted that, and what they have to run; "" where that cannot be.
	blame(ctx context.Context, conn *pgconn.PgConn, have *Actual, grants []Grant) string
	// kept asks for the connection, the format, the revision and the second of the last change.
	kept() string
	// unended says why such a session cannot be ended.
	unended(set Settings) string
	// left is the baseline as it is kept; settled is false where it does not count.
	left(ctx context.Context, conn *pgconn.PgConn) (settled bool, state string, err error)
}

// printer puts statements into words.
type printer interface {
	// role makes a role, schema one for views.
	role(name string, r Role) []string
	schema(d *difference, name string) []string
	dropRole(d *difference, name string) string
	dropSchema(name string) string
	// join makes accounts members of a role, leave ends that.
	// administer has the system role give and take a role that somebody else made.
	administer(name, system string) string
	join(d *difference, role string, accounts []string) string
	leave(d *difference, role string, accounts []string) string
	// grant prints GRANT or REVOKE of what g says, on objects of one kind.
	grant(d *difference, verb string, g Grant, objects []Object, columns []string) string
	// profiles writes rows of the profile, gone removes them.
	profiles(rows []Profile) []Statement
	gone(accounts []string) []Statement
	// admit writes admissions, dismiss removes them.
	admit(all []Admission, digests map[Admission]string) []Statement
	dismiss(all []Admission) []Statement
	// remember writes an entry of the ledger, forget removes one.
	remember(kind, schema, name, digest, mark string) []string
	forget(kind, schema, name string) string
	// replaceable says that a view with the columns of the first list can be replaced in place by one with those of the second.
	replaceable(have, want []ViewColumn) bool
	dropView(at Relation, cascade bool) string
	// view makes or replaces a view, and puts on record what it then is.
	view(at Relation, v View, replace bool) string
	rememberView(at Relation, v View) []Statement
	// settle keeps a baseline.
	settle(set Settings, f *facts, state string) []Statement
}

// dialect of the warehouse. Validate refuses every other one.
func (s Settings) dialect() dialect {
	if s.Dialect.IsRedshift() {
		return redshift{builtin: s.Dialect == sqlgen.RedshiftBuiltin()}
	}
	return postgres{}
}

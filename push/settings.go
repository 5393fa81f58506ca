package push

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/posternsql/postern/sqlgen"
)

// SystemSchema is where the profile, the ledger and what serves them are. Its name is fixed: stored views name it.
const SystemSchema = "postern_system"

// The defaults of Settings.
const (
	DefaultSchemaPrefix     = "governed_"
	DefaultRolePrefix       = "postern_"
	DefaultLockTimeout      = 2 * time.Second
	DefaultStatementTimeout = time.Minute
	DefaultInterval         = 300 * time.Second
)

// maxNameBytes is the longest name of PostgreSQL (NAMEDATALEN - 1); a longer one would be cut.
const maxNameBytes = 63

// maxGrantees bounds the entries of ours in one access control list: those lists do not TOAST, and a table with some thousands of them can
// get no more ("row is too big").
const maxGrantees = 200

// Drift says what to do about what somebody changed behind our back. The zero value is refused by Validate.
type Drift string

const (
	// DriftRepair undoes it.
	DriftRepair Drift = "repair"
	// DriftReport tells of it and leaves it, until the policies change what was changed.
	DriftReport Drift = "report"
)

// Enforce says by what people see only their rows and values.
type Enforce string

const (
	// EnforceViews is views beside the tables.
	EnforceViews Enforce = "views"
	// EnforceRowSecurity is row policies on the tables themselves where they can say what the policies say, and views elsewhere.
	EnforceRowSecurity Enforce = "rowSecurity"
)

// Settings say what is maintained in one database, and how. WithDefaults fills in what is left out.
type Settings struct {
	// Connection is the warehouse's name in policies.
	Connection string
	Database   string
	// Dialect is that of the warehouse: sqlgen.Postgres if left out, or sqlgen.Redshift.
	Dialect sqlgen.Dialect
	// SystemRole is the role as which the Syncer logs in, and which owns all that it makes.
	SystemRole string
	// ServiceRole is the proxy's, "" if there is no proxy. It is never taken for a person.
	ServiceRole string
	// Enforce is EnforceViews if left out.
	Enforce Enforce
	// SeeAllRows are roles of others that go on seeing all rows of tables on which there are row policies, as do the proxy's role and the owner.
	SeeAllRows []string
	// SchemaPrefix begins the names of the schemas that hold views, RolePrefix those of the roles that hold grants.
	SchemaPrefix, RolePrefix string
	// CreateRoles lets the Syncer make roles, and the roles of people who have none. It needs CREATEROLE, which before PostgreSQL 16 is nearly
	// as much as superuser; without it the plan prints what a database administrator runs.
	CreateRoles bool
	// CreateRolesFrom16 is CreateRoles where the server is PostgreSQL 16 or later and the role has CREATEROLE, which there reaches only roles that it
	// made.
	CreateRolesFrom16 bool
	// GroupRoles says which groups of people are roles, too, GroupRolesUsed if left out; GroupRole is how they are called, with {prefix}, {database} and
	// {group} in it, DefaultGroupRole if left out.
	GroupRoles GroupRoles
	GroupRole  string
	// IAM says whose accounts log in by AWS IAM, IAMNone if left out.
	IAM IAM
	// Impersonation lets people act as others by a procedure, as Person.MayActAs says; in a Redshift only. Every source has a view then.
	Impersonation bool
	// ReadOnly gives nobody the right to write, whatever the policies say.
	ReadOnly bool
	// AllowHazards are those that a plan may have; a statement with another one is held back. WIDENS_ACCESS is always allowed: more access
	// than before is what the policies say.
	AllowHazards []Hazard
	// Drift says what to do about what somebody changed behind our back.
	Drift Drift
	// LockTimeout bounds the wait for one lock, StatementTimeout one statement.
	LockTimeout, StatementTimeout time.Duration
	// MaxLocks bounds the locks of one transaction; 0 is a quarter of what the server has room for.
	MaxLocks int
}

// WithDefaults fills in what is left out.
func (s Settings) WithDefaults() Settings {
	text := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	text(&s.SchemaPrefix, DefaultSchemaPrefix)
	text(&s.RolePrefix, DefaultRolePrefix)
	text(&s.GroupRole, DefaultGroupRole)
	if s.IAM == "" {
		s.IAM = IAMNone
	}
	if s.GroupRoles == "" {
		s.GroupRoles = GroupRolesUsed
	}
	if s.Dialect == (sqlgen.Dialect{}) {
		s.Dialect = sqlgen.Postgres()
	}
	if s.Enforce == "" {
		s.Enforce = EnforceViews
	}
	if s.Drift == "" {
		s.Drift = DriftRepair
	}
	if s.LockTimeout == 0 {
		s.LockTimeout = DefaultLockTimeout
	}
	if s.StatementTimeout == 0 {
		s.StatementTimeout = DefaultStatementTimeout
	}
	return s
}

// Validate reports every mistake at once.
func (s Settings) Validate() error {
	var mistakes []error
	add := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if s.Connection == "" {
		add("no connection is named")
	}
	for what, name := range map[string]string{"database": s.Database, "system role": s.SystemRole} {
		if err := checkName(name); err != nil {
			add("the %s: %w", what, err)
		}
	}
	if s.SystemRole != "" && s.SystemRole == s.ServiceRole {
		add("the system role is the proxy's role %q: what the proxy forwards could then change what is maintained", s.ServiceRole)
	}
	for what, prefix := range map[string]string{"schema prefix": s.SchemaPrefix, "role prefix": s.RolePrefix} {
		switch {
		case checkName(prefix) != nil || len(prefix) > 30:
			add("the %s %.40q is not a name of 1 to 30 bytes", what, prefix)
		case strings.HasPrefix(prefix, "pg_"):
			add("the %s %q: names that begin with pg_ are the server's own", what, prefix)
		}
	}
	if strings.HasPrefix(SystemSchema, s.SchemaPrefix) && s.SchemaPrefix != "" {
		add("the schema prefix %q is also that of %s", s.SchemaPrefix, SystemSchema)
	}
	if s.Dialect != sqlgen.Postgres() && !s.Dialect.IsRedshift() {
		add("the dialect %q is neither %s nor %s", s.Dialect, sqlgen.Postgres(), sqlgen.Redshift())
	}
	if err := s.dialect().validate(s); err != nil {
		add("%w", err)
	}
	if s.Enforce != EnforceViews && s.Enforce != EnforceRowSecurity {
		add("enforce %q is neither %s nor %s", s.Enforce, EnforceViews, EnforceRowSecurity)
	}
	s.validateGroups(add)
	if !slices.Contains([]IAM{IAMNone, IAMMade, IAMAll}, s.IAM) {
		add("iam %q is none of %s, %s and %s", s.IAM, IAMNone, IAMMade, IAMAll)
	}
	for _, role := range s.SeeAllRows {
		if checkName(role) != nil || role == publicRole {
			add("seeAllRows names %.80q, which is no role", role)
		}
	}
	if s.Drift != DriftRepair && s.Drift != DriftReport {
		add("drift %q is neither repair nor report", s.Drift)
	}
	for _, h := range s.AllowHazards {
		if !slices.Contains(Hazards(), h) {
			add("%q is no hazard: they are %v", h, Hazards())
		}
	}
	if s.LockTimeout < time.Millisecond || s.StatementTimeout < s.LockTimeout {
		add("the lock timeout is at least a millisecond, and the statement timeout no shorter")
	}
	if s.MaxLocks < 0 {
		add("the bound on locks is negative")
	}
	slices.SortFunc(mistakes, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(mistakes...)
}

// checkName refuses what no server could have as a name.
func checkName(name string) error {
	if name == "" || len(name) > maxNameBytes || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%.80q is not a name of 1 to %d bytes", name, maxNameBytes)
	}
	return nil
}

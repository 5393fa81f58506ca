package push

import (
	"maps"
	"slices"
	"strings"
)

// RoleKind says what one of our roles is for.
type RoleKind string

// The kinds of roles.
const (
	// RoleAudience holds grants, cannot log in, and has as members those who may use them.
	RoleAudience RoleKind = "audience"
	// RoleGroup mirrors a group of people and holds nothing.
	RoleGroup RoleKind = "group"
	// RolePerson is a person's own. It holds nothing of ours.
	RolePerson RoleKind = "person"
)

// Role is one that should be there.
type Role struct {
	Kind RoleKind
	// Comment says in words what it is for.
	Comment string
}

// ObjectKind is what can be granted on.
type ObjectKind string

// The kinds of objects.
const (
	ObjectSchema   ObjectKind = "SCHEMA"
	ObjectTable    ObjectKind = "TABLE"
	ObjectFunction ObjectKind = "FUNCTION"
	ObjectSequence ObjectKind = "SEQUENCE"
	// ObjectProcedure is one of Redshift's, which are granted apart from functions.
	ObjectProcedure ObjectKind = "PROCEDURE"
)

// Object is a schema (Name is then empty), a table or view, a sequence, or a function of SystemSchema with its argument types.
type Object struct {
	Kind         ObjectKind
	Schema, Name string
}

// Grant is a privilege of a role on an object.
type Grant struct {
	Object    Object
	Privilege string
	Role      string
}

// Columns is a list of column names in the order of the alphabet, as a comparable value; "" is the whole object.
type Columns string

func columnsOf(names []string) Columns {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return Columns(strings.Join(sorted, "\x00"))
}

// Names lists them; nil for the whole object.
func (c Columns) Names() []string {
	if c == "" {
		return nil
	}
	return strings.Split(string(c), "\x00")
}

// minus lists the columns that are not among others.
func (c Columns) minus(others Columns) []string {
	have := others.Names()
	return slices.DeleteFunc(c.Names(), func(n string) bool { return slices.Contains(have, n) })
}

// Member is who is in a role.
type Member struct{ Role, Account string }

// Relation is a table or view by name.
type Relation struct{ Schema, Name string }

// ViewColumn is a column of a view, with its type as format_type prints it.
type ViewColumn struct{ Name, Type string }

// View is a governed view.
type View struct {
	// SQL is the query; of an actual view it is "" and Digest stands for it.
	SQL string
	// Digest of the query, as the ledger has it; "" for a view that is not as we left it, or not ours.
	Digest string
	// Columns with their types, in order, of which the new ones must begin with the old ones for a view to be replaced in place.
	Columns []ViewColumn
	// Admits has the roles that the view admits, with what stands for what they are admitted to.
	Admits map[string]string
	// Functions of SystemSchema that it calls, sorted.
	Functions []string
	// Dependents are views of others that read it.
	Dependents []string
	// Writable says that PostgreSQL writes the table through it.
	Writable bool
	// Late says that it is bound to nothing: Redshift's WITH NO SCHEMA BINDING.
	Late bool
	// Foreign says that somebody else made what stands in its place.
	Foreign bool
}

// Profile is what views look up of one person.
type Profile struct {
	Account    string   `json:"account"`
	User       string   `json:"user_name"`
	Groups     []string `json:"groups"`
	Purposes   []string `json:"purposes"`
	Attributes string   `json:"attributes"` // an object of arrays, with sorted keys
	Flags      []string `json:"flags"`
	// Audiences are the roles that admit the person, sorted.
	Audiences []string `json:"audiences"`
	// Project and Tables, those that are open to the person, are on record in a Redshift alone.
	Project string   `json:"-"`
	Tables  []string `json:"-"`
	// ActsAs are the accounts as which the person may act in a Redshift.
	ActsAs []string `json:"-"`
}

func (p Profile) equal(q Profile) bool {
	return p.Account == q.Account && p.User == q.User && p.Attributes == q.Attributes && p.Project == q.Project && slices.Equal(p.Tables, q.Tables) && slices.Equal(p.ActsAs, q.ActsAs) && slices.Equal(p.Audiences, q.Audiences) &&
		slices.Equal(p.Groups, q.Groups) && slices.Equal(p.Purposes, q.Purposes) && slices.Equal(p.Flags, q.Flags)
}

// State is what should be in a database, or what is there of ours.
type State struct {
	Schemas map[string]bool
	Roles   map[string]Role
	Members map[Member]bool
	Views   map[Relation]View
	Grants  map[Grant]Columns
	Profile map[string]Profile
	// Admitted has what stands for what a role is admitted to.
	Admitted map[Admission]string
	// Paths are search paths by account.
	Paths map[string]string
}

func newState() State {
	return State{
		Schemas: map[string]bool{}, Roles: map[string]Role{}, Members: map[Member]bool{}, Views: map[Relation]View{},
		Grants: map[Grant]Columns{}, Profile: map[string]Profile{}, Admitted: map[Admission]string{}, Paths: map[string]string{},
	}
}

// clone copies the maps; what they hold is not changed by anybody.
func (s State) clone() State {
	return State{
		Schemas: maps.Clone(s.Schemas), Roles: maps.Clone(s.Roles), Members: maps.Clone(s.Members), Views: maps.Clone(s.Views),
		Grants: maps.Clone(s.Grants), Profile: maps.Clone(s.Profile), Admitted: maps.Clone(s.Admitted), Paths: maps.Clone(s.Paths),
	}
}

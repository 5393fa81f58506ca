package resource

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/secret"
)

// TokenDomain declares a domain of keyed masks.
type TokenDomain struct {
	Pos         policy.Pos `yaml:"-"`
	Name        string     `yaml:"name"`
	Description string     `yaml:"description"`
	// Key is where the key is (base64 of 32 bytes); without one each warehouse draws its own, and tokens of two
	// warehouses do not join.
	Key secret.Ref `yaml:"key"`
	// Version counts keys from 1; a larger one rotates.
	Version int `yaml:"version"`
}

// FunctionAllowList lists what of a warehouse's own functions, operators and types queries may use.
type FunctionAllowList struct {
	Pos        policy.Pos `yaml:"-"`
	Name       string     `yaml:"name"`
	Connection string     `yaml:"connection"`
	// Functions as regprocedure prints them, schema-qualified: public.area(numeric, numeric).
	Functions []string `yaml:"functions"`
	// Operators as regoperator prints them, schema-qualified: public.<->(point, point).
	Operators []string `yaml:"operators"`
	// Types by qualified name.
	Types []string `yaml:"types"`
	// Casts that run a function, as `source AS target`.
	Casts []string `yaml:"casts"`
}

// Sandbox is where people may make tables of their own: each has a schema, which nobody else reads.
type Sandbox struct {
	Pos        policy.Pos `yaml:"-"`
	Name       string     `yaml:"name"`
	Connection string     `yaml:"connection"`
	// Schema begins the names of the schemas: that of ann is called schema_ann.
	Schema  string  `yaml:"schema"`
	Members Members `yaml:"members"`
}

// PushSettings say what Postern maintains inside a warehouse for people who connect to it directly.
type PushSettings struct {
	Pos        policy.Pos `yaml:"-"`
	Name       string     `yaml:"name"`
	Connection string     `yaml:"connection"`
	// User is the system role, which owns what is maintained, and Password where its password is.
	User     string     `yaml:"user"`
	Password secret.Ref `yaml:"password"`
	// Enforce is views or rowSecurity.
	Enforce string `yaml:"enforce"`
	// SeeAllRows are roles of the warehouse's own from which row policies hide nothing.
	SeeAllRows []string `yaml:"seeAllRows"`
	// Schema holds the views of each base schema under this prefix.
	SchemaPrefix string `yaml:"schemaPrefix"`
	// RolePrefix begins the names of the roles that hold grants.
	RolePrefix string `yaml:"rolePrefix"`
	// CreateRoles lets Postern make roles itself; nil from PostgreSQL 16 on alone, where CREATEROLE reaches no other roles.
	CreateRoles *bool `yaml:"createRoles"`
	// GroupRoles says which groups are roles that hold nothing: used, all or none; GroupRole how they are called, with {prefix}, {database} and {group}.
	GroupRoles string `yaml:"groupRoles"`
	GroupRole  string `yaml:"groupRole"`
	// IAM says whose accounts log in by AWS IAM: none, made or all.
	IAM string `yaml:"iam"`
	// ReadOnly gives nobody the right to write directly.
	ReadOnly bool `yaml:"readOnly"`
	// Impersonation lets people act as others in the warehouse itself, as `impersonate` of users and groups says; on a Redshift alone.
	Impersonation bool `yaml:"impersonation"`
	// Interval between two looks for drift, in seconds.
	Interval int `yaml:"interval"`
	// Paused has nothing be changed in the warehouse, but for what unregistering takes back.
	Paused bool `yaml:"paused"`
	// Drift is repair or report.
	Drift string `yaml:"drift"`
	// LockTimeout bounds the wait for one lock, in milliseconds.
	LockTimeout int `yaml:"lockTimeout"`
	// AllowHazards lists the hazards that a plan may have.
	AllowHazards []string `yaml:"allowHazards"`
}

// IdentityMapping says which account of a warehouse is which person.
type IdentityMapping struct {
	Pos        policy.Pos `yaml:"-"`
	Name       string     `yaml:"name"`
	Connection string     `yaml:"connection"`
	// Attribute of the person whose one value is the account; Users comes first.
	Attribute string `yaml:"attribute"`
	// Users maps people to accounts.
	Users map[string]string `yaml:"users"`
}

// APIToken lets a program use the HTTP API.
type APIToken struct {
	Pos  policy.Pos `yaml:"-"`
	Name string     `yaml:"name"`
	// Role is admin, governor, dataOwner, auditor or person.
	Role string `yaml:"role"`
	// User is the person for whom the token acts.
	User string `yaml:"user"`
	// Token is where the token is; its digest is kept.
	Token secret.Ref `yaml:"token"`
	// Expires is an instant (RFC 3339).
	Expires string `yaml:"expires"`
}

func (d TokenDomain) validate(add func(error)) {
	add(checkWord("token domain", d.Name))
	if d.Version < 0 {
		add(errors.New("the version is negative"))
	}
}

func (f FunctionAllowList) validate(add func(error)) {
	add(checkPolicyName(f.Name))
	for _, name := range slices.Concat(f.Functions, f.Operators, f.Types, f.Casts) {
		add(checkWord("name", name))
	}
}

func (s Sandbox) validate(add func(error)) {
	add(checkPolicyName(s.Name))
	add(checkWord("schema", s.Schema))
}

func (p PushSettings) validate(add func(error)) {
	add(checkPolicyName(p.Name))
	if p.Interval < 0 || p.LockTimeout < 0 {
		add(errors.New("the interval or the lock timeout is negative"))
	}
	if p.GroupRole != "" && strings.Count(p.GroupRole, "{group}") != 1 {
		add(fmt.Errorf("groupRole %s has {group} in it, once", clip(p.GroupRole)))
	}
	for _, role := range p.SeeAllRows {
		add(checkWord("role", role))
		if role == "public" {
			add(errors.New("seeAllRows names public, which is everybody"))
		}
	}
	if p.Enforce != "rowSecurity" && len(p.SeeAllRows) > 0 {
		add(errors.New("seeAllRows is for enforce: rowSecurity"))
	}
	for _, h := range p.AllowHazards {
		if !slices.Contains(hazards(), h) {
			add(fmt.Errorf("%s is not one of the hazards %v", clip(h), hazards()))
		}
	}
}

// hazards are those that a plan can have, as package push names them.
func hazards() []string {
	return []string{"WIDENS_ACCESS", "DROPS_DEPENDENTS", "FOREIGN_OBJECT", "HIDES_ROWS_FROM_OTHERS", "LOCKS_LONG", "REWRITES_TABLE"}
}

func (m IdentityMapping) validate(add func(error)) {
	add(checkPolicyName(m.Name))
	if m.Attribute == "" && len(m.Users) == 0 {
		add(errors.New("neither attribute nor users is given"))
	}
	account := map[string]string{}
	for _, user := range slices.Sorted(maps.Keys(m.Users)) {
		add(checkWord("account", m.Users[user]))
		if other, dup := account[m.Users[user]]; dup {
			add(fmt.Errorf("account %s is both %s and %s", clip(m.Users[user]), other, clip(user)))
		}
		account[m.Users[user]] = clip(user)
	}
}

func (a APIToken) validate(add func(error)) {
	add(checkPolicyName(a.Name))
	add(checkInstant("expires", a.Expires))
	if (a.Role == RolePerson || a.Role == "dataOwner") && a.User == "" {
		add(fmt.Errorf("a token of role %s has a user", a.Role))
	}
}

// RolePerson is the role of a token with which a person does what concerns themselves.
const RolePerson = "person"

func checkInstant(what, text string) error {
	if text == "" {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		return fmt.Errorf("%s: %q is not an instant like 2027-01-31T12:00:00Z", what, clip(text))
	}
	return nil
}

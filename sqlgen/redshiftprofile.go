package sqlgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What a stored view on Redshift reads of the person who asks: three views of the schema postern_system, which show what belongs to that person
// (current_user, and whom they act for) and nothing else. docs/redshift-stored-views.md says what else has to hold of them.
//
// RedshiftProfileView has one row, or none for who may see nothing. A stored view shows nothing to who has none, and nothing to who
// has two: Redshift does not enforce primary keys. RedshiftEntitlementView has a row for each thing that the person has.
const (
	RedshiftSystemSchema    = systemSchema
	RedshiftProfileView     = "user_profile"
	RedshiftEntitlementView = "user_entitlement"
	// RedshiftAdmissionView has a row for each view to which the person is admitted.
	RedshiftAdmissionView = "user_admission"
)

// RedshiftColumn is one column of these views, and of the tables behind them. None is ever NULL.
type RedshiftColumn struct{ Name, Type string }

// The lengths of the columns, in bytes as Redshift counts.
const (
	// RedshiftMaxList bounds a list of the profile: that of the longest text.
	RedshiftMaxList = maxRedshiftText
	// redshiftMaxAccount bounds the name of an account ("Names and identifiers" in the Database Developer Guide).
	redshiftMaxAccount = 127
	// redshiftMaxUser bounds the names of people and projects.
	redshiftMaxUser = 256
	// redshiftMaxName bounds the name of an entitlement.
	redshiftMaxName = 1024
	// redshiftMaxValue bounds a value that a column is compared with; escaped it still fits into any list.
	redshiftMaxValue = 16_384
)

// RedshiftProfileColumns are the columns of RedshiftProfileView, in the order of RedshiftProfile.Values.
//
// The account is who asks, as current_user says. The lists are those of RedshiftList.
func RedshiftProfileColumns() []RedshiftColumn {
	list := redshiftVarchar(RedshiftMaxList)
	return []RedshiftColumn{
		{"account", redshiftVarchar(redshiftMaxAccount)}, {"user_name", redshiftVarchar(redshiftMaxUser)}, {"project", redshiftVarchar(redshiftMaxUser)},
		{"groups", list}, {"purposes", list}, {"attributes", list}, {"flags", list},
	}
}

// RedshiftEntitlementColumns are the columns of RedshiftEntitlementView, in the order of RedshiftEntitlement.Values. The table behind it has the
// account before them.
func RedshiftEntitlementColumns() []RedshiftColumn {
	return []RedshiftColumn{{"kind", redshiftVarchar(16)}, {"name", redshiftVarchar(redshiftMaxName)}, {"value", redshiftVarchar(redshiftMaxValue)}}
}

// RedshiftAdmissionColumns are the columns of RedshiftAdmissionView: those of Admission.
func RedshiftAdmissionColumns() []RedshiftColumn {
	return []RedshiftColumn{{"view_schema", redshiftVarchar(redshiftMaxAccount)}, {"view_name", redshiftVarchar(redshiftMaxAccount)}, {"digest", redshiftVarchar(64)}}
}

func redshiftVarchar(n int) string { return "character varying(" + strconv.Itoa(n) + ")" }

// The kinds of entitlements. Stored views read groups, purposes and attributes; tables and flags are there for whoever looks at who may what.
const (
	RedshiftKindGroup     = "group"
	RedshiftKindPurpose   = "purpose"
	RedshiftKindAttribute = "attribute"
	RedshiftKindTable     = "table"
	RedshiftKindFlag      = "flag"
	// RedshiftKindAudience is a role that admits the person.
	RedshiftKindAudience = "audience"
	// RedshiftKindActAs is an account as which this one may act: whom user_profile shows then is push's affair.
	RedshiftKindActAs = "act as"
)

// RedshiftPerson is of whom a profile is made.
type RedshiftPerson struct {
	// Account is the person's in the warehouse, exactly as current_user says it there.
	Account string
	// User is the person's name, of whom the rest is said.
	User, Project string
	// Groups, Purposes, Attributes are those of identity.Principal, and Flags those of policy.Program.FlagsAt.
	Groups, Purposes []string
	Attributes       map[string][]string
	Flags            []string
	// Tables are those that are open to the person, as schema.table. They become entitlements and nothing else.
	Tables []string
	// Audiences are the roles that admit the person to views. They become entitlements and nothing else.
	Audiences []string
	// ActsAs are the accounts as which the person may act. They become entitlements and nothing else.
	ActsAs []string
}

// RedshiftProfile is one row of RedshiftProfileView.
type RedshiftProfile struct{ Account, User, Project, Groups, Purposes, Attributes, Flags string }

// Values are the row's, in the order of RedshiftProfileColumns.
func (p RedshiftProfile) Values() []string {
	return []string{p.Account, p.User, p.Project, p.Groups, p.Purposes, p.Attributes, p.Flags}
}

// RedshiftEntitlement is one row of RedshiftEntitlementView. Name ends in a semicolon, because comparisons ignore blanks at the end; it is a
// semicolon alone where the kind has no names.
type RedshiftEntitlement struct{ Kind, Name, Value string }

// Values are the row's, in the order of RedshiftEntitlementColumns.
func (e RedshiftEntitlement) Values() []string { return []string{e.Kind, e.Name, e.Value} }

// NewRedshiftProfile makes the rows of a person; the entitlements are sorted, and none is there twice. Text that the warehouse cannot hold is left out, since it
// equals nothing there. The error says what does not fit: who has it can be given no profile, because a list that was cut would mean more under a negation.
func NewRedshiftProfile(p RedshiftPerson) (RedshiftProfile, []RedshiftEntitlement, error) {
	out := RedshiftProfile{Account: p.Account, User: p.User, Project: p.Project, Groups: RedshiftList(p.Groups), Purposes: RedshiftList(p.Purposes),
		Attributes: redshiftPairs(p.Attributes), Flags: RedshiftList(p.Flags)}
	for i, c := range RedshiftProfileColumns() {
		if err := redshiftFits(c, out.Values()[i]); err != nil {
			return RedshiftProfile{}, nil, fmt.Errorf("making the profile of %s: %w", p.User, err)
		}
	}
	if p.Account == "" || p.User == "" || strings.HasSuffix(p.Account, " ") {
		return RedshiftProfile{}, nil, fmt.Errorf("making the profile of %q: the account %q or the name is empty, or ends in a blank, which comparisons ignore", p.User, p.Account)
	}
	var rows []RedshiftEntitlement
	add := func(kind, name string, values []string) {
		for _, v := range values {
			if redshiftStorable(v) {
				rows = append(rows, RedshiftEntitlement{kind, redshiftName(name), v})
			}
		}
	}
	add(RedshiftKindGroup, "", p.Groups)
	add(RedshiftKindPurpose, "", p.Purposes)
	add(RedshiftKindTable, "", p.Tables)
	add(RedshiftKindFlag, "", p.Flags)
	add(RedshiftKindAudience, "", p.Audiences)
	add(RedshiftKindActAs, "", p.ActsAs)
	for name, values := range p.Attributes {
		if redshiftStorable(name) {
			add(RedshiftKindAttribute, name, values)
		}
	}
	slices.SortFunc(rows, func(a, b RedshiftEntitlement) int { return slices.Compare(a.Values(), b.Values()) })
	rows = slices.Compact(rows)
	for _, row := range rows {
		for i, c := range RedshiftEntitlementColumns() {
			if err := redshiftFits(c, row.Values()[i]); err != nil {
				return RedshiftProfile{}, nil, fmt.Errorf("making the profile of %s: %w", p.User, err)
			}
		}
	}
	return out, rows, nil
}

func redshiftFits(c RedshiftColumn, value string) error {
	t, err := redshiftColumn(c.Type)
	if err != nil {
		return err
	}
	if len(value) > t.n || !redshiftStorable(value) {
		return fmt.Errorf("its %s has %d bytes, more than the %d that fit, or is not text", c.Name, len(value), t.n)
	}
	return nil
}

// RedshiftList prints a list of the profile. A percent sign in a value is escaped as %25, so that any other sign behind one is not of a value:
//
//	list  = { item }
//	item  = "%v" text "%e" blanks "%;"     a value without the blanks at its end, and how many there were
//	      | "%x%;"                         a value that the warehouse cannot hold
//
// A stored view looks for one value by strpos: `%vtext%e0%;` is there if exactly that value is, and `%vtext%e` if one is that the warehouse's
// comparisons, which ignore blanks at the end, take for the same.
func RedshiftList(values []string) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(redshiftItem(v))
	}
	return b.String()
}

// redshiftPairs prints the attributes in the same way, with "%n" and the name, escaped, before each value.
func redshiftPairs(attributes map[string][]string) string {
	var items []string
	for name, values := range attributes {
		if !redshiftStorable(name) {
			continue
		}
		for _, v := range values {
			items = append(items, redshiftNamed(name)+redshiftItem(v))
		}
	}
	slices.Sort(items)
	return strings.Join(items, "")
}

func redshiftNamed(name string) string { return "%n" + redshiftEscape(name) }

func redshiftItem(value string) string {
	if !redshiftStorable(value) {
		return "%x%;"
	}
	text := strings.TrimRight(value, " ")
	return "%v" + redshiftEscape(text) + "%e" + strconv.Itoa(len(value)-len(text)) + "%;"
}

func redshiftEscape(text string) string { return strings.ReplaceAll(text, "%", "%25") }

// redshiftName is a name as an entitlement has it.
func redshiftName(name string) string { return name + ";" }

func redshiftStorable(v string) bool { return utf8.ValidString(v) && !strings.ContainsRune(v, 0) }

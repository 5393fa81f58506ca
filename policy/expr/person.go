package expr

// The expressions below ask about the person. Binding a principal replaces each by literals; under the deferred binding
// they stay, and sqlgen prints them as look-ups in the person's profile row.

// AttributeContains is @attributeValuesContains(Name, Arg [, Placeholder]): Arg as text is one of the person's
// values of the attribute. Without values the Placeholder stands for the list; without one the answer is false.
type AttributeContains struct {
	Name        string
	Arg         Expr
	Placeholder *string
}

// GroupsContain is @groupsContains(Arg [, Placeholder]).
type GroupsContain struct {
	Arg         Expr
	Placeholder *string
}

// PurposesContain is @purposesContains(Arg [, Placeholder]).
type PurposesContain struct {
	Arg         Expr
	Placeholder *string
}

// HasAttribute is @hasAttribute(Name, Value).
type HasAttribute struct{ Name, Value string }

// IsInGroups is @isInGroups(Names…): member of all of them.
type IsInGroups struct{ Names []string }

// IsUsingPurpose is @isUsingPurpose(Names…): the active project has one of them.
type IsUsingPurpose struct{ Names []string }

// UsingAnyPurpose is true if the active project has a purpose, whichever.
type UsingAnyPurpose struct{}

// Username is @username, the person's name as text.
type Username struct{}

// ConditionFlag is one of the flags of the person's profile (policy.Program.Flags): a condition that was evaluated when the
// profile was written. It stands in deferred decisions only.
type ConditionFlag struct{ Name string }

// KnownPerson is true for who has a profile. It stands in deferred decisions only.
type KnownPerson struct{}

func (AttributeContains) isExpr() {}
func (GroupsContain) isExpr()     {}
func (PurposesContain) isExpr()   {}
func (HasAttribute) isExpr()      {}
func (IsInGroups) isExpr()        {}
func (IsUsingPurpose) isExpr()    {}
func (UsingAnyPurpose) isExpr()   {}
func (Username) isExpr()          {}
func (ConditionFlag) isExpr()     {}
func (KnownPerson) isExpr()       {}

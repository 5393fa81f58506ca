package catalog

// What a warehouse has beside the built-in functions, operators, types and casts, as a crawl finds it.

// Routine is a function or an aggregate of the warehouse's own.
type Routine struct {
	Schema, Name string
	// Signature is what regprocedure prints under the search_path pg_catalog: public.area(numeric,numeric).
	Signature string
	// Min and Max bound the number of arguments; Max is -1 where there is no bound (VARIADIC).
	Min, Max int
	// Kind is pg_proc.prokind: f, a or w. Procedures are left out.
	Kind byte
	// Record is true where it returns a row.
	Record bool
}

// Named is an operator or a type of the warehouse's own. Signature is what regoperator or format_type prints.
type Named struct{ Schema, Name, Signature string }

// Cast is a user-defined cast that runs a function, by what format_type prints of its types.
type Cast struct{ Source, Target string }

// Own is all of it.
type Own struct {
	Routines  []Routine
	Operators []Named
	Types     []Named
	Casts     []Cast
}

type ownName struct{ schema, name string }

// Allowed is what of a warehouse's own an administrator lets queries use. The zero value and nil allow nothing.
type Allowed struct {
	functions map[ownName][]Function
	operators map[ownName]bool
	types     map[ownName]bool
}

// NewAllowed lists what is allowed. Every overload of a function or operator that is named must be in the lists: which one a call means is
// the warehouse's to say.
func NewAllowed(routines []Routine, operators, types []Named) *Allowed {
	a := &Allowed{functions: map[ownName][]Function{}, operators: map[ownName]bool{}, types: map[ownName]bool{}}
	for _, r := range routines {
		shape := ShapeScalar
		if r.Record {
			shape = ShapeRecord
		}
		key := ownName{r.Schema, r.Name}
		a.functions[key] = append(a.functions[key], Function{Min: r.Min, Max: r.Max, Kinds: string(r.Kind), Volatility: "v", Shape: shape})
	}
	for _, o := range operators {
		a.operators[ownName{o.Schema, o.Name}] = true
	}
	for _, t := range types {
		a.types[ownName{t.Schema, t.Name}] = true
	}
	return a
}

// Function finds an allowed function by its schema, name and number of arguments.
func (a *Allowed) Function(schema, name string, nargs int) (Function, bool) {
	if a == nil {
		return Function{}, false
	}
	for _, f := range a.functions[ownName{schema, name}] {
		if nargs >= f.Min && (f.Max < 0 || nargs <= f.Max) {
			return f, true
		}
	}
	return Function{}, false
}

// Operator reports whether the operators of the name are allowed.
func (a *Allowed) Operator(schema, name string) bool {
	return a != nil && a.operators[ownName{schema, name}]
}

// Type reports whether the type may be named in casts and literals.
func (a *Allowed) Type(schema, name string) bool { return a != nil && a.types[ownName{schema, name}] }

// Allow returns the snapshot with what an administrator lets queries use.
func (s *Snapshot) Allow(a *Allowed) *Snapshot {
	out := *s
	out.allowed = a
	return &out
}

// Allowed is what an administrator lets queries use; nil allows nothing.
func (s *Snapshot) Allowed() *Allowed { return s.allowed }

package policy

// reachable is the program for a source that is read by a view: everybody is let in who may see the view, to read, unless a guardrail
// of the source itself says otherwise. Row rules and masks are the source's own.
func (t *tableProgram) reachable() *tableProgram {
	out := *t
	out.reached = true
	out.grants = []subscription{{policy: "through a view", who: audience{anyone: true}}}
	return &out
}

package policy

// Sandbox is a schema of the warehouse in which one person may make tables of their own, and which nobody else reads.
type Sandbox struct {
	// Name is that of the resource, for explanations.
	Name string
	// Schema belongs to the person alone.
	Schema string
	// Owner is the person's user name.
	Owner string
}

// Sandbox returns whose sandbox a schema is; false if it is none.
func (p *Program) Sandbox(schema string) (Sandbox, bool) {
	s, ok := p.sandboxes[schema]
	return s, ok
}

// HasSandbox reports whether the person has a sandbox in this warehouse.
func (p *Program) HasSandbox(user string) bool { return p.owners[user] }

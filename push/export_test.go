package push

// Before has tests look at, and stop, each statement that changes anything.
func (c *Config) Before(f func(sql string) error) { c.before = f }

// Committed tells tests of each transaction.
func (c *Config) Committed(f func()) { c.committed = f }

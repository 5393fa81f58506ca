package control

// Person is who an account of a warehouse is, as the connection's IdentityMapping says, or else the person of that very name. It is false for the
// service role, for accounts that are nobody's or two people's, and for people who may not log in.
func (g *Generation) Person(connection, account string) (user string, ok bool) {
	if g == nil {
		return "", false
	}
	return g.personOf(connection, account)
}

package policy

// Mask selects columns and says how they read. Exactly one kind of mask is set: the fields from Hide to Custom.
type Mask struct {
	// ColumnTags select columns by tag; Columns by exact name. One of them at least is set, but for the mask of an Otherwise, which
	// acts on the columns of its rule.
	ColumnTags []string `yaml:"columnTags"`
	Columns    []string `yaml:"columns"`
	// Where is a SQL condition on the row: the mask acts on the rows for which it is not false. Empty means all rows. Hide has none.
	Where string `yaml:"where"`

	// Hide leaves the column out, as if the source had none of this name.
	Hide             bool                  `yaml:"hide"`
	Null             bool                  `yaml:"null"`
	KAnonymity       *KAnonymityMask       `yaml:"kAnonymity"`
	Constant         *string               `yaml:"constant"`
	Randomized       *RandomizedMask       `yaml:"randomized"`
	Hash             *HashMask             `yaml:"hash"`
	Reversible       *ReversibleMask       `yaml:"reversible"`
	FormatPreserving *FormatPreservingMask `yaml:"formatPreserving"`
	Regex            *RegexMask            `yaml:"regex"`
	Round            *RoundMask            `yaml:"round"`
	// Custom is a SQL expression that gives the value; @value is the masked column.
	Custom string `yaml:"custom"`
}

// KAnonymityMask suppresses rare combinations: the rule's columns read NULL in rows whose combination of values fewer than K of
// the rows have that the person may see.
type KAnonymityMask struct {
	// K is at least 2.
	K int `yaml:"k"`
}

// RandomizedMask replaces values at random, the same way at every look: exactly one of Values and Noise is set. The draw is a
// keyed hash of the source's declared key and the value.
type RandomizedMask struct {
	// Values are those of which one stands in place of the true one, with Percent (1 to 100) as the probability.
	Values  []string `yaml:"values"`
	Percent int      `yaml:"percent"`
	// Noise bounds what is added: a number for numbers, a duration (12h, 30d) for dates and times. It is uniform and its mean is 0.
	Noise string `yaml:"noise"`
	// Domain names the token domain whose key is used; empty means "default".
	Domain string `yaml:"domain"`
}

// HashMask replaces text by a keyed hash, the same for equal values of one domain.
type HashMask struct {
	// Domain names the token domain whose key is used; empty means "default".
	Domain string `yaml:"domain"`
}

// ReversibleMask encrypts text (AES-SIV, RFC 5297), the same for equal values of one domain; who has the key can reveal it.
type ReversibleMask struct {
	// Domain names the token domain whose key is used; empty means "default".
	Domain string `yaml:"domain"`
}

// FormatPreservingMask encrypts the characters of an alphabet in text (FF1, NIST SP 800-38G) and keeps all others where they are.
type FormatPreservingMask struct {
	// Domain names the token domain whose key is used; empty means "default".
	Domain string `yaml:"domain"`
	// Alphabet is digits, lowerAlphanumeric or alphanumeric; empty means digits.
	Alphabet string `yaml:"alphabet"`
}

// RegexMask replaces every match of a pattern in text.
type RegexMask struct {
	// Pattern is in the subset that is documented in docs/policies.md.
	Pattern string `yaml:"pattern"`
	// Replace is the replacement; \1 to \9 stand for groups, \& for the whole match, \\ for a backslash.
	Replace string `yaml:"replace"`
}

// RoundMask coarsens numbers and times.
type RoundMask struct {
	// To is a positive number, or a unit of date_trunc (minute, hour, day, week, month, quarter, year).
	To string `yaml:"to"`
}

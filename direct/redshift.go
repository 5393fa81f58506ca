package direct

import (
	"strings"

	"github.com/posternsql/postern/rewrite"
)

// temporary begin the names of accounts of temporary credentials; what follows is the account's own name, or that of the AWS identity
// (Management Guide, "Using IAM authentication to generate database user credentials").
var temporary = [...]string{"IAM:", "IAMA:"}

// person is who an account is. On a Redshift one with a prefix of temporary credentials may be told by what follows, where that is the same person
// or only one of the two names is anybody's.
func (c *Collector) person(state State, account string) (user string, ok bool) {
	user, ok = state.Person(c.config.Connection, account)
	if !c.config.Redshift {
		return user, ok
	}
	for _, prefix := range temporary {
		bare, found := strings.CutPrefix(account, prefix)
		if !found {
			continue
		}
		other, is := state.Person(c.config.Connection, bare)
		switch {
		case is && ok && other != user:
			return "", false
		case is:
			return other, true
		}
	}
	return user, ok
}

// lines gives a text of a Redshift's system view its lines. Some releases have a new line in it as two characters, behind which a comment of
// one line would hide the rest: where a text has no real one, they are read as new lines, which within a string mean the same.
func lines(text string) string {
	if strings.Contains(text, "\n") {
		return text
	}
	return strings.ReplaceAll(text, `\n`, "\n")
}

func redshiftRelations(text string) ([]rewrite.Relation, error) {
	out, err := rewrite.RedshiftRelations(lines(text))
	if err != nil {
		return rewrite.RedshiftRelations(text)
	}
	return out, nil
}

// readable is a text as it was sent, as far as the log lets it be told.
func (c *Collector) readable(text string) string {
	if c.config.Redshift {
		return lines(text)
	}
	return text
}

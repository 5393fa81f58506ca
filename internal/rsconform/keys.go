package rsconform

import (
	"errors"
	"regexp"
	"strings"
)

// keyRelation is the one form in which keys of masks are read: two columns of one row, or of none for a token domain that has not one.
const keyRelation = `( SELECT max ( "postern_r" . "inner_key" ) AS "inner_key" , max ( "postern_r" . "outer_key" ) AS "outer_key" FROM "postern_functions" . "mask_keys" AS "postern_r" ` +
	`WHERE ( "postern_r" . "domain" = ? ) HAVING ( count ( * ) = 1 ) ) AS`

var keyAlias = regexp.MustCompile(`^"postern_k[0-9]+"$`)

// keys checks that keys are read in that form alone, and stand nowhere but first in what is hashed.
func (c *checker) keys() error {
	form := strings.Fields(keyRelation)
	const table = 22 // where the table's name is in it
	for i, t := range c.tokens {
		switch {
		case t.kind == 'q' && t.text == `"mask_keys"`:
			for j, want := range form {
				if at := i - table + j; want == "?" && c.kind(at) != 's' || want != "?" && c.at(at) != want {
					return errors.New("keys of masks are read in another form")
				}
			}
			if alias := c.at(i - table + len(form)); !keyAlias.MatchString(alias) {
				return errors.New("keys of masks by another name")
			}
		case t.kind == 'q' && keyAlias.MatchString(t.text) && c.at(i-1) != "AS":
			before := i - 1
			for c.at(before) == "(" {
				before--
			}
			if c.at(before) != "sha2" || c.at(i+1) != "." || c.at(i+3) != "||" {
				return errors.New("a key that is not hashed first")
			}
		case t.kind == 'q' && (t.text == `"inner_key"` || t.text == `"outer_key"`):
			if before := c.at(i - 2); !keyAlias.MatchString(before) && before != `"postern_r"` && c.at(i-1) != "AS" {
				return errors.New("a key of something else")
			}
		}
	}
	return nil
}

package rsconform

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// frame is one open bracket: what it opened behind, and in which clause of a query we are within it.
type frame struct {
	opener string
	clause string
	// item is set where a relation or a sub-select must come next.
	item bool
	// scope is the query that this is of.
	scope *scope
}

// checker looks at one text.
type checker struct {
	tokens   []token
	stack    []frame
	queries  map[string]bool
	relation bool
	leader   string
	// session are words about the session that this text may have.
	session map[string]bool
	scopes  []*scope
	// schemas are those of the relations.
	schemas []string
}

// Check says what of one query is not of the form that Postern prints for a Redshift.
func Check(sql string) error { return check(sql, nil) }

// CheckProfile is Check for the views that say who asks: they alone may ask who and which session that is ("System information functions").
func CheckProfile(sql string) error {
	return check(sql, ofSession())
}

func ofSession() map[string]bool { return words("current_user current_setting pg_backend_pid") }

func check(sql string, session map[string]bool) error {
	_, err := read(sql, session)
	return err
}

// read looks at one query, token by token.
func read(sql string, session map[string]bool) (*checker, error) {
	standard, err := split(sql, false)
	if err != nil {
		return nil, err
	}
	escaped, err := split(sql, true)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.Contains(sql, `\`):
		return nil, errors.New("a backslash")
	case !slices.Equal(standard, escaped):
		return nil, errors.New("it reads in two ways")
	case len(standard) == 0:
		return nil, errors.New("it is empty")
	}
	whole := &scope{}
	c := &checker{tokens: standard, stack: []frame{{scope: whole}}, queries: map[string]bool{}, session: session, scopes: []*scope{whole}}
	for i := range c.tokens {
		if err := c.token(i); err != nil {
			return nil, fmt.Errorf("token %d, %s: %w", i+1, c.tokens[i].text, err)
		}
	}
	switch {
	case len(c.stack) != 1 || c.top().item:
		return nil, errors.New("a bracket is not closed, or an item of FROM is missing")
	case c.leader != "" && c.relation:
		return nil, fmt.Errorf("%s runs on the leader node alone", c.leader)
	}
	if err := c.keys(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *checker) at(i int) string {
	if i < 0 || i >= len(c.tokens) {
		return ""
	}
	return c.tokens[i].text
}

func (c *checker) kind(i int) byte {
	if i < 0 || i >= len(c.tokens) {
		return 0
	}
	return c.tokens[i].kind
}

func (c *checker) top() *frame { return &c.stack[len(c.stack)-1] }

func (c *checker) token(i int) error {
	t := c.tokens[i]
	switch t.kind {
	case 'q':
		return c.name(i)
	case 's':
		if k := c.kind(i - 1); k == 's' || k == 'w' && len(c.at(i-1)) == 1 {
			return errors.New("a string beside another, or with a prefix")
		}
	case 'n':
		if k := c.kind(i - 1); k == 'w' && c.at(i-1) != "LIMIT" && c.at(i-1) != "OFFSET" && !keywords()[c.at(i-1)] {
			return errors.New("a number behind a word")
		}
	case 'p':
		return c.punctuation(i)
	case 'w':
		return c.word(i)
	}
	return nil
}

var nameForm = regexp.MustCompile(`^"(?:[^"\\\x00-\x1f]|"")+"$`)

// name checks a name in quotes, and what it is where a relation must stand.
func (c *checker) name(i int) error {
	text := c.tokens[i].text
	if !nameForm.MatchString(text) || strings.ToLower(text) != text || len(strings.ReplaceAll(text, `""`, `"`))-2 > 63 {
		return errors.New("a name that is not folded, or too long")
	}
	if c.at(i+1) == "(" && c.at(i-1) == "." {
		if c.at(i-2) != `"postern_functions"` || !own()[strings.Trim(text, `"`)] {
			return errors.New("a function that is not one of Postern's")
		}
		return nil
	}
	if c.at(i-1) == "WITH" || c.at(i-1) == "RECURSIVE" || c.at(i-1) == "," && c.top().clause == "with" {
		c.queries[text] = true
		return nil
	}
	if f := c.top(); f.item {
		f.item = false
		switch {
		case c.at(i+1) == "." && c.kind(i+2) == 'q':
			c.relation = true
			c.schemas = append(c.schemas, text)
			f.scope.relation(c, i+2)
		case !c.queries[text]:
			return errors.New("a relation without its schema")
		default:
			f.scope.relation(c, i)
		}
	} else if c.at(i+1) == "." && c.at(i-1) != "." && c.at(i+3) != "(" {
		f.scope.names = append(f.scope.names, text)
	}
	return nil
}

func (c *checker) punctuation(i int) error {
	f := c.top()
	switch t := c.tokens[i].text; t {
	case "(":
		inner := frame{opener: c.at(i - 1), scope: c.open(i, f.scope)}
		switch {
		case f.item && c.at(i+1) == "SELECT", f.item && c.at(i+1) == "WITH":
			f.item, inner.opener = false, "item"
		case f.item:
			// A join, or a set operation, in brackets of its own.
			f.item, inner.opener, inner.clause = false, "item", "from"
			inner.item = !c.opensQuery(i)
		}
		c.stack = append(c.stack, inner)
	case ")":
		if len(c.stack) == 1 || f.item {
			return errors.New("a bracket that nothing opens, or an item of FROM is missing")
		}
		opener := f.opener
		c.stack = c.stack[:len(c.stack)-1]
		if opener == "item" && c.opened(i) && c.at(i+1) != "AS" && c.at(i+1) != ")" && !setWord(c.at(i+1)) {
			return errors.New("a sub-select without a name")
		}
		if opener == "item" && c.at(i+1) == "AS" {
			c.top().scope.aliases = append(c.top().scope.aliases, c.at(i+2))
		}
	case ",":
		if f.item {
			return errors.New("an item of FROM is missing")
		}
		f.item = f.clause == "from" && f.opener != "extract"
	case ".", "=", "<>", "<", "<=", ">", ">=", "||", "+", "-", "*", "/", "%", "^", "&", "|", "~", "~*", "!~", "!~*", "<<", ">>":
	default:
		return errors.New("punctuation that is not allowed")
	}
	return nil
}

// opensQuery reports brackets at i with a query in them, at whatever depth.
func (c *checker) opensQuery(i int) bool {
	for c.at(i) == "(" {
		i++
	}
	return c.at(i) == "SELECT"
}

// opened reports that the bracket which ends at i holds a query and not a join.
func (c *checker) opened(i int) bool {
	depth := 0
	for ; i >= 0; i-- {
		switch c.at(i) {
		case ")":
			depth++
		case "(":
			if depth--; depth == 0 {
				return c.at(i+1) == "SELECT" || c.at(i+1) == "WITH"
			}
		}
	}
	return false
}

func setWord(w string) bool { return w == "UNION" || w == "INTERSECT" || w == "EXCEPT" }

// word checks a word without quotes: a keyword, a function before a bracket, a date part, a type behind AS.
func (c *checker) word(i int) error {
	w, f := c.tokens[i].text, c.top()
	called := c.at(i+1) == "("
	if leaders()[w] && (called || strings.HasPrefix(w, "current") || strings.HasPrefix(w, "local")) {
		c.leader = w
	}
	switch {
	case c.at(i-1) == "AS":
		return c.types(i)
	case c.inType(i):
		return nil
	case called && functions()[w]:
		return nil
	case c.session[w] && called == (w != "current_user"):
		return nil
	case parts()[w] && c.at(i-1) == "(" && words("dateadd datediff date_add date_diff date_part extract")[c.at(i-2)]:
		return nil
	case !keywords()[w]:
		return errors.New("a word that is not on the list")
	}
	switch w {
	case "WITH":
		f.clause = "with"
	case "SELECT":
		f.clause = "select"
	case "FROM":
		if f.opener == "extract" {
			return nil
		}
		f.clause, f.item = "from", true
	case "JOIN":
		f.item = true
	case "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT":
		f.clause = strings.ToLower(w)
	}
	return nil
}

var typeForm = regexp.MustCompile(`^(smallint|integer|bigint|real|double precision|boolean|date|super|geometry|geography|hllsketch|text|varbyte|numeric|time(stamp)? with(out)? time zone|` +
	`numeric \( ([0-9]+) (, ([0-9]+) )?\)|(character varying|character|varbyte)( \( ([0-9]+) \))?) \)`)

// types checks the type of a cast, up to its bracket.
func (c *checker) types(i int) error {
	var list []string
	for j := i; j < min(len(c.tokens), i+9); j++ {
		list = append(list, c.tokens[j].text)
	}
	m := typeForm.FindStringSubmatch(strings.Join(list, " "))
	if m == nil {
		return fmt.Errorf("the type %v", list)
	}
	precision, _ := strconv.Atoi(m[4])
	scale, _ := strconv.Atoi(m[6])
	if precision > 38 || scale > max(precision, 0) {
		return fmt.Errorf("the modifiers of %v", list)
	}
	return nil
}

// inType reports a word that belongs to the type behind an AS, which was checked there.
func (c *checker) inType(i int) bool {
	for i--; i >= 0 && c.tokens[i].kind == 'w'; i-- {
		if c.tokens[i].text == "AS" {
			return true
		}
	}
	return false
}

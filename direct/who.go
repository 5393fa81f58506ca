package direct

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/posternsql/postern/audit"
)

// Changed is something that somebody changed in the warehouse, with the names that a statement has that did it: one at least of each list.
type Changed struct {
	Names [][]string
	// Since is when it was last known to be otherwise, by the server's clock; zero where that is not known.
	Since time.Time
}

// changing are the words of which a statement that changes an object or who may use it has one at least.
var changing = []string{"grant", "revoke", "alter", "create", "drop", "reassign", "do", "call", "execute", "insert", "update", "delete", "truncate", "merge", "copy"}

// maxNamed bounds the statements that are named for one change.
const maxNamed = 3

// Who says of each change which statements on record name it, the latest first. It says what the record has, and no more: that a statement names
// what changed does not prove that it changed it, and what no text names (a function, a file of statements that was not logged) is not known. search
// calls the function with each Direct event since an instant.
func Who(changes []Changed, connection string, search func(since time.Time, fn func(audit.Event) error) error) ([]Origin, error) {
	since := time.Time{}
	for i, c := range changes {
		if i == 0 || c.Since.Before(since) {
			since = c.Since
		}
	}
	found := make([][]audit.Event, len(changes))
	err := search(since, func(e audit.Event) error {
		if e.Kind != audit.Direct || e.Connection != connection || e.SQLState != "" || e.Error != "" || e.SQL == "" {
			return nil
		}
		words := wordsOf(e.SQL)
		if !slices.ContainsFunc(changing, func(w string) bool { return words[w] }) {
			return nil
		}
		for i, c := range changes {
			if !e.Time.Before(c.Since) && names(words, c.Names) {
				found[i] = append(found[i], e)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for who changed it: %w", err)
	}
	out := make([]Origin, len(changes))
	for i := range changes {
		out[i] = originOf(found[i])
	}
	return out, nil
}

// Origin is what is known of who changed something. Text says it; Known is false where that is that it is not known.
type Origin struct {
	Text  string
	Known bool
}

// notLogged is what is said where the record has nothing.
const notLogged = "who did it is not known: no statement that was collected from the server's log names it"

func originOf(events []audit.Event) Origin {
	if len(events) == 0 {
		return Origin{Text: notLogged}
	}
	slices.SortFunc(events, func(a, b audit.Event) int { return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.ID, a.ID)) })
	var out []string
	for i := range events {
		if i == maxNamed {
			out = append(out, fmt.Sprintf("and %d before", len(events)-i))
			break
		}
		out = append(out, named(&events[i]))
	}
	return Origin{Text: "on record: " + strings.Join(out, "; "), Known: true}
}

// named is who ran a statement, when, and which: its first word, for its text is for those who may read the audit log.
func named(e *audit.Event) string {
	who := "account " + e.Login
	if e.User != "" {
		who += " (" + e.User + ")"
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(e.SQL), " ")
	if len(verb) > 20 || strings.ContainsFunc(verb, func(r rune) bool { return !unicode.IsLetter(r) }) {
		verb = "a statement"
	}
	return fmt.Sprintf("%s ran %s that names it at %s (record %s)", who, strings.ToUpper(verb), e.Time.UTC().Format(time.RFC3339), e.ID)
}

// wordsOf are the words of a text, as they are, in lower case, behind TO and FROM, and what stands in double quotes as a whole.
func wordsOf(sql string) map[string]bool {
	out := map[string]bool{}
	before := ""
	for _, w := range strings.FieldsFunc(sql, func(r rune) bool { return r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		lower := strings.ToLower(w)
		out[w], out[lower] = true, true
		if before == "to" || before == "from" {
			out[before+" "+lower] = true
		}
		before = lower
	}
	parts := strings.Split(sql, `"`)
	for i := 1; i < len(parts); i += 2 {
		out[parts[i]] = true
	}
	return out
}

func names(words map[string]bool, all [][]string) bool {
	for _, list := range all {
		if !slices.ContainsFunc(list, func(n string) bool { return n != "" && (words[n] || words[strings.ToLower(n)]) }) {
			return false
		}
	}
	return len(all) > 0
}

// Caught waits until the collector has read all that the log had when it was asked; an error says that it did not within the context. ErrElsewhere is in its
// chain where another server collects.
func (c *Collector) Caught(ctx context.Context) error {
	c.mu.Lock()
	want := c.began + 1
	if c.passed == nil {
		c.passed = make(chan struct{})
	}
	c.mu.Unlock()
	for {
		c.mu.Lock()
		done, elsewhere, next := c.ended >= want, c.elsewhere >= want, c.passed
		c.mu.Unlock()
		switch {
		case done:
			return nil
		case elsewhere:
			return fmt.Errorf("waiting for the server's log: %w", ErrElsewhere)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server's log: %w", ctx.Err())
		case <-next:
		}
	}
}

// pass counts the looks at the log, so that Caught knows of one that began after it was asked.
func (c *Collector) pass(began bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if began {
		c.began++
		return
	}
	switch {
	case err == nil:
		c.ended = c.began
	case errors.Is(err, ErrElsewhere):
		c.elsewhere = c.began
	}
	if c.passed != nil {
		close(c.passed)
	}
	c.passed = make(chan struct{})
}

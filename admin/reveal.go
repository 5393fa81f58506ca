package admin

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/tokenize"
)

// maxTokens bounds the tokens of one request.
const maxTokens = 1000

// revealRequest asks for the values behind the tokens of a reversible or format-preserving mask.
type revealRequest struct {
	User       string   `json:"user"`
	Connection string   `json:"connection"`
	Schema     string   `json:"schema"`
	Table      string   `json:"table"`
	Column     string   `json:"column"`
	Tokens     []string `json:"tokens"`
	// Reason stands on the audit record.
	Reason string `json:"reason"`
}

// revealAnswer has one value for each token, null for what is no token of the column's domain.
type revealAnswer struct {
	Values []*string `json:"values"`
}

// reveal answers POST /v1/reveal for a person who sees the values anyway, see revealable. Who asked for whom, for how many
// tokens and why is on record before the answer.
func (a *API) reveal(c *call) (any, error) {
	var q revealRequest
	if err := c.read(&q); err != nil {
		return nil, err
	}
	if len(q.Tokens) == 0 || len(q.Tokens) > maxTokens || q.Reason == "" {
		return nil, refuse(http.StatusBadRequest, "give 1 to %d tokens, and a reason", maxTokens)
	}
	ways, err := a.revealable(c, &q)
	if err != nil {
		return nil, err
	}
	answer := revealAnswer{Values: make([]*string, len(q.Tokens))}
	known := 0
	for _, way := range ways {
		domain, err := c.state.TokenDomain(way.Domain)
		if err != nil {
			return nil, refuse(http.StatusConflict, "%s", err)
		}
		for i, token := range q.Tokens {
			if value, err := undo(domain, way, token); err == nil && answer.Values[i] == nil {
				answer.Values[i] = &value
				known++
			}
		}
	}
	e := a.event(c, "reveal", revealTarget(&q))
	e.User, e.Connection = q.User, q.Connection
	e.Detail = fmt.Sprintf("%d of %d tokens; reason: %s", known, len(q.Tokens), q.Reason)
	if err := a.Audit.Record(c.Context(), e); err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "the audit log is not available, so nothing is answered")
	}
	return answer, nil
}

func undo(domain *tokenize.Domain, way policy.Undo, token string) (string, error) {
	if way.Alphabet != "" {
		return domain.RevealFormatPreserving(way.Alphabet, token)
	}
	return domain.Reveal(token)
}

func revealTarget(q *revealRequest) string {
	return q.Connection + "." + q.Schema + "." + q.Table + "." + q.Column
}

// revealable returns how the masks of a column are turned back. A token does not say of which column or row it is, so the person must see
// raw, in all rows, every column that is protected under the same domain, in any connection. Everything else is 403, with one
// text, on record.
func (a *API) revealable(c *call, q *revealRequest) ([]policy.Undo, error) {
	denied := refuse(http.StatusForbidden, "user %s may not see raw all values that share a token domain with %s, or there is no reversible or format-preserving mask on it",
		strconv.Quote(q.User), strconv.Quote(revealTarget(q)))
	who, err := c.state.Principal(q.User)
	program, ok := c.state.Program(q.Connection)
	if err != nil || !ok || who.IsZero() {
		return nil, a.turnAway(c, denied)
	}
	table, ok := program.Snapshot().Table(q.Schema, q.Table)
	if !ok {
		return nil, a.turnAway(c, denied)
	}
	ways := program.Reversible(table, q.Column)
	for _, way := range ways {
		for _, connection := range c.state.Connections() {
			program, _ := c.state.Program(connection)
			wants := program.Protected(way.Domain)
			for i, d := range program.Decide(policy.BindPrincipal(who).At(a.Now()), wants) {
				if !seesAll(&d, wants[i].Columns) {
					return nil, a.turnAway(c, denied)
				}
			}
		}
	}
	if len(ways) == 0 {
		return nil, a.turnAway(c, denied)
	}
	return ways, nil
}

// seesAll reports a decision that shows the columns raw in every row.
func seesAll(d *policy.Decision, columns []string) bool {
	for _, name := range columns {
		if c, visible := d.Column(name); !visible || c.Mask != nil {
			return false
		}
	}
	return d.Allowed && d.Filter == nil
}

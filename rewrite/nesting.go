package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// nesting bounds the depth of a text's tree from the parser's own tokens, so that quotes and comments are as the parser has
// them. It stops counting above limit.
//
// What must hold: the depth of the tree is never above the bound. So a count starts anew only where the grammar puts things
// side by side, and a word behind a dot is a name, whatever it spells.
func nesting(sql string, limit int) (int, error) {
	scan, err := pg.Scan(sql)
	if err != nil {
		return 0, parseError(err)
	}
	var n nest
	for _, t := range scan.Tokens {
		n.token(t.Token, sql[t.Start:t.End])
		if n.most > limit {
			break
		}
	}
	return n.most, nil
}

// level is one open bracket or CASE.
type level struct {
	isCase bool
	// joins counts set operations and joins: each holds the ones before it, across commas and ANDs.
	joins int
	// chain counts operators since the last comma, AND or OR: each may hold the ones before it.
	chain int
	// betweens counts BETWEENs whose AND has not come yet.
	betweens int
}

func (l *level) depth() int { return l.joins + l.chain + 1 }

// nest is the state of counting.
type nest struct {
	open []level
	// top is the level that is not in open yet; sum is the depth of those in open.
	top       level
	sum, most int
	previous  string
}

func (n *nest) token(kind pg.Token, text string) {
	if kind == pg.Token_SQL_COMMENT || kind == pg.Token_C_COMMENT {
		return
	}
	word := strings.ToUpper(text)
	if n.previous == "." && isWordByte(text[0]) {
		word = ""
	}
	switch word {
	case "(", "[":
		n.push(false)
	case ")", "]":
		for n.top.isCase && len(n.open) > 0 {
			n.pop()
		}
		n.pop()
	case "CASE":
		n.push(true)
	case "END":
		// END may also be a label: behind AS, or bare behind an expression of a select list, and that stands in brackets.
		if n.top.isCase && n.previous != "AS" {
			n.pop()
		}
	case "ATOMIC":
		// A function body may hold another: never taken back.
		n.sum++
	case ",":
		n.top.chain, n.top.betweens = 0, 0
	case ";":
		n.top.chain, n.top.betweens, n.top.joins = 0, 0, 0
	case "AND":
		if n.top.betweens > 0 {
			n.top.betweens--
		} else {
			n.top.chain = 0
		}
	case "OR":
		n.top.chain, n.top.betweens = 0, 0
	case "WHEN", "THEN", "ELSE":
		if n.top.isCase {
			n.top.chain, n.top.betweens = 0, 0
		}
	case "UNION", "INTERSECT", "EXCEPT", "JOIN":
		n.top.joins++
	default:
		if deepens(word) || text != "" && isOperatorByte(text[0]) {
			n.top.chain++
		}
		if word == "BETWEEN" {
			n.top.betweens++
		}
	}
	n.previous = word
	if text == "." {
		n.previous = "."
	}
	n.most = max(n.most, n.sum+n.top.depth())
}

func (n *nest) push(isCase bool) {
	n.sum += n.top.depth()
	n.open = append(n.open, n.top)
	n.top = level{isCase: isCase}
}

func (n *nest) pop() {
	if len(n.open) == 0 {
		return
	}
	n.top = n.open[len(n.open)-1]
	n.open = n.open[:len(n.open)-1]
	n.sum -= n.top.depth()
}

package proxy

import (
	"fmt"
	"strings"

	"github.com/posternsql/postern/pgerror"
)

// parseOptions reads the start-up parameter "options" as the command line that PostgreSQL takes it for (process_postgres_
// switches): words separated by white space, a backslash takes the next character as it is; -c name=value, -cname=value
// and --name=value set a parameter. Other switches are refused. Each step consumes input, so that no text can spin it.
func parseOptions(text string) ([][2]string, error) {
	words := splitOptions(text)
	var out [][2]string
	for i := 0; i < len(words); i++ {
		word := words[i]
		var assignment string
		switch {
		case word == "-c":
			if i++; i == len(words) {
				return nil, badSwitch(word)
			}
			assignment = words[i]
		case strings.HasPrefix(word, "-c"):
			assignment = word[2:]
		case strings.HasPrefix(word, "--") && len(word) > 2:
			assignment = word[2:]
		default:
			return nil, badSwitch(word)
		}
		name, value, found := strings.Cut(assignment, "=")
		if !found {
			return nil, &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeSyntaxError,
				Message: fmt.Sprintf("%.100s requires a value", word)}
		}
		if name == "" {
			return nil, &pgerror.Error{Severity: pgerror.SeverityFatal, Code: "42704",
				Message: `unrecognized configuration parameter ""`}
		}
		out = append(out, [2]string{strings.ReplaceAll(name, "-", "_"), value})
	}
	return out, nil
}

func badSwitch(word string) error {
	return &pgerror.Error{Severity: pgerror.SeverityFatal, Code: pgerror.CodeSyntaxError,
		Message: fmt.Sprintf("invalid command-line argument for server process: %.100s", word)}
}

// splitOptions is PostgreSQL's pg_split_opts.
func splitOptions(text string) []string {
	var words []string
	var word []byte
	inWord := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case strings.IndexByte(pathSpace, c) >= 0:
			if inWord {
				words, word, inWord = append(words, string(word)), word[:0], false
			}
			continue
		case c == '\\' && i+1 < len(text):
			i++
			c = text[i]
		case c == '\\':
			continue
		}
		word, inWord = append(word, c), true
	}
	if inWord {
		words = append(words, string(word))
	}
	return words
}

package redshift

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/posternsql/postern/lex"
	"github.com/posternsql/postern/pgerror"
)

// Unload is UNLOAD ('query') TO 'destination' with its authorization and options (Database Developer Guide, "UNLOAD"). Nothing of it is judged.
type Unload struct {
	// Query is the text in the string, by Redshift's rules.
	Query string
	// To is the destination.
	To string
	// Role is what stands behind IAM_ROLE: "default", ARNs, or "" where it is left out.
	Role string
	// Encrypted marks ENCRYPTED, Auto the AUTO behind it; Key is KMS_KEY_ID's.
	Encrypted, Auto bool
	Key             string
	// Partition has the columns of PARTITION BY; Include marks the word behind them.
	Partition []string
	Include   bool
	// Overwrites marks ALLOWOVERWRITE or CLEANPATH, which destroy what is there.
	Overwrites bool
	// Options are the others, and those of Overwrites, as they are printed.
	Options []string

	seen map[string]bool
}

// unload reads an UNLOAD as a whole. What is not on the list of options is refused by name.
func (p *pass) unload() (*Unload, error) {
	if !p.is(1, "(") || p.kind(2) != lex.String || !p.is(3, ")") {
		return nil, p.refuse(0, "UNLOAD of anything but a query in one string")
	}
	if t := p.tokens[2]; t.Doubt != "" {
		return nil, p.refuse(2, "the escape %s in the query of UNLOAD", t.Doubt)
	}
	u := &Unload{Query: p.tokens[2].Value, seen: map[string]bool{}}
	if !p.is(4, "to") || p.kind(5) != lex.String {
		return nil, p.refuse(0, "UNLOAD without TO and a place in S3")
	}
	var err error
	if u.To, err = p.optionText(5); err != nil {
		return nil, err
	}
	for i := 6; i < len(p.tokens); {
		next, err := p.unloadOption(u, i)
		if err != nil {
			return nil, err
		}
		i = next
	}
	u.seen = nil
	return u, nil
}

// unloadWithin refuses an UNLOAD that is prepared, explained or read by a cursor.
func (p *pass) unloadWithin() error {
	if !p.is(0, "prepare", "explain", "declare") {
		return nil
	}
	for i := range p.tokens {
		if p.is(i, "unload") && p.is(i+1, "(") && p.kind(i+2) == lex.String && p.is(i-1, "as", "for", "explain", "verbose", ")") {
			return p.refuse(i, "%s of UNLOAD", strings.ToUpper(p.tokens[0].Value))
		}
	}
	return nil
}

// unloadOption reads the option at i and returns where the next one begins.
func (p *pass) unloadOption(u *Unload, i int) (int, error) {
	word := p.tokens[i].Value
	if p.kind(i) != lex.Name {
		return 0, p.refuse(i, "%q in the options of UNLOAD", word)
	}
	if word == "format" {
		if i++; p.is(i, "as") {
			i++
		}
		if !p.is(i, "csv", "parquet", "json", "text") {
			return 0, p.refuse(min(i, len(p.tokens)-1), "this FORMAT of UNLOAD")
		}
		word = p.tokens[i].Value
	}
	if err := p.once(u, i, word); err != nil {
		return 0, err
	}
	if p.unloadWord(u, i, word) {
		return i + 1, nil
	}
	switch word {
	case "manifest":
		return p.flag(u, i, "MANIFEST", "verbose"), nil
	case "encrypted":
		if u.Encrypted = true; p.is(i+1, "auto") {
			u.Auto = true
			return i + 2, nil
		}
		return i + 1, nil
	case "parallel":
		return p.parallel(u, i), nil
	case "maxfilesize", "rowgroupsize":
		return p.size(u, i, word)
	case "partition":
		return p.partition(u, i)
	case "iam_role":
		if p.is(i+1, "default") {
			u.Role = "default"
			return i + 2, nil
		}
		return p.textOption(i, &u.Role)
	case "kms_key_id":
		return p.textOption(i, &u.Key)
	case "delimiter", "null", "fixedwidth", "region", "extension":
		return p.checkedOption(u, i, word)
	case "credentials", "access_key_id", "secret_access_key", "session_token", "master_symmetric_key":
		return 0, pgerror.NotSupported("%s of UNLOAD is not supported through Postern on Redshift", strings.ToUpper(word)).At(character(p.sql, p.tokens[i].Start)).
			WithHint("The role and the key are the connection's. Leave them out.")
	}
	return 0, p.refuse(i, "the option %q of UNLOAD", word)
}

// unloadWord takes an option that is one word.
func (p *pass) unloadWord(u *Unload, i int, word string) bool {
	switch word {
	case "csv", "parquet", "json":
		u.Options = append(u.Options, "FORMAT AS "+strings.ToUpper(word))
		return true
	case "text":
		return p.is(i-1, "format", "as") // what is written without FORMAT
	case "allowoverwrite", "cleanpath":
		u.Overwrites = true
		u.Options = append(u.Options, strings.ToUpper(word))
		return true
	case "header", "bzip2", "gzip", "zstd", "addquotes", "escape":
		u.Options = append(u.Options, strings.ToUpper(word))
		return true
	}
	return false
}

// once refuses an option that is given twice; the formats, and the compressions, are one option each.
func (p *pass) once(u *Unload, i int, word string) error {
	kind := word
	switch word {
	case "csv", "parquet", "json", "text":
		kind = "format"
	case "bzip2", "gzip", "zstd":
		kind = "compression"
	}
	if u.seen[kind] {
		return p.refuse(i, "%s of UNLOAD given twice", strings.ToUpper(kind))
	}
	u.seen[kind] = true
	return nil
}

// flag reads a word that may have one more behind it.
func (p *pass) flag(u *Unload, i int, text, more string) int {
	if p.is(i+1, more) {
		u.Options = append(u.Options, text+" "+strings.ToUpper(more))
		return i + 2
	}
	u.Options = append(u.Options, text)
	return i + 1
}

// parallel reads PARALLEL [ON | TRUE | OFF | FALSE].
func (p *pass) parallel(u *Unload, i int) int {
	switch {
	case p.is(i+1, "off", "false"):
		u.Options = append(u.Options, "PARALLEL OFF")
	case p.is(i+1, "on", "true"):
		u.Options = append(u.Options, "PARALLEL ON")
	default:
		u.Options = append(u.Options, "PARALLEL ON")
		return i + 1
	}
	return i + 2
}

var sizeNumber = regexp.MustCompile(`^[0-9]{1,7}(\.[0-9]{1,3})?$`)

// size reads MAXFILESIZE and ROWGROUPSIZE, whose unit is MB where none is given.
func (p *pass) size(u *Unload, i int, word string) (int, error) {
	at := i + 1
	if p.is(at, "as") {
		at++
	}
	if p.kind(at) != lex.Number || !sizeNumber.MatchString(p.tokens[at].Value) {
		return 0, p.refuse(i, "%s of UNLOAD without a size", strings.ToUpper(word))
	}
	text, unit := p.tokens[at].Value, "MB"
	if at++; p.is(at, "mb", "gb") {
		unit = strings.ToUpper(p.tokens[at].Value)
		at++
	}
	u.Options = append(u.Options, strings.ToUpper(word)+" AS "+text+" "+unit)
	return at, nil
}

// partition reads PARTITION BY (column, …) [INCLUDE].
func (p *pass) partition(u *Unload, i int) (int, error) {
	if !p.is(i+1, "by") || !p.is(i+2, "(") {
		return 0, p.refuse(i, "PARTITION without BY and columns in UNLOAD")
	}
	at := i + 3
	for ; ; at += 2 {
		if k := p.kind(at); k != lex.Name && k != lex.Quoted {
			return 0, p.refuse(i, "PARTITION BY of anything but columns in UNLOAD")
		}
		if err := p.name(at); err != nil {
			return 0, err
		}
		name := p.tokens[at].Value
		if slices.Contains(u.Partition, name) {
			return 0, p.refuse(at, "PARTITION BY of a column twice in UNLOAD")
		}
		if u.Partition = append(u.Partition, name); !p.is(at+1, ",") {
			break
		}
	}
	if !p.is(at+1, ")") {
		return 0, p.refuse(i, "PARTITION BY of anything but columns in UNLOAD")
	}
	if p.is(at+2, "include") {
		u.Include = true
		at++
	}
	return at + 2, nil
}

// textOption reads a word and the string behind it.
func (p *pass) textOption(i int, into *string) (int, error) {
	if p.kind(i+1) != lex.String {
		return 0, p.refuse(i, "%s of UNLOAD without a string", strings.ToUpper(p.tokens[i].Value))
	}
	var err error
	*into, err = p.optionText(i + 1)
	return i + 2, err
}

// optionText is the string at i, which has no backslash: none could be sent.
func (p *pass) optionText(i int) (string, error) {
	if t := p.tokens[i]; t.Doubt != "" || strings.Contains(t.Value, `\`) {
		return "", p.refuse(i, "a backslash in the options of UNLOAD")
	}
	return p.tokens[i].Value, nil
}

// The forms of the strings of options.
var (
	delimiterForm = regexp.MustCompile(`^[\t -\[\]-~]$`)
	nullForm      = regexp.MustCompile(`^[ -\[\]-~]{0,50}$`)
	widthForm     = regexp.MustCompile(`^ ?[0-9A-Za-z_]+:[0-9]{1,6}$`)
	regionForm    = regexp.MustCompile(`^[a-z0-9-]{1,30}$`)
	extensionForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,50}$`)
)

// maxWidths bounds the columns of FIXEDWIDTH.
const maxWidths = 1600

// formed reports a string that the option may have.
func formed(word, value string) bool {
	switch word {
	case "delimiter":
		return delimiterForm.MatchString(value)
	case "null":
		return nullForm.MatchString(value)
	case "fixedwidth":
		list := strings.Split(value, ",")
		return len(list) <= maxWidths && !slices.ContainsFunc(list, func(width string) bool { return !widthForm.MatchString(width) })
	case "region":
		return regionForm.MatchString(value)
	case "extension":
		return extensionForm.MatchString(value)
	}
	return false
}

// checkedOption reads an option with a string of a known form, before which AS may stand.
func (p *pass) checkedOption(u *Unload, i int, word string) (int, error) {
	at := i + 1
	if p.is(at, "as") {
		at++
	}
	if p.kind(at) != lex.String {
		return 0, p.refuse(i, "%s of UNLOAD without a string", strings.ToUpper(word))
	}
	t := p.tokens[at]
	value := t.Value
	if word == "delimiter" && p.sql[t.Start:t.End] == `'\t'` {
		value = "\t" // as the guide has it; a backslash is never sent
	} else if _, err := p.optionText(at); err != nil {
		return 0, err
	}
	if !formed(word, value) {
		return 0, p.refuse(at, "%s %s of UNLOAD", strings.ToUpper(word), strconv.Quote(value))
	}
	as := " AS "
	if word == "extension" {
		as = " "
	}
	u.Options = append(u.Options, strings.ToUpper(word)+as+quoted(value))
	return at + 1, nil
}

func quoted(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }

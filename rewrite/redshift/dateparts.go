package redshift

import "github.com/posternsql/postern/lex"

// datePart is the one name of a date part, of which Redshift knows many (Database Developer Guide, "Date parts for date or timestamp
// functions").
func datePart(word string) (string, bool) {
	switch word {
	case "millennium", "millennia", "mil", "mils":
		return "millennium", true
	case "century", "centuries", "c", "cent", "cents":
		return "century", true
	case "decade", "decades", "dec", "decs":
		return "decade", true
	case "epoch":
		return "epoch", true
	case "year", "years", "y", "yr", "yrs":
		return "year", true
	case "quarter", "quarters", "qtr", "qtrs":
		return "quarter", true
	case "month", "months", "mon", "mons":
		return "month", true
	case "week", "weeks", "w":
		return "week", true
	case "dayofweek", "dow", "dw", "weekday":
		return "dow", true
	case "dayofyear", "doy", "dy", "yearday":
		return "doy", true
	case "day", "days", "d":
		return "day", true
	case "hour", "hours", "h", "hr", "hrs":
		return "hour", true
	case "minute", "minutes", "m", "min", "mins":
		return "minute", true
	case "second", "seconds", "s", "sec", "secs":
		return "second", true
	case "millisecond", "milliseconds", "ms", "msec", "msecs", "msecond", "mseconds", "millisec", "millisecs", "millisecon":
		return "millisecond", true
	case "microsecond", "microseconds", "microsec", "microsecs", "usec", "usecs", "us":
		return "microsecond", true
	}
	return "", false
}

// bareParts reports the functions whose first argument is a date part without quotes.
func bareParts(name string) bool {
	switch name {
	case "dateadd", "date_add", "datediff", "date_diff", "date_part":
		return true
	}
	return false
}

// datePartCall turns the bare date part of a call into a string, which is no name of a column.
func (p *pass) datePartCall(i int) error {
	if !p.is(i+1, "(") || !p.is(i+3, ",") {
		return p.refuse(i, "%s without a date part", p.tokens[i].Value)
	}
	if kind := p.kind(i + 2); kind != lex.Name && kind != lex.String {
		return p.refuse(i+2, "%s with a date part that is no word", p.tokens[i].Value)
	}
	part, ok := datePart(p.tokens[i+2].Value)
	if !ok {
		return p.refuse(i+2, "the date part %q", p.tokens[i+2].Value)
	}
	p.out[i+2] = "'" + part + "'"
	return nil
}

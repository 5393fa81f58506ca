package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/posternsql/postern/policy/expr"
)

var durationForm = regexp.MustCompile(`^([1-9][0-9]{0,5})([mhdwy])$`)

// duration is a stretch of time in one unit, as the warehouse's interval has it.
type duration struct {
	n    int
	unit string // minute, hour, day, week or year
}

// parseDuration reads 30d and its like.
func parseDuration(text string) (duration, error) {
	m := durationForm.FindStringSubmatch(text)
	if m == nil {
		return duration{}, fmt.Errorf("%q is not a duration: write a whole number of up to 6 digits and m, h, d, w or y, such as 30d", text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return duration{}, fmt.Errorf("%q is not a duration", text)
	}
	d := duration{n: n}
	switch m[2] {
	case "m":
		d.unit = "minute"
	case "h":
		d.unit = "hour"
	case "d":
		d.unit = "day"
	case "w":
		d.unit = "week"
	case "y":
		d.unit = "year"
	}
	if d.unit == "year" && n > 1000 {
		return duration{}, fmt.Errorf("%q is more than 1000 years", text)
	}
	return d, nil
}

// interval is the literal of the warehouse.
func (d duration) interval() expr.Expr {
	return expr.Literal{Type: "interval", Value: fmt.Sprintf("%d %s", d.n, d.unit)}
}

// seconds is the length; a year has 365 days.
func (d duration) seconds() int {
	switch d.unit {
	case "minute":
		return d.n * 60
	case "hour":
		return d.n * 3600
	case "day":
		return d.n * 86400
	case "week":
		return d.n * 7 * 86400
	}
	return d.n * 365 * 86400
}

// windowRows shows the rows whose event time lies in the window. Now is the warehouse's; what has no zone, and dates, are taken as UTC,
// so that no session's zone can move the window.
func windowRows(w *Window) (rowMaker, error) {
	if w.NewerThan == "" && w.OlderThan == "" {
		return nil, errors.New("it says newerThan, olderThan or both")
	}
	type bound struct {
		operator string
		ago      duration
	}
	var bounds []bound
	for _, b := range []struct{ operator, text string }{{">", w.NewerThan}, {"<", w.OlderThan}} {
		if b.text == "" {
			continue
		}
		ago, err := parseDuration(b.text)
		if err != nil {
			return nil, err
		}
		bounds = append(bounds, bound{b.operator, ago})
	}
	if len(bounds) == 2 && bounds[0].ago.seconds() <= bounds[1].ago.seconds() {
		return nil, errors.New("nothing is both newer and older: newerThan must be longer than olderThan")
	}
	return func(t *tableProgram) (expr.Expr, error) {
		name := t.table.EventTime
		if name == "" {
			return nil, errors.New("the source has no eventTime")
		}
		column, ok := t.table.Column(name)
		if !ok {
			return nil, fmt.Errorf("the source's eventTime %q is no column", name)
		}
		var all []expr.Expr
		for _, b := range bounds {
			at, err := ago(typeOf(column).base, b.ago)
			if err != nil {
				return nil, fmt.Errorf("eventTime %s: %w", name, err)
			}
			all = append(all, expr.Op{Name: b.operator, Left: sourceColumn(column), Right: at})
		}
		return expr.Simplify(expr.And{Args: all}), nil
	}, nil
}

// ago is the instant that lies so far back, as a value of the type.
func ago(base string, d duration) (expr.Expr, error) {
	utc := expr.Literal{Type: "text", Value: "UTC"}
	back := expr.Op{Name: "-", Left: call("timezone", utc, expr.Now{}), Right: d.interval()}
	switch base {
	case "timestamp with time zone":
		return call("timezone", utc, back), nil
	case "timestamp without time zone":
		return back, nil
	case "date":
		if d.unit == "minute" || d.unit == "hour" {
			return nil, errors.New("a date has no hours or minutes")
		}
		return expr.Cast{Arg: back, Type: "date"}, nil
	}
	return nil, errors.New("it is no date and no timestamp")
}

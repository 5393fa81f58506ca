package redshift

import (
	"regexp"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

var plainNumber = regexp.MustCompile(`^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

func (p *printer) constant(c *pg.A_Const) {
	switch v := c.GetVal().(type) {
	case *pg.A_Const_Sval:
		p.text(v.Sval.Sval)
	case *pg.A_Const_Ival:
		p.signed(strconv.Itoa(int(v.Ival.Ival)))
	case *pg.A_Const_Fval:
		p.must(plainNumber.MatchString(v.Fval.Fval), "this number")
		p.signed(v.Fval.Fval)
	case *pg.A_Const_Boolval:
		p.put(strconv.FormatBool(v.Boolval.Boolval))
	case *pg.A_Const_Bsval:
		p.refuse("a bit string")
	default:
		p.must(c.Isnull, "this constant")
		p.put("NULL")
	}
}

// signed prints a number; PostgreSQL's parser makes a sign part of the constant.
func (p *printer) signed(number string) {
	if number[0] == '-' {
		p.put("(", number, ")")
		return
	}
	p.put(number)
}

func (p *printer) parameter(r *pg.ParamRef) {
	if r.Number < 1 || r.Number > MaxParameters {
		if p.err == nil {
			p.err = pgerror.LimitExceeded("statement has too many parameters for Redshift: at most %d", MaxParameters)
		}
		return
	}
	p.put("$", strconv.Itoa(int(r.Number)))
}

// cast prints CAST(x AS type), and an interval as the literal that alone is documented.
func (p *printer) cast(c *pg.TypeCast) {
	if names := c.GetTypeName().GetNames(); len(names) > 0 && names[len(names)-1].GetString_().GetSval() == "interval" {
		text, ok := intervalOf(c.Arg.GetAConst().GetSval().GetSval())
		if !ok || len(c.TypeName.Typmods) > 0 || len(c.TypeName.ArrayBounds) > 0 {
			p.refuseAt(c.Location, "INTERVAL of another form than '2 days, 3 hours'")
			return
		}
		c.Arg.GetAConst().GetSval().Sval = text
		p.put("INTERVAL ")
		p.text(text)
		return
	}
	printed, err := TypeText(c.TypeName)
	if err != nil {
		p.refuseAt(c.Location, "%s", err)
		return
	}
	p.put("CAST(")
	p.expr(c.Arg)
	p.put(" AS ", printed, ")")
}

// valueFunction prints the standard's functions without brackets.
func (p *printer) valueFunction(v *pg.SQLValueFunction) {
	switch v.Op {
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:
		p.put("current_date")
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:
		p.put("current_timestamp")
	case pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME:
		p.put("current_time")
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIME:
		p.put("localtime")
	case pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP:
		p.put("localtimestamp")
	default:
		p.refuseAt(v.Location, "this function of the session")
	}
}

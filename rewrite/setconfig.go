package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// anySetting answers current_setting(expression): a choice among the settings that SHOW may show, NULL for any other.
func (r *resolver) anySetting(n *pg.Node, s *scope) error {
	f := n.GetFuncCall()
	if err := r.exprs(s, f.Args...); err != nil {
		return err
	}
	choice := &pg.CaseExpr{Location: -1}
	for _, name := range append(settingNames(), settingSearchPath, settingApplicationName, "role", "is_superuser") {
		value, err := r.settingValue(name, -1)
		if err != nil {
			return err
		}
		choice.Args = append(choice.Args, &pg.Node{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Location: -1,
			Expr: pg.MakeAConstStrNode(name, -1), Result: value}}})
	}
	lower := &pg.FuncCall{Funcname: []*pg.Node{pg.MakeStrNode(builtinSchema), pg.MakeStrNode("lower")}, Location: -1,
		Args: []*pg.Node{typeCast(f.Args[0], "text", false)}, Funcformat: pg.CoercionForm_COERCE_EXPLICIT_CALL}
	choice.Arg = &pg.Node{Node: &pg.Node_FuncCall{FuncCall: lower}}
	n.Node = &pg.Node_CaseExpr{CaseExpr: choice}
	return nil
}

// setConfig judges set_config('name', value, local): SET as a function. The name is a constant and may be set; the value is a constant, or
// a parameter where the setting takes any. The settings that the session follows itself (search_path and its like) are not set so: whether
// and when a function runs is not known from the text.
func (r *resolver) setConfig(f *pg.FuncCall) error {
	name := constantText(f.Args[0])
	if name == nil || f.Args[2].GetAConst().GetBoolval() == nil {
		return r.at(pgerror.NotSupported("set_config is supported through Postern with a constant name and a constant third argument only"), f.Location)
	}
	s, err := r.allowSetting(strings.ToLower(*name))
	if err != nil {
		return r.at(err, f.Location)
	}
	if s.access != settable {
		return r.at(pgerror.NotSupported("set_config of %s is not supported through Postern: use SET", *name), f.Location)
	}
	value := constantText(f.Args[1])
	switch {
	case value == nil && (f.Args[1].GetParamRef() == nil || s.values != nil):
		return r.at(pgerror.NotSupported("set_config of %s is supported through Postern with a constant value only", *name), f.Location)
	case value != nil && s.values != nil && !slices.Contains(s.values, strings.ToLower(*value)):
		return r.at(pgerror.NotSupported("this value of %s is not supported through Postern", *name), f.Location)
	}
	f.Funcname = []*pg.Node{pg.MakeStrNode(builtinSchema), pg.MakeStrNode("set_config")}
	return nil
}

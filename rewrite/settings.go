package rewrite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

const (
	settingSearchPath      = "search_path"
	settingApplicationName = "application_name"
	// The client's values of settings that the proxy pins upstream are kept under these names, with the transaction.
	keptSearchPath      = "postern.search_path"
	keptApplicationName = "postern.application_name"
)

var errPathUnknown = pgerror.NotSupported("search_path behind a change of transaction and search_path in one string is not " +
	"supported through Postern: send the statements one by one")

// access says what a client may do with a setting.
type access uint8

const (
	// settable settings are forwarded: SET, RESET and SHOW.
	settable access = iota + 1
	// shown settings are forwarded for SHOW only.
	shown
	// kept settings are the client's own; the warehouse's are pinned.
	kept
	// answered settings are answered by Postern alone, and cannot be set.
	answered
	// personal settings are about the person: Postern answers them, and SET and RESET are done by the session.
	personal
)

// setting is one row of the allow-list.
type setting struct {
	access access
	// values, where it is set, are all that SET accepts, in lower case. They are printed as they stand here.
	values []string
}

// settings is the allow-list. What is not here is refused: settings that change what a policy means (row_security, search_path
// itself), that show other people's work (log_*, debug_*), or that spend the warehouse's memory (work_mem).
func settings(name string) (setting, bool) {
	switch name {
	case "datestyle", "intervalstyle", "timezone", "extra_float_digits", "bytea_output", "statement_timeout", "lock_timeout",
		"idle_in_transaction_session_timeout", "default_transaction_isolation", "default_transaction_read_only",
		"default_transaction_deferrable", "transaction_isolation", "transaction_read_only", "transaction_deferrable", "jit":
		return setting{access: settable}, true
	case "client_min_messages":
		// Debug and log levels would send the client what the server writes for its administrator.
		return setting{access: settable, values: []string{"notice", "warning", "error"}}, true
	case "client_encoding":
		return setting{access: settable, values: []string{"utf8", "unicode"}}, true
	case "standard_conforming_strings":
		return setting{access: settable, values: []string{"on"}}, true
	case "server_version", "server_version_num", "server_encoding", "integer_datetimes", "max_identifier_length", "lc_collate",
		"lc_ctype", "lc_messages", "lc_monetary", "lc_numeric", "lc_time", "in_hot_standby", "max_index_keys", "block_size",
		"default_table_access_method":
		return setting{access: shown}, true
	case settingSearchPath, settingApplicationName:
		return setting{access: kept}, true
	case "role", "is_superuser", settingPurposes:
		return setting{access: answered}, true
	case SettingSessionAuthorization, SettingProject, SettingAcknowledge:
		return setting{access: personal}, true
	}
	return setting{}, false
}

// settingNames are the settings that the warehouse answers for itself, as pg_settings shows them.
func settingNames() []string {
	return []string{"block_size", "bytea_output", "client_encoding", "client_min_messages", "datestyle",
		"default_transaction_deferrable", "default_transaction_isolation", "default_transaction_read_only", "extra_float_digits",
		"idle_in_transaction_session_timeout", "in_hot_standby", "integer_datetimes", "intervalstyle", "jit", "lc_collate", "lc_ctype",
		"lc_messages", "lc_monetary", "lc_numeric", "lc_time", "lock_timeout", "max_identifier_length", "max_index_keys",
		"server_encoding", "server_version", "server_version_num", "standard_conforming_strings", "statement_timeout", "timezone",
		"transaction_deferrable", "transaction_isolation", "transaction_read_only"}
}

func (r *resolver) allowSetting(name string) (setting, error) {
	s, ok := settings(name)
	if r.rw.redshift() {
		s, ok = redshiftSettings(name)
	}
	if !ok {
		return s, pgerror.NotSupported("setting %q is not on Postern's allow-list", name)
	}
	return s, nil
}

// set judges SET.
func (r *resolver) set(raw *pg.RawStmt, st *Statement) error {
	v := raw.Stmt.GetVariableSetStmt()
	name := strings.ToLower(v.Name)
	st.Local = v.IsLocal
	switch v.Kind {
	case pg.VariableSetKind_VAR_SET_MULTI:
		return r.setTransaction(v, st)
	case pg.VariableSetKind_VAR_RESET_ALL:
		st.Kind = KindReset
		return nil
	case pg.VariableSetKind_VAR_SET_VALUE, pg.VariableSetKind_VAR_SET_DEFAULT, pg.VariableSetKind_VAR_RESET:
	case pg.VariableSetKind_VAR_SET_CURRENT, pg.VariableSetKind_VARIABLE_SET_KIND_UNDEFINED:
		return pgerror.NotSupported("this form of SET is not supported through Postern")
	}
	s, err := r.allowSetting(name)
	if err != nil {
		return err
	}
	if s.access == shown || s.access == answered {
		return pgerror.NotSupported("SET %s is not supported through Postern", name)
	}
	st.Setting = name
	if v.Kind == pg.VariableSetKind_VAR_RESET {
		st.Kind = KindReset
	}
	if s.access == personal {
		return r.setPersonal(v, st)
	}
	if v.Kind != pg.VariableSetKind_VAR_SET_VALUE {
		v.Name = upstreamName(name)
		return nil
	}
	return r.setValue(v, s, st)
}

// setValue judges the values of SET name TO …; they are constants.
func (r *resolver) setValue(v *pg.VariableSetStmt, s setting, st *Statement) error {
	values := make([]string, len(v.Args))
	for i, arg := range v.Args {
		text, err := r.settingConstant(arg, st.Setting)
		if err != nil {
			return err
		}
		values[i] = text
	}
	switch {
	case st.Setting == settingSearchPath:
		st.Values = values
		v.Name, v.Args = keptSearchPath, []*pg.Node{pg.MakeAConstStrNode(pathText(values), -1)}
	case len(values) != 1 && st.Setting != "datestyle":
		return pgerror.Syntax(fmt.Sprintf("SET %s takes only one argument", st.Setting), 0)
	case st.Setting == settingApplicationName:
		st.Values = values
		v.Name, v.Args = keptApplicationName, []*pg.Node{pg.MakeAConstStrNode(values[0], -1)}
	case s.values != nil:
		value := strings.ToLower(values[0])
		if st.Setting == "client_encoding" {
			value = strings.NewReplacer("-", "", "_", "", " ", "").Replace(value)
		}
		if !slices.Contains(s.values, value) {
			return &pgerror.Error{Code: pgerror.CodeInvalidParameter,
				Message: fmt.Sprintf("value of parameter %q is not supported through Postern: %q", st.Setting, values[0]),
				Hint:    "Available values: " + strings.Join(s.values, ", ") + "."}
		}
		v.Name, v.Args = st.Setting, []*pg.Node{pg.MakeAConstStrNode(value, -1)}
	default:
		v.Name = st.Setting
	}
	return nil
}

// settingConstant is the text of one value. SET TIME ZONE also takes an interval.
func (r *resolver) settingConstant(n *pg.Node, name string) (string, error) {
	if cast := n.GetTypeCast(); cast != nil && name == "timezone" {
		if err := r.allowType(cast.TypeName); err != nil {
			return "", err
		}
		n = cast.Arg
	}
	c := n.GetAConst()
	switch v := c.GetVal().(type) {
	case *pg.A_Const_Sval:
		return v.Sval.Sval, nil
	case *pg.A_Const_Ival:
		return strconv.Itoa(int(v.Ival.Ival)), nil
	case *pg.A_Const_Fval:
		return v.Fval.Fval, r.allowConstant(c)
	case *pg.A_Const_Boolval:
		return strconv.FormatBool(v.Boolval.Boolval), nil
	}
	return "", pgerror.NotSupported("this value of %s is not supported through Postern", name)
}

// setTransaction judges SET TRANSACTION and SET SESSION CHARACTERISTICS AS TRANSACTION.
func (r *resolver) setTransaction(v *pg.VariableSetStmt, st *Statement) error {
	if v.Name != "TRANSACTION" && v.Name != "SESSION CHARACTERISTICS" {
		return pgerror.NotSupported("SET %s is not supported through Postern", v.Name)
	}
	st.Setting = strings.ToLower(v.Name)
	return allowTransactionModes(v.Args)
}

// upstreamName is the warehouse's name of a setting: another one for those that are pinned there.
func upstreamName(name string) string {
	switch name {
	case settingSearchPath:
		return keptSearchPath
	case settingApplicationName:
		return keptApplicationName
	}
	return name
}

// show judges SHOW.
func (r *resolver) show(raw *pg.RawStmt, st *Statement) error {
	v := raw.Stmt.GetVariableShowStmt()
	name := strings.ToLower(v.Name)
	s, err := r.allowSetting(name)
	if err != nil {
		return err
	}
	st.Setting = name
	if s.access == settable || s.access == shown {
		v.Name = name
		return nil
	}
	value, err := r.settingValue(name, -1)
	if err != nil {
		return err
	}
	target := &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: name, Val: value}}}
	raw.Stmt = &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
		TargetList: []*pg.Node{target}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}}}
	st.Tag = "SHOW"
	return nil
}

// settingValue is an expression for the value of a setting that may be shown.
func (r *resolver) settingValue(name string, location int32) (*pg.Node, error) {
	s, err := r.allowSetting(name)
	if err != nil {
		return nil, r.at(err, location)
	}
	text := func(value string) *pg.Node {
		return nameCast(pg.MakeAConstStrNode(value, location).GetAConst(), "text", false)
	}
	switch {
	case name == settingSearchPath:
		return r.pathConstant(location)
	case name == settingApplicationName:
		// NULL until the client sets it.
		current := settingCall(keptApplicationName, location)
		empty := pg.MakeAConstStrNode("", location)
		return &pg.Node{Node: &pg.Node_CoalesceExpr{CoalesceExpr: &pg.CoalesceExpr{Args: []*pg.Node{current, empty}, Location: location}}}, nil
	case name == SettingSessionAuthorization:
		return text(r.req.Principal.User()), nil
	case name == SettingProject:
		return text(r.req.Principal.Project()), nil
	case name == settingPurposes:
		return text(strings.Join(r.req.Principal.Purposes(), ", ")), nil
	case name == "role":
		return text("none"), nil
	case name == "is_superuser":
		return text("off"), nil
	case name == settingIsolation && s.access == answered:
		return text("serializable"), nil
	case s.access == settable || s.access == shown:
		return settingCall(name, location), nil
	}
	return nil, r.at(pgerror.NotSupported("setting %q is not on Postern's allow-list", name), location)
}

// settingCall is pg_catalog.current_setting('name', true).
func settingCall(name string, location int32) *pg.Node {
	return &pg.Node{Node: &pg.Node_FuncCall{FuncCall: &pg.FuncCall{
		Funcname:   []*pg.Node{pg.MakeStrNode(builtinSchema), pg.MakeStrNode("current_setting")},
		Args:       []*pg.Node{pg.MakeAConstStrNode(name, location), boolConstant(true)},
		Funcformat: pg.CoercionForm_COERCE_EXPLICIT_CALL,
		Location:   location,
	}}}
}

func boolConstant(b bool) *pg.Node {
	return &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Boolval{Boolval: &pg.Boolean{Boolval: b}}, Location: -1}}}
}

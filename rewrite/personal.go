package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/posternsql/postern/pgerror"
)

// The settings that are about the person and not about the warehouse's session. The warehouse never gets them: SET and RESET of
// them are judged here, done by the session (Statement.Personal), and sent as a setting that means nothing, so that tags and order are the warehouse's.
const (
	// SettingSessionAuthorization is SET SESSION AUTHORIZATION: as whom the session acts.
	SettingSessionAuthorization = "session_authorization"
	// SettingProject is the project in which the person acts, in all of their sessions.
	SettingProject = "postern.project"
	// SettingAcknowledge agrees to the texts of a project; it can be set and not shown.
	SettingAcknowledge = "postern.acknowledge"
	// settingPurposes are those of the project, for SHOW.
	settingPurposes = "postern.purposes"
	// keptPersonal is what the warehouse gets instead.
	keptPersonal = "postern.personal"
)

// Personal reports a SET or RESET that is about the person: whoever sends the statement does what it says first.
func (st *Statement) Personal() bool {
	if st.Kind != KindSet && st.Kind != KindReset {
		return false
	}
	return st.Setting == SettingSessionAuthorization || st.Setting == SettingProject || st.Setting == SettingAcknowledge
}

// setPersonal judges SET and RESET of a setting about the person. The value, if there is one, is one constant.
func (r *resolver) setPersonal(v *pg.VariableSetStmt, st *Statement) error {
	switch {
	case v.IsLocal:
		return pgerror.NotSupported("SET LOCAL %s is not supported through Postern: it is no part of a transaction", st.Setting)
	case st.Setting == SettingAcknowledge && v.Kind != pg.VariableSetKind_VAR_SET_VALUE:
		return pgerror.NotSupported("%s cannot be reset: what was acknowledged stays on record", st.Setting)
	}
	v.Name = keptPersonal
	if v.Kind != pg.VariableSetKind_VAR_SET_VALUE {
		return nil
	}
	if len(v.Args) != 1 {
		return pgerror.Syntax(fmt.Sprintf("SET %s takes only one argument", st.Setting), 0)
	}
	value, err := r.settingConstant(v.Args[0], st.Setting)
	if err != nil {
		return err
	}
	st.Values = []string{value}
	v.Args = []*pg.Node{pg.MakeAConstStrNode("", -1)}
	return nil
}

// alone refuses a statement about the person beside others in one string: they would be judged for who the person was before.
func alone(st *Statement, count int) error {
	if count > 1 && st.Personal() {
		return &pgerror.Error{Code: pgerror.CodeActiveTransaction, Message: fmt.Sprintf("SET %s cannot run together with other statements in one string", st.Setting)}
	}
	return nil
}

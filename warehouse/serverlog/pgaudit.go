package serverlog

import (
	"encoding/csv"
	"slices"
	"strings"
)

const (
	pgauditPrefix = "AUDIT: "
	// What pgaudit puts where it has been told to log less.
	notLogged        = "<not logged>"
	previouslyLogged = "<previously logged>"
	noParameters     = "<none>"
)

// The fields of an entry of pgaudit, after its manual (Format): type, statement id, substatement id, class, command, object type, object
// name, statement, parameters.
const (
	pgauditClass = iota + 3
	pgauditCommand
	pgauditObjectType
	pgauditObjectName
	pgauditStatement
	pgauditParameters
	pgauditFields
)

// pgaudit reads an entry of the extension pgaudit. An entry of a substatement whose text was logged before has no Text.
func (r *Record) pgaudit() (Statement, bool) {
	rest, ok := strings.CutPrefix(r.Message, pgauditPrefix)
	if !ok {
		return Statement{}, false
	}
	reader := csv.NewReader(strings.NewReader(rest))
	reader.FieldsPerRecord = -1
	reader.LazyQuotes = true
	f, err := reader.Read()
	if err != nil || len(f) < pgauditFields || f[0] != "SESSION" && f[0] != "OBJECT" {
		return Statement{}, false
	}
	s := Statement{Number: f[1], Class: f[pgauditClass], Text: f[pgauditStatement], Parameters: f[pgauditParameters]}
	if s.Text == previouslyLogged || s.Text == notLogged {
		s.Text = ""
	}
	if s.Parameters == noParameters || s.Parameters == notLogged || s.Parameters == previouslyLogged {
		s.Parameters = ""
	}
	relation := []string{"TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "PARTITIONED TABLE", "TOAST TABLE"}
	if name := f[pgauditObjectName]; name != "" && slices.Contains(relation, f[pgauditObjectType]) {
		s.Objects = []string{name}
	}
	return s, true
}

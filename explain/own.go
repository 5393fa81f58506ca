package explain

import (
	"encoding/json"

	"github.com/posternsql/postern/rewrite"
)

// Own answers EXPLAIN (POLICY): what a person's own statement becomes, and why. It implements rewrite.PolicyExplainer.
func (e *Explainer) Own(q rewrite.PolicyQuestion) ([]string, error) {
	report, err := e.Statement(&Question{Program: q.Program, Principal: q.Principal, Connection: q.Database, Own: true}, q.Statement)
	if err != nil {
		return nil, err
	}
	if !q.JSON {
		return report.Lines(), nil
	}
	text, err := json.MarshalIndent(report, "", "  ")
	return []string{string(text)}, err
}

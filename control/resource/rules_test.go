package resource_test

import (
	"strings"
	"testing"

	"github.com/posternsql/postern/control/resource"
)

// TestPurposesOfRulesAreThere: a rule for a purpose that nobody can act under would hide every row.
func TestPurposesOfRulesAreThere(t *testing.T) {
	const rule = "kind: DataPolicy\nname: p\non: {tags: [x]}\nrules:\n  - purposes: {any: [support, suport]}\n  - purposes: {all: [fraud]}\n---\nkind: Purpose\nname: support\n"
	_, err := resource.Parse("x.yaml", []byte(rule))
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{`x.yaml:5: DataPolicy p: there is no Purpose "suport"`, `x.yaml:6: DataPolicy p: there is no Purpose "fraud"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), `"support"`) {
		t.Error(err)
	}
}

package control

import (
	"fmt"
	"strings"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/sqlgen"
)

// guaranteeNames is how many sources a warning names.
const guaranteeNames = 3

// guarantees says, of a Redshift in which something is maintained, how far that keeps from people what policies hide. `postern plan` says it of each source.
func (b *builder) guarantees(s resource.PushSettings, p *policy.Program) {
	var results []string
	values, native := 0, 0
	for _, t := range p.Snapshot().Tables() {
		if !t.Registered || redshiftNative(s, p, t) {
			continue
		}
		d := p.Decide(policy.BindDeferred().At(b.now), []policy.Want{{Table: t}})[0]
		g := sqlgen.RedshiftGuaranteeOf(&d)
		switch g.Guarantee {
		case sqlgen.GuaranteeResults:
			results = append(results, t.QualifiedName())
		case sqlgen.GuaranteeValues:
			values++
		case sqlgen.GuaranteeWhole, "":
			continue
		}
		if g.Native() {
			native++
		}
	}
	if len(results) == 0 {
		return
	}
	named := strings.Join(results[:min(len(results), guaranteeNames)], ", ")
	if more := len(results) - guaranteeNames; more > 0 {
		named += fmt.Sprintf(" and %d others", more)
	}
	b.warn(s.Pos, "connection %s: for people who connect to it directly, views keep hidden rows of %s from results, and not from who provokes errors or measures time: Redshift's views have no barrier. "+
		"The masks and hidden columns alone of %d sources have no such way around. Redshift's own policies, of which nothing is made, could say %d of these %d sources", s.Connection, named, values, native, len(results)+values)
}

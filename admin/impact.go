package admin

import (
	"net/http"
	"slices"
	"time"

	"github.com/posternsql/postern/audit"
	"github.com/posternsql/postern/control"
	"github.com/posternsql/postern/explain/impact"
)

// maxImpactDays bounds how far back statements on record are judged.
const maxImpactDays = 366

// impactAllowed reports what is wrong with the question: it is about everybody, so it is not for tokens whose role sees less.
func (q *applyRequest) impactAllowed(c *call) error {
	switch {
	case !q.Impact && q.ImpactDays != 0:
		return refuse(http.StatusBadRequest, "impactDays goes with impact")
	case !q.Impact:
		return nil
	case !q.DryRun:
		return refuse(http.StatusBadRequest, "impact is asked before a change is made: it goes with dryRun")
	case q.ImpactDays < 0 || q.ImpactDays > maxImpactDays:
		return refuse(http.StatusBadRequest, "impactDays is not between 0 and %d", maxImpactDays)
	case !slices.Contains([]string{roleAdmin, roleGovernor}, c.token.Role):
		return refuse(http.StatusForbidden, "a token of role %s may not ask what a change does to everybody", c.token.Role)
	}
	return nil
}

// impact compares what is in force with what would be. That somebody asked is put on record.
func (a *API) impact(c *call, next *control.Generation, days int) (*impact.Report, error) {
	now, ok := c.state.(impact.State)
	if !ok || next == nil {
		return nil, refuse(http.StatusServiceUnavailable, "nothing is in force to compare with")
	}
	config := impact.Config{Old: now, New: next, Rewriter: a.Rewriter, Dialect: a.Dialect, DialectOf: a.DialectOf, Now: a.Now}
	if days > 0 {
		if a.Statements == nil {
			return nil, refuse(http.StatusNotImplemented, "this server cannot read its statements on record")
		}
		since := a.Now().Add(-time.Duration(days) * 24 * time.Hour)
		config.Statements = func(fn func(audit.Event) error) error { return a.Statements(since, fn) }
	}
	if err := a.Audit.Record(c.Context(), a.event(c, "impact.ask", "")); err != nil {
		return nil, refuse(http.StatusServiceUnavailable, "the audit log is not available, so nothing is answered")
	}
	return impact.Compare(c.Context(), config)
}

package direct

import (
	"context"
	"regexp"
	"time"

	"github.com/posternsql/postern/warehouse/queryhistory"
)

// impersonating is the statement by which an impersonation begins or ends, which is its caller's own.
var impersonating = regexp.MustCompile(`(?i)^\s*call\s+"?postern_procedures"?\s*\.`)

// actings asks who acted as whom while the statements ran.
func (c *Collector) actings(ctx context.Context, all []ran) ([]queryhistory.Acting, error) {
	if c.config.Acting == nil || len(all) == 0 {
		return nil, nil
	}
	since := all[0].began()
	for i := range all {
		if began := all[i].began(); began.Before(since) {
			since = began
		}
	}
	return c.config.Acting(ctx, since)
}

// actsAs is the account as which a statement's session acted when it began; "" for its own.
func actsAs(r *ran, all []queryhistory.Acting) string {
	if impersonating.MatchString(r.statement.Text) {
		return ""
	}
	began, target := r.began(), ""
	var since time.Time
	for _, a := range all {
		if a.Account == r.record.User && a.Session == r.record.Session && began.After(a.From) && !began.After(a.Until) && a.From.After(since) {
			target, since = a.Target, a.From
		}
	}
	return target
}

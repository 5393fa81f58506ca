package policy

// exceptUntil reads when a rule's exception ends. From then on the rule is for everybody whom it selects: nothing opens by the passing
// of time, because only what lets people in or excepts them can end.
func (c *compiler) exceptUntil(r Rule, o *origin, report Problem) {
	if r.ExceptUntil != "" && r.ExceptFor == "" {
		report.Message = "exceptUntil says when exceptFor ends, and there is no exceptFor"
		c.problem(report)
	}
	o.until = c.instant(r.ExceptUntil, "exceptUntil", report)
}

package policy

// rule checks one rule by its kind and adds it to the sources.
func (c *compiler) rule(r Rule, o origin, sources []*tableProgram, staged bool, report Problem) {
	kinds := 0
	for _, set := range []bool{r.Mask != nil, r.Rows != "", r.Window != nil, r.Sample != nil, r.Purposes != nil} {
		if set {
			kinds++
		}
	}
	refuse := func(message string) {
		report.Message = message
		c.problem(report)
	}
	switch {
	case kinds != 1:
		refuse("a rule says exactly one of mask, rows, window, sample and purposes")
	case r.Otherwise != nil:
		refuse("otherwise is not enforced yet")
	case r.Mask != nil:
		c.maskRule(r.Mask, o, sources, staged, report)
	case r.Rows != "":
		c.rowRule(r.Rows, o, sources, staged, report)
	case r.Window != nil:
		refuse("window is not enforced yet")
	case r.Sample != nil:
		refuse("sample is not enforced yet")
	case r.Purposes != nil:
		refuse("purposes is not enforced yet")
	}
}

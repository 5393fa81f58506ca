package resource

func ruleFields() map[string]field {
	return map[string]field{
		"Rule.mask":        {about: "how the matching columns read; give this or one of the row rules `rows`, `window`, `sample`, `purposes`"},
		"Rule.rows":        {about: "a SQL condition, with the `@functions` of docs/policies.md: rows for which it is true are shown"},
		"Rule.window":      {about: "shows the rows of a stretch of time, by the source's `eventTime`"},
		"Rule.sample":      {about: "shows a part of the rows, always the same ones; needs the source's key"},
		"Rule.purposes":    {about: "shows rows only to people who act under these purposes; exactly one of its fields"},
		"Rule.exceptFor":   {about: "a condition on the person, in CEL: those for whom it is true are not subject to the rule"},
		"Rule.exceptUntil": {about: "an instant, RFC 3339, from which on `exceptFor` excepts nobody", standard: "never"},
		"Rule.onlyFor":     {about: "a condition on the person, in CEL: only those for whom it is true are subject to the rule"},
		"Rule.otherwise":   {about: "what those are subject to for whom `onlyFor` is false: a mask for a mask, a row rule for a row rule"},

		"Otherwise.mask":   {about: "another mask for the columns of the rule's"},
		"Otherwise.rows":   {about: "as in the rule"},
		"Otherwise.window": {about: "as in the rule"},
		"Otherwise.sample": {about: "as in the rule"},

		"Window.newerThan": {about: "shows what happened within this time before now: a number and m, h, d, w or y, such as `30d`"},
		"Window.olderThan": {about: "shows what happened longer ago than this"},

		"Sample.percent": {about: "how much is shown: above 0, below 100, with up to three digits after the point", required: true},
		"Sample.domain":  {about: "the token domain whose key is used", standard: "`default`"},

		"PurposeLimit.any":        {about: "one of these purposes suffices"},
		"PurposeLimit.all":        {about: "all of these purposes are needed"},
		"PurposeLimit.anyPurpose": {about: "whatever purpose suffices", standard: "false"},
	}
}

func maskFields() map[string]field {
	return map[string]field{
		"Mask.columnTags":       {about: "columns by tag; `PII` covers `PII.Phone`"},
		"Mask.columns":          {about: "columns by exact name"},
		"Mask.where":            {about: "a SQL condition on the row: rows for which it is false keep their value", standard: "all rows are masked"},
		"Mask.hide":             {about: "`true`: the column is not there"},
		"Mask.null":             {about: "NULL"},
		"Mask.kAnonymity":       {about: "NULL where too few rows have this combination of values of the rule's columns"},
		"Mask.constant":         {about: "one text for all"},
		"Mask.randomized":       {about: "another value, or noise added, by a draw that is the same at every look; needs the source's key"},
		"Mask.hash":             {about: "a keyed hash: equal values stay equal, and nobody can compute it who has not the key"},
		"Mask.reversible":       {about: "AES-SIV: equal values stay equal, and who has the key can reveal them"},
		"Mask.formatPreserving": {about: "FF1: digits stay digits, and who has the key can reveal them"},
		"Mask.regex":            {about: "every match of a pattern replaced"},
		"Mask.round":            {about: "numbers and times made coarse"},
		"Mask.custom":           {about: "a SQL expression that cannot fail; `@value` is the masked column"},

		"KAnonymityMask.k":              {about: "how many of the rows that the person may see must have the combination, at least 2", required: true},
		"RandomizedMask.values":         {about: "one of these, each with the same probability, stands in place of the true value with the probability of `percent`"},
		"RandomizedMask.percent":        {about: "1 to 100, with `values`"},
		"RandomizedMask.noise":          {about: "instead of `values`: bound of what is added, a number, or for dates and times a duration such as `30d`"},
		"RandomizedMask.domain":         {about: "the token domain whose key is used", standard: "`default`"},
		"HashMask.domain":               {about: "the token domain whose key is used; columns of one domain join", standard: "`default`"},
		"ReversibleMask.domain":         {about: "the token domain whose key is used; columns of one domain join", standard: "`default`"},
		"FormatPreservingMask.domain":   {about: "the token domain whose key is used; columns of one domain join", standard: "`default`"},
		"FormatPreservingMask.alphabet": {about: "the characters that are encrypted; others stay", enum: []string{"digits", "lowerAlphanumeric", "alphanumeric"}, standard: "`digits`"},
		"RegexMask.pattern":             {about: "a regular expression, in the subset of docs/policies.md", required: true},
		"RegexMask.replace":             {about: "the replacement; `\\1` to `\\9` stand for groups, `\\&` for the match"},
		"RoundMask.to":                  {about: "a positive number, or minute, hour, day, week, month, quarter, year", required: true},
	}
}

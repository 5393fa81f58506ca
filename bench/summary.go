package main

// outcome is everything that a run found; the JSON file is this.
type outcome struct {
	Date        string        `json:"date"`
	Options     options       `json:"options"`
	Machine     machine       `json:"machine"`
	Versions    versions      `json:"versions"`
	Fsync       []fsyncAt     `json:"fsync"`
	Competitors []competitor  `json:"competitors"`
	Cases       []caseSummary `json:"cases"`
	Filtered    *filteredPart `json:"filtered,omitempty"`
	Bursts      []burst       `json:"bursts"`
}

// fsyncAt is the cost of syncing in the folder of one audit log.
type fsyncAt struct {
	Where string    `json:"where"`
	Cost  fsyncCost `json:"cost"`

	folder string
}

// filteredPart is the run with a person whose rows are filtered.
type filteredPart struct {
	Competitors []competitor  `json:"competitors"`
	Cases       []caseSummary `json:"cases"`
	Bursts      []burst       `json:"bursts"`
}

// caseSummary is one workload over all rounds.
type caseSummary struct {
	workload
	Results []resultSummary `json:"results"` // in the order of the competitors
}

// resultSummary is one competitor in one workload. Ratios are paired: within each round, then the median over the rounds.
type resultSummary struct {
	Competitor     string  `json:"competitor"`
	TPS            float64 `json:"tps_median"`
	TPSLow         float64 `json:"tps_min"`
	TPSHigh        float64 `json:"tps_max"`
	TPSToDirect    float64 `json:"tps_to_direct"`
	TPSToPgBouncer float64 `json:"tps_to_pgbouncer,omitempty"`
	LatencyMS      float64 `json:"latency_ms_median"`
	AddedMicros    float64 `json:"latency_added_us"`
	CPUMicros      float64 `json:"cpu_us_median,omitempty"`
	CPUToPgBouncer float64 `json:"cpu_to_pgbouncer,omitempty"`
	LoginMicros    float64 `json:"session_cpu_us_median,omitempty"`
}

// summarize makes one summary a workload. The first competitor is direct; PgBouncer is found by its name.
func summarize(bursts []burst, all []competitor, loads []workload) []caseSummary {
	var cases []caseSummary
	for _, load := range loads {
		of := map[string][]burst{}
		for _, b := range bursts {
			if b.workload == load {
				of[b.Competitor] = append(of[b.Competitor], b)
			}
		}
		c := caseSummary{workload: load}
		for _, who := range all {
			c.Results = append(c.Results, summarizeOne(who.Name, of[who.Name], of[all[0].Name], of["PgBouncer"]))
		}
		cases = append(cases, c)
	}
	return cases
}

func summarizeOne(name string, own, direct, pgbouncer []burst) resultSummary {
	tps := func(b burst) float64 { return b.TPS }
	cpu := func(b burst) float64 { return b.CPUMicros }
	s := resultSummary{
		Competitor:  name,
		TPS:         median(values(own, tps)),
		TPSToDirect: pairedRatio(byRound(own, tps), byRound(direct, tps)),
		LatencyMS:   median(values(own, func(b burst) float64 { return b.LatencyMS })),
		CPUMicros:   median(values(own, cpu)),
		LoginMicros: median(values(own, func(b burst) float64 { return b.LoginCPU })),

		TPSToPgBouncer: pairedRatio(byRound(own, tps), byRound(pgbouncer, tps)),
		CPUToPgBouncer: pairedRatio(byRound(own, cpu), byRound(pgbouncer, cpu)),
	}
	for i, v := range values(own, tps) {
		if i == 0 || v < s.TPSLow {
			s.TPSLow = v
		}
		s.TPSHigh = max(s.TPSHigh, v)
	}
	s.AddedMicros = 1000 * (s.LatencyMS - median(values(direct, func(b burst) float64 { return b.LatencyMS })))
	return s
}

func values(bursts []burst, of func(burst) float64) []float64 {
	var all []float64
	for _, b := range bursts {
		all = append(all, of(b))
	}
	return all
}

func byRound(bursts []burst, of func(burst) float64) map[int]float64 {
	all := map[int]float64{}
	for _, b := range bursts {
		all[b.Round] = of(b)
	}
	return all
}

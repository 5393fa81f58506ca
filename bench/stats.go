package main

import "slices"

// median is the middle value, or the mean of the two in the middle; 0 of none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// pairedRatio is the median over the rounds of a/b within one round: what drifts from one round to the next cancels out.
// Rounds that only one of the two has do not count.
func pairedRatio(a, b map[int]float64) float64 {
	var ratios []float64
	for round, x := range a {
		if y := b[round]; y > 0 {
			ratios = append(ratios, x/y)
		}
	}
	return median(ratios)
}

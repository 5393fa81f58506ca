package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// fsyncCost is how long it takes to append a record to a file and sync it.
type fsyncCost struct {
	MedianMicros float64 `json:"median_us"`
	P95Micros    float64 `json:"p95_us"`
	Samples      int     `json:"samples"`
}

// measureFsync appends records of the audit's usual size to a file in dir, each synced, by one writer.
func measureFsync(dir string, samples int) (_ fsyncCost, err error) {
	path := filepath.Join(dir, "fsync")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fsyncCost{}, fmt.Errorf("measuring fsync: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	record := make([]byte, 800)
	var took []float64
	for range samples {
		start := time.Now()
		if _, err := f.Write(record); err != nil {
			return fsyncCost{}, fmt.Errorf("measuring fsync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return fsyncCost{}, fmt.Errorf("measuring fsync: %w", err)
		}
		took = append(took, micros(time.Since(start)))
	}
	slices.Sort(took)
	return fsyncCost{MedianMicros: median(took), P95Micros: took[len(took)*95/100], Samples: samples}, nil
}

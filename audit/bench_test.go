package audit

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkRecord measures one statement's audit as the proxy does it: a
// Record before it and a RecordLater after it.
func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l := mustOpen(b, Config{}, nil)
			start, done := sampleEvent(), Event{Kind: End, ID: "s1-7", User: "ann", CommandTag: "SELECT 5", Rows: 5}
			var next atomic.Int64
			var group sync.WaitGroup
			before := l.Stats()
			b.ReportAllocs()
			b.ResetTimer()
			for range callers {
				group.Go(func() {
					for next.Add(1) <= int64(b.N) {
						if err := l.Record(context.Background(), start); err != nil {
							b.Error(err)
							return
						}
						if err := l.RecordLater(done); err != nil {
							b.Error(err)
						}
					}
				})
			}
			group.Wait()
			b.StopTimer()
			after := l.Stats()
			b.ReportMetric(float64(after.Syncs-before.Syncs)/float64(b.N), "fsyncs/op")
		})
	}
}

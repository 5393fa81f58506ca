package proxy

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of a Server.
type Metrics struct {
	sessions      prometheus.Gauge
	logins        *prometheus.CounterVec
	statements    *prometheus.CounterVec
	errors        prometheus.Counter
	rows          prometheus.Counter
	bytes         prometheus.Counter
	duration      prometheus.Histogram
	cancels       *prometheus.CounterVec
	auditFailures prometheus.Counter
}

// NewMetrics makes the metrics and registers them; nil registers nowhere.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	name := func(n string) prometheus.Opts {
		return prometheus.Opts{Namespace: "postern", Subsystem: "proxy", Name: n}
	}
	counter := func(n, help string) prometheus.CounterOpts {
		o := prometheus.CounterOpts(name(n))
		o.Help = help
		return o
	}
	sessions := prometheus.GaugeOpts(name("sessions"))
	sessions.Help = "Sessions that are established."
	m := &Metrics{
		sessions:      prometheus.NewGauge(sessions),
		logins:        prometheus.NewCounterVec(counter("logins_total", "Log-ins by outcome."), []string{"outcome"}),
		statements:    prometheus.NewCounterVec(counter("statements_total", "Statements by decision."), []string{"decision"}),
		errors:        prometheus.NewCounter(counter("statement_errors_total", "Statements that the warehouse ended with an error.")),
		rows:          prometheus.NewCounter(counter("rows_total", "Rows relayed to clients.")),
		bytes:         prometheus.NewCounter(counter("row_bytes_total", "Bytes of rows relayed to clients.")),
		cancels:       prometheus.NewCounterVec(counter("cancel_requests_total", "Cancel requests by outcome."), []string{"outcome"}),
		auditFailures: prometheus.NewCounter(counter("audit_failures_total", "Statements refused because they could not be put on record.")),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "postern", Subsystem: "proxy",
			Name: "statement_seconds", Help: "Time from a statement's arrival to its end.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 10)}),
	}
	if registry != nil {
		registry.MustRegister(m.sessions, m.logins, m.statements, m.errors, m.rows, m.bytes, m.duration, m.cancels, m.auditFailures)
	}
	return m
}

// ended counts one finished statement.
func (m *Metrics) ended(sqlstate string, rows, bytes int64, took time.Duration) {
	if sqlstate != "" {
		m.errors.Inc()
	}
	m.rows.Add(float64(rows))
	m.bytes.Add(float64(bytes))
	m.duration.Observe(took.Seconds())
}

package webhook

import "github.com/prometheus/client_golang/prometheus"

// Metrics of a Sender.
type Metrics struct {
	attempts *prometheus.CounterVec
	lost     *prometheus.CounterVec
}

// NewMetrics makes the metrics and registers them; nil registers nowhere.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "postern", Subsystem: "webhook", Name: "attempts_total", Help: "Attempts to deliver an event, by webhook and outcome (delivered, failed).",
		}, []string{"webhook", "outcome"}),
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "postern", Subsystem: "webhook", Name: "lost_total", Help: "Events that were given up, as reported to the webhook.",
		}, []string{"webhook"}),
	}
	if registry != nil {
		registry.MustRegister(m.attempts, m.lost)
	}
	return m
}

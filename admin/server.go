package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config of a Server.
type Config struct {
	// Checks stand behind /readyz; with none the server is never ready.
	Checks []Check
	// Metrics is gathered by /metrics.
	Metrics prometheus.Gatherer
	// API serves the routes under /v1; nil leaves them out.
	API *API
	// ProbeTimeout bounds one /readyz request. Default 2 s.
	ProbeTimeout time.Duration
	// ShutdownTimeout bounds the wait for requests in hand. Default 5 s.
	ShutdownTimeout time.Duration
	Log             *slog.Logger
}

// Validate reports all mistakes at once.
func (c Config) Validate() error {
	var errs []error
	if len(c.Checks) == 0 {
		errs = append(errs, errors.New("checks: at least one is wanted, or readiness would mean nothing"))
	}
	errs = append(errs, validateChecks(c.Checks))
	if c.Metrics == nil {
		errs = append(errs, errors.New("metrics: a gatherer is wanted"))
	}
	if c.Log == nil {
		errs = append(errs, errors.New("log: a logger is wanted"))
	}
	if c.API != nil {
		errs = append(errs, c.API.validate())
	}
	return errors.Join(errs...)
}

// Server answers administrators' HTTP requests.
type Server struct {
	cfg  Config
	http *http.Server
}

// New builds a Server.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configuring admin server: %w", err)
	}
	if cfg.ProbeTimeout <= 0 {
		cfg.ProbeTimeout = 2 * time.Second
	}
	if cfg.ShutdownTimeout <= 0 {
		cfg.ShutdownTimeout = 5 * time.Second
	}
	if cfg.API != nil {
		var err error
		if cfg.API.limits, err = newLimits(cfg.API.Limits); err != nil {
			return nil, fmt.Errorf("configuring admin server: %w", err)
		}
	}
	s := &Server{cfg: cfg}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// Serve answers on the listener until ctx ends, then finishes what is in hand and returns nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	stopped := make(chan error, 1)
	go func() { stopped <- s.http.Serve(l) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serving admin requests: %w", err)
	case <-ctx.Done():
	}
	graceful, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownTimeout)
	defer cancel()
	err := s.http.Shutdown(graceful)
	if serveErr := <-stopped; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	if err != nil {
		return fmt.Errorf("shutting down admin server: %w", err)
	}
	return nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.cfg.Metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	if s.cfg.API != nil {
		s.cfg.API.routes(mux, s.cfg.Log)
	}
	return mux
}

// ready answers 200 when every check holds and 503 with a line for each that does not.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.ProbeTimeout)
	defer cancel()
	if lines := failures(ctx, s.cfg.Checks); len(lines) > 0 {
		text(w, http.StatusServiceUnavailable, strings.Join(lines, "\n")+"\n")
		return
	}
	text(w, http.StatusOK, "ready\n")
}

func text(w http.ResponseWriter, status int, body string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The client may be gone; there is nobody left to tell.
	_, _ = io.WriteString(w, body)
}

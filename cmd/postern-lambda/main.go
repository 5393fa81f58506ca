package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/posternsql/postern/lambda"
)

func main() {
	handler, err := newHandler(context.Background(), os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "postern-lambda:", err)
		os.Exit(1)
	}
	runtime.Start(func(ctx context.Context, payload json.RawMessage) (lambda.Response, error) {
		return handler.Invoke(ctx, payload), nil
	})
}

// newHandler reads the environment; all mistakes are reported at once.
func newHandler(ctx context.Context, env func(string) string) (*lambda.Handler, error) {
	var mistakes []error
	duration := func(name string) time.Duration {
		text := env(name)
		if text == "" {
			return 0
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			mistakes = append(mistakes, fmt.Errorf("%s: %.40q is not a time above 0 such as 5s", name, text))
		}
		return d
	}
	c := lambda.Config{
		AccessName: env("POSTERN_ACCESS"), Fresh: duration("POSTERN_FRESH"), Stale: duration("POSTERN_STALE"), KeepKeys: duration("POSTERN_KEEP_KEYS"),
		Now: time.Now, Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	}
	if c.AccessName == "" {
		mistakes = append(mistakes, errors.New("POSTERN_ACCESS: it names no secret"))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the AWS settings: %w", err)
	}
	c.Store = secretsManager{secretsmanager.NewFromConfig(settings)}
	return lambda.NewHandler(c)
}

package difftest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posternsql/postern/internal/difftest/sanitised"
	"github.com/posternsql/postern/internal/pgcluster"
)

// shared is what all tests use: the cluster with the raw database and everybody's copy.
var shared struct {
	cluster  *pgcluster.Cluster
	password string
	// redshift makes redshiftEmpty, once.
	redshift    sync.Once
	redshiftErr error
}

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	shared.password = "a password of the oracle"
	// The resource files name both: a password that all share, and the key that the sanitised copies were made with.
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32))
	if err := errors.Join(os.Setenv("DIFFTEST_PASSWORD", shared.password), os.Setenv("DIFFTEST_KEY", key)); err != nil {
		return 1, err
	}
	shared.cluster, err = pgcluster.Start(ctx, pgcluster.Config{})
	if err != nil {
		return 1, err
	}
	defer func() {
		err = errors.Join(err, shared.cluster.Stop())
		if err == nil && code == 0 {
			err = goleak.Find()
		}
	}()
	if err := sanitised.Build(ctx, shared.cluster, shared.password); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

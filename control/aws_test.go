package control

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/warehouse"
)

// TestConnectionByAWS: a connection without a password logs in with what AWS gives; AWS is asked once, also when the set is published anew, and again
// when the connection is another.
func TestConnectionByAWS(t *testing.T) {
	dsn := pgtest.Database(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(context.WithoutCancel(t.Context()))
	role := pgtest.Name("aws")
	if _, err := owner.Exec(t.Context(), "CREATE ROLE "+role+" LOGIN PASSWORD 'out of a secret'; CREATE TABLE public.t (id int)").ReadAll(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if conn, err := pgconn.Connect(context.Background(), dsn); err == nil {
			_, _ = conn.Exec(context.Background(), "DROP ROLE "+role).ReadAll()
			_ = conn.Close(context.Background())
		}
	})
	var asked atomic.Int32
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=KEY/") {
			t.Errorf("signed by %q", r.Header.Get("Authorization"))
		}
		fmt.Fprintf(w, `{"SecretString":"{\"username\":\"%s\",\"password\":\"out of a secret\"}"}`, role)
	}))
	defer aws.Close()
	t.Setenv("AWS_ACCESS_KEY_SECRET", "s")
	text := fmt.Sprintf("kind: Connection\nname: wh\nengine: postgres\nhost: %s\nport: %s\ndatabase: %s\nuser: %s\n"+
		"aws: {method: secret, secret: arn, region: eu-central-1, endpoint: %q, accessKey: {id: KEY, secret: {env: AWS_ACCESS_KEY_SECRET}}}\n", u.Hostname(), u.Port(), u.Path[1:], role, aws.URL)
	p, err := NewPublisher(Config{Log: slog.New(slog.DiscardHandler), Reviews: ReviewFile{Path: t.TempDir() + "/reviews.json"}})
	if err != nil {
		t.Fatal(err)
	}
	publish := func(text string) {
		t.Helper()
		set, err := resource.Parse("x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Publish(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	publish(text)
	first := asked.Load()
	for range 3 {
		publish(text)
		config, ok := p.Current().Connection("wh")
		if !ok {
			t.Fatal("the connection is not there")
		}
		conn, err := warehouse.Dial(t.Context(), *config, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close(t.Context())
	}
	if n := asked.Load() - first; n > 1+3 {
		t.Errorf("AWS was asked %d times more", n)
	}
	before := asked.Load()
	publish(strings.Replace(text, "secret: arn,", "secret: other,", 1))
	if asked.Load() == before {
		t.Error("a changed connection has the old one's credentials")
	}
}

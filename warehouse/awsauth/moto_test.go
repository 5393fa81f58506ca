//go:build conformance

package awsauth_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/warehouse"
	"github.com/posternsql/postern/warehouse/awsauth"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// startMoto is the moto server that scripts/conformance.sh has installed: AWS as others have understood it.
func startMoto(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = listener.Close()
	program, err := filepath.Abs("../../bin/conformance/moto/bin/moto_server")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", port)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for range 300 {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return "http://" + address
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("moto does not answer")
	return ""
}

// TestMoto: what moto gives lets in to a database that has these accounts.
func TestMoto(t *testing.T) {
	environment(t)
	endpoint := startMoto(t)
	settings, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-central-1"), config.WithBaseEndpoint(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := redshift.NewFromConfig(settings).CreateCluster(t.Context(), &redshift.CreateClusterInput{ClusterIdentifier: sdk.String("dwh"), NodeType: sdk.String("ra3.large"),
		MasterUsername: sdk.String("root"), MasterUserPassword: sdk.String("Secret123")}); err != nil {
		t.Fatal(err)
	}
	if _, err := secretsmanager.NewFromConfig(settings).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: sdk.String("svc"),
		SecretString: sdk.String(`{"username":"kept","password":"in a secret"}`)}); err != nil {
		t.Fatal(err)
	}
	dsn := pgtest.Database(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	owner, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(context.WithoutCancel(t.Context()))
	role := awsauth.Identity{Role: "arn:aws:iam::123456789012:role/postern", ExternalID: "ext"}
	for want, c := range map[string]awsauth.Config{
		"IAM:svc":  {Method: awsauth.MethodCluster, Cluster: "dwh", User: "svc"},
		"IAMA:new": {Method: awsauth.MethodCluster, Cluster: "dwh", User: "new", AutoCreate: true, Identity: role},
		"kept":     {Method: awsauth.MethodSecret, Secret: "svc", Identity: role},
	} {
		c.Region, c.Endpoint = "eu-central-1", endpoint
		s, err := awsauth.NewSource(c, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		login, err := s.Login(t.Context())
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		if login.User != want {
			t.Errorf("the account is %q, want %q", login.User, want)
		}
		create := fmt.Sprintf(`CREATE ROLE "%s" LOGIN PASSWORD '%s'`, want, strings.ReplaceAll(login.Password.Reveal(), "'", "''"))
		if _, err := owner.Exec(t.Context(), create).ReadAll(); err != nil {
			t.Fatal(err)
		}
		conn, err := warehouse.Dial(t.Context(), warehouse.Config{Engine: warehouse.EnginePostgres, Host: u.Hostname(), Port: port, Database: u.Path[1:], User: "svc", Credentials: s}, nil)
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		_ = conn.Close(t.Context())
		if _, err := owner.Exec(t.Context(), `DROP ROLE "`+want+`"`).ReadAll(); err != nil {
			t.Error(err)
		}
	}
}

package warehouse

import (
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
	"github.com/posternsql/postern/secret"
)

// TestScram logs in to a real PostgreSQL, which asks for SCRAM, by the handshake that is used with Redshift.
func TestScram(t *testing.T) {
	cluster := pgtest.Cluster(t)
	logIn := func(password string) error {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", net.JoinHostPort(cluster.Host, strconv.Itoa(cluster.Port)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		h := &handshake{conn: conn, login: Login{User: cluster.Superuser, Password: secret.NewValue(password)}, status: map[string]string{}}
		return h.run("postgres", map[string]string{"client_encoding": "UTF8"}, nil)
	}
	if err := logIn(cluster.Password); err != nil {
		t.Error(err)
	}
	var refused *pgconn.PgError
	if err := logIn("wrong"); !errors.As(err, &refused) || refused.Code != "28P01" {
		t.Errorf("a wrong password: %v", err)
	}
}

// TestScramChallenge refuses what a server could use to make the client work for ever, or to go without the client's nonce.
func TestScramChallenge(t *testing.T) {
	for _, text := range []string{"", "r=abc", "r=abc,s=c2FsdA==,i=4096", "r=abcx,s=c2FsdA==,i=1000001", "r=abcx,s=c2FsdA==,i=0", "r=abcx,s=!,i=1", "r=abcx,s=,i=1", "r=xabc,s=c2FsdA==,i=1", "r=abcx,i=1,s=c2FsdA=="} {
		if _, _, _, err := readChallenge(text, "abc"); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, salt, n, err := readChallenge("r=abcx,s=c2FsdA==,i=4096", "abc"); err != nil || string(salt) != "salt" || n != 4096 {
		t.Error(salt, n, err)
	}
}

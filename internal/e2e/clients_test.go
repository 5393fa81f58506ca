package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// client is one way to ask: it runs the query as the person and returns the rows as lines of values separated by '|', NULL
// as nothing.
type client struct {
	name string
	ask  func(t *testing.T, in *instance, who person, sql string) string
}

// clients is the one list of all clients. A client that is not installed fails its runs.
func clients() []client {
	return []client{
		{"psql", askPsql},
		{"psql copy", askPsqlCopy},
		{"pgx simple", askPgxSimple},
		{"pgx extended text", askPgxText},
		{"pgx extended binary", askPgxBinary},
		{"pq simple", askPqSimple},
		{"pq prepared", askPqPrepared},
		{"pq binary parameters", askPqBinaryParameters},
		{"node-postgres", askNode},
		{"jdbc", askJDBC},
	}
}

// runClient runs a client program with the person's password in its environment, and returns what it printed.
func runClient(t *testing.T, who person, env []string, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(append(os.Environ(), "PGPASSWORD="+who.password, "LC_ALL=C.UTF-8"), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("running %s: %v\n%s", program, err, errs.String())
	}
	if errs.Len() > 0 {
		t.Errorf("%s complains: %s", program, errs.String())
	}
	return out.String()
}

// psqlArgs connects as the person, without anybody's .psqlrc.
func psqlArgs(in *instance, who person, more ...string) []string {
	return append([]string{
		"-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", in.host, "-p", in.port, "-U", who.name, "-d", databaseName,
	}, more...)
}

func askPsql(t *testing.T, in *instance, who person, sql string) string {
	return runClient(t, who, nil, "psql", psqlArgs(in, who, "-A", "-t", "-F", "|", "-c", sql)...)
}

// askPsqlCopy uses COPY (query) TO STDOUT. psql reads a backslash command to the end of its line.
func askPsqlCopy(t *testing.T, in *instance, who person, sql string) string {
	line := strings.Join(strings.Fields(sql), " ")
	return runClient(t, who, nil, "psql",
		psqlArgs(in, who, "-c", `\copy (`+line+`) TO STDOUT WITH (DELIMITER '|', NULL '')`)...)
}

// nodePath is the folder in which Node.js finds node-postgres.
var nodePath = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("../../scripts/node-pg.sh").Output()
	if err != nil {
		return "", fmt.Errorf("finding node-postgres: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
})

func askNode(t *testing.T, in *instance, who person, sql string) string {
	path, err := nodePath()
	if err != nil {
		t.Fatal(err)
	}
	return runClient(t, who, []string{"NODE_PATH=" + path}, "node", "testdata/tour.js",
		in.host, in.port, databaseName, who.name, sql)
}

// jdbcJar is where Debian's libpostgresql-jdbc-java puts the driver.
const jdbcJar = "/usr/share/java/postgresql.jar"

// tourClass compiles Tour.java once and returns the class path.
var tourClass = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(shared.dir, "java")
	out, err := exec.Command("javac", "-d", dir, "testdata/Tour.java").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("compiling the JDBC client: %w\n%s", err, out)
	}
	if _, err := os.Stat(jdbcJar); err != nil {
		return "", fmt.Errorf("finding the JDBC driver: %w", err)
	}
	return dir + ":" + jdbcJar, nil
})

func askJDBC(t *testing.T, in *instance, who person, sql string) string {
	return askJDBCAt(t, fmt.Sprintf("jdbc:postgresql://%s:%s/%s", in.host, in.port, databaseName), who, sql)
}

func askJDBCAt(t *testing.T, url string, who person, sql string) string {
	classPath, err := tourClass()
	if err != nil {
		t.Fatal(err)
	}
	return runClient(t, who, nil, "java", "-XX:TieredStopAtLevel=1", "-cp", classPath, "Tour", url, who.name, sql)
}

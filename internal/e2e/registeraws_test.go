package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

// setupSecrets is AWS as far as a setup account needs it: a role that can be assumed, and a secret that only the given key opens. It notes who asked for what.
type setupSecrets struct {
	t              *testing.T
	user, password string
	asked          []string
}

func (a *setupSecrets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	who := key + " " + r.Header.Get("X-Amz-Security-Token")
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		a.asked = append(a.asked, who+" "+target)
		account := fmt.Sprintf(`{"username":%q,"password":%q}`, a.user, a.password)
		fmt.Fprintf(w, `{"SecretString":%q}`, account)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Error(err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		a.t.Error(err)
	}
	a.asked = append(a.asked, who+" "+form.Get("Action")+" "+form.Get("RoleArn")+" "+form.Get("ExternalId"))
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>hush</SecretAccessKey><SessionToken>roletoken</SessionToken>"+
		"<Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>", time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// TestSetupByAWS: a registration logs in as the setup account by an assumed role, and by a temporary access key, and makes the system role; nothing of either is
// shown or kept.
func TestSetupByAWS(t *testing.T) {
	u, err := url.Parse(shared.cluster.DSN(databaseName))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	aws := &setupSecrets{t: t, user: u.User.Username(), password: password}
	server := httptest.NewServer(aws)
	defer server.Close()
	t.Setenv("SHORT_SECRET", "hush-secret")
	t.Setenv("SHORT_SESSION", "short-session")
	t.Setenv("AWS_ACCESS_KEY_ID", "ENVKEY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush-environment")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("SERVICE_PASSWORD", "pw")
	for name, c := range map[string]struct {
		how   string
		asked []string
	}{
		"an assumed role": {"role: 'arn:aws:iam::1:role/setup', externalId: ext",
			[]string{"ENVKEY  AssumeRole arn:aws:iam::1:role/setup ext", "ROLEKEY roletoken secretsmanager.GetSecretValue"}},
		"a temporary access key": {"accessKey: {id: SHORTKEY, secret: {env: SHORT_SECRET}, session: {env: SHORT_SESSION}}",
			[]string{"SHORTKEY short-session secretsmanager.GetSecretValue"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder, system := t.TempDir(), pgtest.Name("system")
			t.Cleanup(func() {
				if err := shared.cluster.Exec(context.Background(), databaseName, "DROP OWNED BY "+system+"; DROP ROLE "+system); err != nil {
					t.Error(err)
				}
			})
			connection := fmt.Sprintf("kind: Connection\nname: tpch\nengine: postgres\nhost: %s\nport: %s\ndatabase: %s\n", u.Hostname(), u.Port(), databaseName)
			writeFile := func(path, text string) {
				t.Helper()
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			resources, setup := filepath.Join(folder, "resources.yaml"), filepath.Join(folder, "setup.yaml")
			writeFile(resources, connection+"user: "+serviceRole+"\npassword: {env: SERVICE_PASSWORD}\n---\nkind: PushSettings\nname: push\nconnection: tpch\nuser: "+system+
				"\npassword: {env: SERVICE_PASSWORD}\nenforce: views\ncreateRoles: true\n")
			writeFile(setup, connection+"user: "+aws.user+"\n"+fmt.Sprintf("aws: {method: secret, secret: setup, region: eu-central-1, endpoint: %q, %s}\n", server.URL, c.how))
			aws.asked = nil
			out, err := exec.CommandContext(t.Context(), shared.binary, "register", "--resources", resources, "--setup-connection", setup, "--yes").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "Registered 0 sources") {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, kept := range []string{password, "hush", "short-session", "roletoken"} {
				if strings.Contains(string(out), kept) {
					t.Errorf("%s is shown:\n%s", kept, out)
				}
			}
			if strings.Join(aws.asked, "\n") != strings.Join(c.asked, "\n") {
				t.Errorf("AWS was asked\n%s\nwant\n%s", strings.Join(aws.asked, "\n"), strings.Join(c.asked, "\n"))
			}
		})
	}
}

package awsauth_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse/awsauth"
)

// environment is where nothing of AWS is but an access key, and references to secrets.
func environment(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "ENVKEY", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_EC2_METADATA_DISABLED": "true", "OTHER_SECRET": "other", "OTHER_TOKEN": "session", "OKTA_PASSWORD": "okta password", "ISSUER": "issuer's token",
	} {
		t.Setenv(name, value)
	}
}

func ref(name string) secret.Ref { return secret.Ref{Env: name} }

// TestMethods: each way to ask, as each identity: what AWS is asked by which key, and as whom and with what the warehouse is logged in to.
func TestMethods(t *testing.T) {
	environment(t)
	okta := startOkta(t, "SUCCESS")
	role := awsauth.Identity{Role: "arn:aws:iam::1:role/r", ExternalID: "ext"}
	key := awsauth.Identity{AccessKey: "OTHERKEY", SecretKey: ref("OTHER_SECRET"), SessionToken: ref("OTHER_TOKEN")}
	both := key
	both.Role = role.Role
	byOkta := awsauth.Identity{Okta: awsauth.Okta{URL: okta.URL + "/home/amazon_aws/x/272", User: "ann@example.com", Password: ref("OKTA_PASSWORD"), Provider: "arn:p", Role: "arn:r"}}
	center := awsauth.IdentityCenter{Client: "arn:client", Assertion: ref("ISSUER"), Role: "arn:role"}
	for name, c := range map[string]struct {
		config awsauth.Config
		user   string
		secret string // a prefix
		asked  []string
	}{
		"cluster, environment": {awsauth.Config{Method: awsauth.MethodCluster, Cluster: "c", User: "svc", Database: "dev", Groups: []string{"g"}, AutoCreate: true}, "IAM:svc", "cluster-",
			[]string{"ENVKEY:GetClusterCredentials:AutoCreate=true&ClusterIdentifier=c&DbGroups.DbGroup.1=g&DbName=dev&DbUser=svc&DurationSeconds=900"}},
		"cluster, role": {awsauth.Config{Method: awsauth.MethodCluster, Cluster: "c", User: "svc", Identity: role, Lasts: time.Hour}, "IAM:svc", "cluster-", []string{
			"ENVKEY:AssumeRole:DurationSeconds=900&ExternalId=ext&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=postern",
			"ROLEKEY:GetClusterCredentials:AutoCreate=false&ClusterIdentifier=c&DbUser=svc&DurationSeconds=3600"}},
		"cluster by identity, key": {awsauth.Config{Method: awsauth.MethodClusterIAM, Cluster: "c", Identity: key}, "IAMR:svc", "iam-",
			[]string{"OTHERKEY:GetClusterCredentialsWithIAM:ClusterIdentifier=c&DurationSeconds=900"}},
		"serverless, key and role": {awsauth.Config{Method: awsauth.MethodServerless, Workgroup: "w", Database: "dev", Identity: both}, "IAMR:svc", "serverless-", []string{
			"OTHERKEY:AssumeRole:DurationSeconds=900&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=postern", `ROLEKEY:GetCredentials:{"dbName":"dev","durationSeconds":900,"workgroupName":"w"}`}},
		"cluster, Okta": {awsauth.Config{Method: awsauth.MethodClusterIAM, Cluster: "c", Identity: byOkta}, "IAMR:svc", "iam-", []string{
			":AssumeRoleWithSAML:DurationSeconds=900&PrincipalArn=arn%3Ap&RoleArn=arn%3Ar", "OKTAKEY:GetClusterCredentialsWithIAM:ClusterIdentifier=c&DurationSeconds=900"}},
		"secret": {awsauth.Config{Method: awsauth.MethodSecret, Secret: "arn:s"}, "svc", "rotated", []string{`ENVKEY:GetSecretValue:{"SecretId":"arn:s"}`}},
		"identity center": {awsauth.Config{Method: awsauth.MethodIdentityCenter, Cluster: "c", Center: center}, "", "token-", []string{"ENVKEY:CreateTokenWithIAM",
			"ENVKEY:AssumeRole:ProvidedContexts.member.1.ContextAssertion=ann%27s+context&ProvidedContexts.member.1.ProviderArn=arn%3Aaws%3Aiam%3A%3Aaws%3AcontextProvider%2FIdentityCenter&RoleArn=arn%3Arole&RoleSessionName=postern",
			"ROLEKEY:GetIdentityCenterAuthToken:ClusterIds.ClusterIdentifier.1=c"}},
		"identity center, serverless": {awsauth.Config{Method: awsauth.MethodIdentityCenter, Workgroup: "w", Center: center}, "", "token-", []string{"ENVKEY:CreateTokenWithIAM",
			"ENVKEY:AssumeRole:ProvidedContexts.member.1.ContextAssertion=ann%27s+context&ProvidedContexts.member.1.ProviderArn=arn%3Aaws%3Aiam%3A%3Aaws%3AcontextProvider%2FIdentityCenter&RoleArn=arn%3Arole&RoleSessionName=postern",
			`ROLEKEY:GetIdentityCenterAuthToken:{"workgroupNames":["w"]}`}},
	} {
		t.Run(name, func(t *testing.T) {
			a := startAWS(t)
			c.config.Region, c.config.Endpoint = "eu-central-1", a.URL
			s, err := awsauth.NewSource(c.config, time.Now, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Login(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.User != c.user || !strings.HasPrefix(got.Password.Reveal(), c.secret) || got.Token != (c.config.Method == awsauth.MethodIdentityCenter) {
				t.Errorf("%s, %q, %v", got.User, got.Password.Reveal(), got.Token)
			}
			if asked := a.take(); !slices.Equal(asked, c.asked) {
				t.Errorf("asked\n%s\nexpected\n%s", strings.Join(asked, "\n"), strings.Join(c.asked, "\n"))
			}
			if text := fmt.Sprintf("%v %+v %#v", s, got, got); strings.Contains(text, got.Password.Reveal()) {
				t.Errorf("printed: %s", text)
			}
		})
	}
}

// TestRDSToken reads the token as RDS does: a signed request for the account at the address, for 15 minutes.
func TestRDSToken(t *testing.T) {
	environment(t)
	s, err := awsauth.NewSource(awsauth.Config{Method: awsauth.MethodRDS, Region: "eu-central-1", Host: "db.example.com", Port: 5432, User: "svc"}, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Login(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse("https://" + got.Password.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Host != "db.example.com:5432" || q.Get("Action") != "connect" || q.Get("DBUser") != "svc" || q.Get("X-Amz-Expires") != "900" ||
		!strings.HasPrefix(q.Get("X-Amz-Credential"), "ENVKEY/") || !strings.HasSuffix(q.Get("X-Amz-Credential"), "/eu-central-1/rds-db/aws4_request") || q.Get("X-Amz-Signature") == "" || got.User != "svc" {
		t.Errorf("%s, %v", u.Host, q)
	}
}

// TestRenewal: what was got is kept, renewed before its end, used to its end while AWS is gone, and never after.
func TestRenewal(t *testing.T) {
	environment(t)
	a := startAWS(t)
	now := time.Now()
	var log bytes.Buffer
	s, err := awsauth.NewSource(awsauth.Config{Method: awsauth.MethodClusterIAM, Region: "eu-central-1", Endpoint: a.URL, Cluster: "c"}, func() time.Time { return now },
		slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	get := func() (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		v, err := s.Credential(ctx)
		return v.Reveal(), err
	}
	first, err := get()
	if err != nil {
		t.Fatal(err)
	}
	now = a.ends.Add(-2*time.Minute - time.Second)
	if again, err := get(); err != nil || again != first || len(a.take()) != 1 {
		t.Errorf("asked again too early: %v", err)
	}
	now = a.ends.Add(-time.Minute)
	a.ends = a.ends.Add(15 * time.Minute)
	second, err := get()
	if err != nil || second == first {
		t.Errorf("not renewed: %v", err)
	}
	a.gone = true
	now = a.ends.Add(-time.Second)
	if third, err := get(); err != nil || third != second {
		t.Errorf("while AWS is gone: %v", err)
	}
	if !strings.Contains(log.String(), "have not ended yet") || strings.Contains(log.String(), second) {
		t.Errorf("the log: %s", &log)
	}
	now = a.ends
	if _, err := get(); err == nil || strings.Contains(err.Error(), second) {
		t.Errorf("after their end: %v", err)
	}
	a.gone = false
	a.ends = a.ends.Add(15 * time.Minute)
	if _, err := get(); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
}

// TestSecretsOfAnotherAccount and broken ones are refused without a word of what they hold.
func TestSecretsOfAnotherAccount(t *testing.T) {
	environment(t)
	a := startAWS(t)
	for _, text := range []string{`{"username":"other","password":"marker"}`, `{"username":"svc"}`, "marker", ""} {
		a.secret = text
		s, err := awsauth.NewSource(awsauth.Config{Method: awsauth.MethodSecret, Region: "r", Endpoint: a.URL, Secret: "s", User: "svc"}, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Login(t.Context()); err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestOktaRefuses: a wrong password, a second factor, and a page without an assertion are told, and nobody else's credentials are used instead.
func TestOktaRefuses(t *testing.T) {
	environment(t)
	for name, c := range map[string]struct{ status, path, password, says string }{
		"password": {"SUCCESS", "/home/amazon_aws/x/272", "OTHER_SECRET", "401"}, "second factor": {"MFA_REQUIRED", "/home/amazon_aws/x/272", "OKTA_PASSWORD", "MFA_REQUIRED"},
		"page": {"SUCCESS", "/home/other", "OKTA_PASSWORD", "302"}, "reference": {"SUCCESS", "/home/amazon_aws/x/272", "NOT_SET", "NOT_SET"},
	} {
		a, okta := startAWS(t), startOkta(t, c.status)
		s, err := awsauth.NewSource(awsauth.Config{Method: awsauth.MethodClusterIAM, Region: "r", Endpoint: a.URL, Cluster: "c",
			Identity: awsauth.Identity{Okta: awsauth.Okta{URL: okta.URL + c.path, User: "ann@example.com", Password: ref(c.password), Provider: "p", Role: "r"}}}, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Login(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "once") || strings.Contains(err.Error(), "okta password") {
			t.Errorf("%s: %v", name, err)
		}
		if asked := a.take(); len(asked) > 0 {
			t.Errorf("%s: AWS was asked %v", name, asked)
		}
	}
}

// TestValidate: every mistake of a configuration is told at once.
func TestValidate(t *testing.T) {
	for want, c := range map[string]awsauth.Config{
		`method "" is not one of`: {Region: "r"}, "there is no region": {Method: awsauth.MethodClusterIAM, Cluster: "c"}, "needs a cluster and a user": {Method: awsauth.MethodCluster, Region: "r"},
		"needs a workgroup": {Method: awsauth.MethodServerless, Region: "r"}, "needs a secret": {Method: awsauth.MethodSecret, Region: "r"}, "needs a host": {Method: awsauth.MethodRDS, Region: "r"},
		"either a cluster or a workgroup": {Method: awsauth.MethodIdentityCenter, Region: "r"}, "groups and autoCreate": {Method: awsauth.MethodSecret, Region: "r", Secret: "s", AutoCreate: true},
		"last from":             {Method: awsauth.MethodSecret, Region: "r", Secret: "s", Lasts: time.Minute},
		"is not a URL":          {Method: awsauth.MethodSecret, Region: "r", Secret: "s", Endpoint: "x"},
		"an id and a secret":    {Method: awsauth.MethodSecret, Region: "r", Secret: "s", Identity: awsauth.Identity{AccessKey: "k"}},
		"a role to assume":      {Method: awsauth.MethodSecret, Region: "r", Secret: "s", Identity: awsauth.Identity{ExternalID: "k"}},
		"a URL with https":      {Method: awsauth.MethodSecret, Region: "r", Secret: "s", Identity: awsauth.Identity{Okta: awsauth.Okta{URL: "http://example.com/x"}}},
		"exclude each other":    {Method: awsauth.MethodSecret, Region: "r", Secret: "s", Identity: awsauth.Identity{AccessKey: "k", SecretKey: ref("X"), Okta: awsauth.Okta{URL: "https://x/"}}},
		"an identity center is": {Method: awsauth.MethodSecret, Region: "r", Secret: "s", Center: awsauth.IdentityCenter{Client: "c"}},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

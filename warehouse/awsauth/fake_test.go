package awsauth_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// aws is AWS as far as these operations go, in its three protocols: Query (Redshift, STS), JSON (Redshift Serverless, Secrets Manager) and REST
// (the OIDC service of IAM Identity Center). It notes who asked for what.
type aws struct {
	*httptest.Server
	t *testing.T

	mu sync.Mutex
	// asked are operations as key:operation:what, where key is the access key that signed.
	asked []string
	// ends is when credentials that are given end.
	ends time.Time
	gone bool
	// issued counts what was given: the password of each is another.
	issued int
	secret string
}

func startAWS(t *testing.T) *aws {
	a := &aws{t: t, ends: time.Now().Add(15 * time.Minute).Truncate(time.Second), secret: `{"username":"svc","password":"rotated","engine":"redshift"}`}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *aws) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	key := ""
	if _, after, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		key, _, _ = strings.Cut(after, "/")
	}
	if a.gone {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	a.issued++
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		a.json(w, key, target[strings.LastIndexByte(target, '.')+1:], body)
	case r.URL.Path == "/token":
		a.asked = append(a.asked, key+":CreateTokenWithIAM")
		var in struct{ ClientId, GrantType, Assertion string }
		if json.Unmarshal(body, &in); in.GrantType != "urn:ietf:params:oauth:grant-type:jwt-bearer" || in.Assertion != "issuer's token" || in.ClientId != "arn:client" {
			a.t.Errorf("asked for %+v", in)
		}
		fmt.Fprint(w, `{"accessToken":"x","awsAdditionalDetails":{"identityContext":"ann's context"}}`)
	default:
		form, _ := url.ParseQuery(string(body))
		a.query(w, key, form)
	}
}

func (a *aws) json(w http.ResponseWriter, key, operation string, body []byte) {
	a.asked = append(a.asked, key+":"+operation+":"+string(body))
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch operation {
	case "GetCredentials":
		fmt.Fprintf(w, `{"dbUser":"IAMR:svc","dbPassword":"serverless-%d","expiration":%d}`, a.issued, a.ends.Unix())
	case "GetIdentityCenterAuthToken":
		fmt.Fprintf(w, `{"token":"token-%d","expirationTime":%q}`, a.issued, a.ends.UTC().Format(time.RFC3339))
	case "GetSecretValue":
		text, _ := json.Marshal(a.secret)
		fmt.Fprintf(w, `{"SecretString":%s}`, text)
	default:
		a.t.Errorf("an unexpected operation %s", operation)
	}
}

func (a *aws) query(w http.ResponseWriter, key string, form url.Values) {
	action := form.Get("Action")
	form.Del("Action")
	form.Del("Version")
	assertion := form.Get("SAMLAssertion")
	form.Del("SAMLAssertion")
	a.asked = append(a.asked, key+":"+action+":"+form.Encode())
	end := a.ends.UTC().Format(time.RFC3339)
	result := ""
	switch action {
	case "GetClusterCredentials":
		result = fmt.Sprintf("<DbUser>IAM:%s</DbUser><DbPassword>cluster-%d</DbPassword><Expiration>%s</Expiration>", form.Get("DbUser"), a.issued, end)
	case "GetClusterCredentialsWithIAM":
		result = fmt.Sprintf("<DbUser>IAMR:svc</DbUser><DbPassword>iam-%d</DbPassword><Expiration>%s</Expiration>", a.issued, end)
	case "GetIdentityCenterAuthToken":
		result = fmt.Sprintf("<Token>token-%d</Token><ExpirationTime>%s</ExpirationTime>", a.issued, end)
	case "AssumeRole":
		result = roleCredentials("ROLEKEY", end)
	case "AssumeRoleWithSAML":
		if assertion != "YXNzZXJ0aW9u" || key != "" {
			a.t.Errorf("the assertion is %q, signed by %q", assertion, key)
		}
		result = roleCredentials("OKTAKEY", end)
	default:
		a.t.Errorf("an unexpected action %q", action)
	}
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, result)
}

func roleCredentials(key, end string) string {
	return fmt.Sprintf("<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials>", key, end)
}

// take returns what was asked since it was last called.
func (a *aws) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.asked
	a.asked = nil
	return out
}

// startOkta is Okta's log-in and the page of its AWS application.
func startOkta(t *testing.T, status string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/v1/authn":
			var in struct{ Username, Password string }
			if json.NewDecoder(r.Body).Decode(&in); in.Username != "ann@example.com" || in.Password != "okta password" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			fmt.Fprintf(w, `{"status":%q,"sessionToken":"once"}`, status)
		case r.URL.Path == "/home/amazon_aws/x/272" && r.URL.Query().Get("onetimetoken") == "once":
			fmt.Fprint(w, `<html><form method="post"><input name="RelayState" type="hidden" value=""/><input type="hidden" name="SAMLResponse" value="YXNzZXJ0aW9u"/></form>`)
		default:
			http.Redirect(w, r, "https://elsewhere.example.com/", http.StatusFound)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

package awsauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/net/html"
)

// maxOktaBytes bounds an answer of Okta.
const maxOktaBytes = 1 << 20

// oktaTimeout bounds one request to Okta.
const oktaTimeout = 15 * time.Second

// oktaRole are the credentials of the role that Okta's assertion grants.
type oktaRole struct {
	okta  Okta
	sts   *sts.Client
	lasts time.Duration
}

// Retrieve implements aws.CredentialsProvider: a session at Okta (its Authentication API), with it the application's page, which carries the
// assertion (SAML 2.0, HTTP POST binding), and the role for it (AssumeRoleWithSAML).
func (r oktaRole) Retrieve(ctx context.Context) (aws.Credentials, error) {
	token, err := r.okta.session(ctx)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("logging in to Okta: %w", err)
	}
	assertion, err := r.okta.assertion(ctx, token)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("asking Okta for the assertion: %w", err)
	}
	out, err := r.sts.AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{
		PrincipalArn: aws.String(r.okta.Provider), RoleArn: aws.String(r.okta.Role), SAMLAssertion: aws.String(assertion), DurationSeconds: aws.Int32(int32(r.lasts.Seconds())),
	})
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("assuming role %s by Okta: %w", r.okta.Role, err)
	}
	return aws.Credentials{
		AccessKeyID: aws.ToString(out.Credentials.AccessKeyId), SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken: aws.ToString(out.Credentials.SessionToken), CanExpire: true, Expires: aws.ToTime(out.Credentials.Expiration), Source: "okta",
	}, nil
}

// session logs in and returns a token for one use. A person who has to prove more than a password cannot log in: nobody is there to answer.
func (o Okta) session(ctx context.Context) (string, error) {
	password, err := o.Password.Resolve()
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{"username": o.User, "password": password.Reveal()})
	if err != nil {
		return "", errors.New("the account cannot be written as JSON")
	}
	u, err := url.Parse(o.URL)
	if err != nil {
		return "", errors.New("the application is not a URL")
	}
	u.Path, u.RawQuery = "/api/v1/authn", ""
	answer, err := o.send(ctx, http.MethodPost, u.String(), body)
	if err != nil {
		return "", err
	}
	var said struct{ Status, SessionToken string }
	if json.Unmarshal(answer, &said) != nil || said.Status == "" {
		return "", errors.New("the answer is not Okta's")
	}
	if said.Status != "SUCCESS" || said.SessionToken == "" {
		return "", fmt.Errorf("the status is %.40q: only an account that needs no more than a password can be used", said.Status)
	}
	return said.SessionToken, nil
}

// assertion takes it out of the application's page.
func (o Okta) assertion(ctx context.Context, token string) (string, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return "", errors.New("the application is not a URL")
	}
	u.RawQuery = url.Values{"onetimetoken": {token}}.Encode()
	page, err := o.send(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	found := inputValue(page, "SAMLResponse")
	if _, err := base64.StdEncoding.DecodeString(found); found == "" || err != nil {
		return "", errors.New("the application's page has no assertion: is it an AWS application that this person has?")
	}
	return found, nil
}

// send asks Okta. An error holds neither the address, which may have a token, nor what was sent or came back.
func (o Okta) send(ctx context.Context, method, address string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, oktaTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address cannot be asked")
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json")
	}
	// A redirect leads to a page for people, or elsewhere with what was sent.
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", response.Status)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxOktaBytes+1))
	if err == nil && len(answer) > maxOktaBytes {
		err = errors.New("the answer is too large")
	}
	return answer, err
}

// inputValue is the value of the page's input of the name.
func inputValue(page []byte, name string) string {
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			attributes := map[string]string{}
			for _, a := range tag.Attr {
				attributes[a.Key] = a.Val
			}
			if tag.Data == "input" && attributes["name"] == name {
				return attributes["value"]
			}
		case html.TextToken, html.EndTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

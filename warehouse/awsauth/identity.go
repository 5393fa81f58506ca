package awsauth

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/posternsql/postern/secret"
)

// sessionName is what AWS's own logs call the sessions of roles.
const sessionName = "postern"

// settings are the SDK's, for the configured identity. They are made anew for each log-in that has to ask, so that references are read at use.
func (c Config) settings(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(c.Region)}
	if c.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(c.Endpoint))
	}
	if c.Identity.AccessKey != "" {
		options = append(options, config.WithCredentialsProvider(accessKey{c.Identity}))
	}
	if !c.Identity.Okta.isZero() {
		// What Okta says is all there is: the environment's credentials are not asked.
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	out, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return out, fmt.Errorf("reading the AWS settings: %w", err)
	}
	if !c.Identity.Okta.isZero() {
		out.Credentials = aws.NewCredentialsCache(oktaRole{okta: c.Identity.Okta, sts: sts.NewFromConfig(out), lasts: c.lasts()})
	}
	if c.Identity.Role != "" {
		out.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(out), c.Identity.Role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = sessionName
			if c.Identity.ExternalID != "" {
				o.ExternalID = aws.String(c.Identity.ExternalID)
			}
		}))
	}
	return out, nil
}

// accessKey reads an access key from its references.
type accessKey struct{ identity Identity }

// Retrieve implements aws.CredentialsProvider.
func (k accessKey) Retrieve(context.Context) (aws.Credentials, error) {
	key, err := k.identity.SecretKey.Resolve()
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("reading the secret of the access key: %w", err)
	}
	var token secret.Value
	if !k.identity.SessionToken.IsZero() {
		if token, err = k.identity.SessionToken.Resolve(); err != nil {
			return aws.Credentials{}, fmt.Errorf("reading the session token of the access key: %w", err)
		}
	}
	return aws.Credentials{AccessKeyID: k.identity.AccessKey, SecretAccessKey: key.Reveal(), SessionToken: token.Reveal(), Source: "postern"}, nil
}

package awsauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

const (
	// grantJWT is the grant of RFC 7523, section 2.1.
	grantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	// contextProvider vouches for a person's context (STS API, ProvidedContext).
	contextProvider = "arn:aws:iam::aws:contextProvider/IdentityCenter"
)

// identityCenterToken makes the outside issuer's token one of Redshift: the application in IAM Identity Center knows the person, the role is assumed
// with what it says of them, and Redshift gives a token for both.
func (c Config) identityCenterToken(ctx context.Context, settings aws.Config) (granted, error) {
	assertion, err := c.Center.Assertion.Resolve()
	if err != nil {
		return granted{}, fmt.Errorf("reading the issuer's token: %w", err)
	}
	exchanged, err := ssooidc.NewFromConfig(settings).CreateTokenWithIAM(ctx, &ssooidc.CreateTokenWithIAMInput{
		ClientId: aws.String(c.Center.Client), GrantType: aws.String(grantJWT), Assertion: aws.String(assertion.Reveal()),
	})
	if err != nil {
		return granted{}, fmt.Errorf("exchanging the issuer's token: %w", err)
	}
	if exchanged.AwsAdditionalDetails == nil || aws.ToString(exchanged.AwsAdditionalDetails.IdentityContext) == "" {
		return granted{}, errors.New("exchanging the issuer's token: AWS says nothing of the person")
	}
	role, err := sts.NewFromConfig(settings).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(c.Center.Role), RoleSessionName: aws.String(sessionName),
		ProvidedContexts: []ststypes.ProvidedContext{{
			ProviderArn: aws.String(contextProvider), ContextAssertion: exchanged.AwsAdditionalDetails.IdentityContext,
		}},
	})
	if err != nil {
		return granted{}, fmt.Errorf("assuming role %s for the person: %w", c.Center.Role, err)
	}
	settings.Credentials = credentials.NewStaticCredentialsProvider(aws.ToString(role.Credentials.AccessKeyId), aws.ToString(role.Credentials.SecretAccessKey), aws.ToString(role.Credentials.SessionToken))
	if c.Workgroup != "" {
		out, err := redshiftserverless.NewFromConfig(settings).GetIdentityCenterAuthToken(ctx, &redshiftserverless.GetIdentityCenterAuthTokenInput{WorkgroupNames: []string{c.Workgroup}})
		if err != nil {
			return granted{}, fmt.Errorf("asking for a token of workgroup %s: %w", c.Workgroup, err)
		}
		return granted{tokenLogin(out.Token), aws.ToTime(out.ExpirationTime)}, nil
	}
	out, err := redshift.NewFromConfig(settings).GetIdentityCenterAuthToken(ctx, &redshift.GetIdentityCenterAuthTokenInput{ClusterIds: []string{c.Cluster}})
	if err != nil {
		return granted{}, fmt.Errorf("asking for a token of cluster %s: %w", c.Cluster, err)
	}
	return granted{tokenLogin(out.Token), aws.ToTime(out.ExpirationTime)}, nil
}

func tokenLogin(token *string) warehouse.Login {
	return warehouse.Login{Password: secret.NewValue(aws.ToString(token)), Token: true}
}

package awsauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
)

// granted is a log-in with its end. A zero end means that it is not known, and that it is asked for each time.
type granted struct {
	login warehouse.Login
	ends  time.Time
}

func (c Config) lasts() time.Duration {
	if c.Lasts == 0 {
		return minLasts
	}
	return c.Lasts
}

// ask gets a log-in from AWS.
func (c Config) ask(ctx context.Context, now time.Time) (granted, error) {
	settings, err := c.settings(ctx)
	if err != nil {
		return granted{}, err
	}
	switch c.Method {
	case MethodRDS:
		return c.rdsToken(ctx, settings, now)
	case MethodCluster:
		return c.clusterCredentials(ctx, settings)
	case MethodClusterIAM:
		return c.clusterCredentialsWithIAM(ctx, settings)
	case MethodServerless:
		return c.serverlessCredentials(ctx, settings)
	case MethodSecret:
		return c.fromSecret(ctx, settings, now)
	case MethodIdentityCenter:
		return c.identityCenterToken(ctx, settings)
	default:
		return granted{}, fmt.Errorf("method %q is not known", c.Method)
	}
}

// rdsLasts is how long a token of RDS may be used (RDS User Guide, "IAM database authentication").
const rdsLasts = 15 * time.Minute

func (c Config) rdsToken(ctx context.Context, settings aws.Config, now time.Time) (granted, error) {
	token, err := auth.BuildAuthToken(ctx, net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), c.Region, c.User, settings.Credentials)
	if err != nil {
		return granted{}, fmt.Errorf("signing a token for %s: %w", c.User, err)
	}
	ends := now.Add(rdsLasts)
	// It ends with the credentials that signed it.
	if signed, err := settings.Credentials.Retrieve(ctx); err == nil && signed.CanExpire && signed.Expires.Before(ends) {
		ends = signed.Expires
	}
	return granted{warehouse.Login{User: c.User, Password: secret.NewValue(token)}, ends}, nil
}

func (c Config) clusterCredentials(ctx context.Context, settings aws.Config) (granted, error) {
	in := &redshift.GetClusterCredentialsInput{
		ClusterIdentifier: aws.String(c.Cluster), DbUser: aws.String(c.User), DbGroups: c.Groups, AutoCreate: aws.Bool(c.AutoCreate),
		DurationSeconds: aws.Int32(int32(c.lasts().Seconds())),
	}
	if c.Database != "" {
		in.DbName = aws.String(c.Database)
	}
	out, err := redshift.NewFromConfig(settings).GetClusterCredentials(ctx, in)
	if err != nil {
		return granted{}, fmt.Errorf("asking for credentials of cluster %s: %w", c.Cluster, err)
	}
	return accountOf(out.DbUser, out.DbPassword, out.Expiration)
}

func (c Config) clusterCredentialsWithIAM(ctx context.Context, settings aws.Config) (granted, error) {
	in := &redshift.GetClusterCredentialsWithIAMInput{ClusterIdentifier: aws.String(c.Cluster), DurationSeconds: aws.Int32(int32(c.lasts().Seconds()))}
	if c.Database != "" {
		in.DbName = aws.String(c.Database)
	}
	out, err := redshift.NewFromConfig(settings).GetClusterCredentialsWithIAM(ctx, in)
	if err != nil {
		return granted{}, fmt.Errorf("asking for credentials of cluster %s: %w", c.Cluster, err)
	}
	return accountOf(out.DbUser, out.DbPassword, out.Expiration)
}

func (c Config) serverlessCredentials(ctx context.Context, settings aws.Config) (granted, error) {
	in := &redshiftserverless.GetCredentialsInput{WorkgroupName: aws.String(c.Workgroup), DurationSeconds: aws.Int32(int32(c.lasts().Seconds()))}
	if c.Database != "" {
		in.DbName = aws.String(c.Database)
	}
	out, err := redshiftserverless.NewFromConfig(settings).GetCredentials(ctx, in)
	if err != nil {
		return granted{}, fmt.Errorf("asking for credentials of workgroup %s: %w", c.Workgroup, err)
	}
	return accountOf(out.DbUser, out.DbPassword, out.Expiration)
}

func accountOf(user, password *string, ends *time.Time) (granted, error) {
	if aws.ToString(user) == "" || aws.ToString(password) == "" {
		return granted{}, errors.New("AWS answers without an account or a password")
	}
	return granted{warehouse.Login{User: *user, Password: secret.NewValue(*password)}, aws.ToTime(ends)}, nil
}

// secretLasts is how long a password out of Secrets Manager is used: it may be rotated at any time.
const secretLasts = time.Minute

func (c Config) fromSecret(ctx context.Context, settings aws.Config, now time.Time) (granted, error) {
	out, err := secretsmanager.NewFromConfig(settings).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(c.Secret)})
	if err != nil {
		return granted{}, fmt.Errorf("reading secret %s: %w", c.Secret, err)
	}
	var kept struct{ Username, Password string }
	// The decoder's error could quote the secret.
	if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &kept) != nil || kept.Password == "" {
		return granted{}, fmt.Errorf("reading secret %s: it is not JSON with a username and a password", c.Secret)
	}
	if c.User != "" && kept.Username != "" && kept.Username != c.User {
		return granted{}, fmt.Errorf("reading secret %s: it is for another account than %s", c.Secret, c.User)
	}
	return granted{warehouse.Login{User: kept.Username, Password: secret.NewValue(kept.Password)}, now.Add(secretLasts)}, nil
}

package resource

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/posternsql/postern/secret"
	"github.com/posternsql/postern/warehouse"
	"github.com/posternsql/postern/warehouse/awsauth"
)

// ConnectionAWS has AWS give the service role's credentials, instead of a password.
type ConnectionAWS struct {
	// Method is rds, cluster, clusterIAM, serverless, secret or identityCenter.
	Method string `yaml:"method"`
	// Region such as eu-central-1.
	Region string `yaml:"region"`
	// Endpoint replaces AWS's own, for all services.
	Endpoint string `yaml:"endpoint"`
	// Cluster is the identifier of a Redshift cluster, Workgroup that of a serverless workgroup.
	Cluster   string `yaml:"cluster"`
	Workgroup string `yaml:"workgroup"`
	// Groups are joined by the session, AutoCreate makes the account if it is not there; both only for method cluster.
	Groups     []string `yaml:"groups"`
	AutoCreate bool     `yaml:"autoCreate"`
	// Minutes for which credentials are asked: 15 when left out, 60 at most.
	Minutes int `yaml:"minutes"`
	// Secret is the name or ARN of a secret of AWS Secrets Manager, for method secret.
	Secret string `yaml:"secret"`
	// AccessKey is an access key; without one, the environment is asked as AWS's tools do.
	AccessKey AWSAccessKey `yaml:"accessKey"`
	// Okta has Okta grant a role.
	Okta AWSOkta `yaml:"okta"`
	// Role is assumed, with ExternalID if its owner demands one.
	Role       string `yaml:"role"`
	ExternalID string `yaml:"externalId"`
	// IdentityCenter is for method identityCenter.
	IdentityCenter AWSIdentityCenter `yaml:"identityCenter"`
}

// AWSAccessKey is an access key of AWS.
type AWSAccessKey struct {
	ID string `yaml:"id"`
	// Secret and Session are references; a temporary key has a session token.
	Secret  secret.Ref `yaml:"secret"`
	Session secret.Ref `yaml:"session"`
}

// AWSOkta is an account of Okta with an AWS application.
type AWSOkta struct {
	// URL is the application's address.
	URL      string     `yaml:"url"`
	User     string     `yaml:"user"`
	Password secret.Ref `yaml:"password"`
	// Provider and Role are the ARNs of the identity provider in AWS and of the role that it grants.
	Provider string `yaml:"provider"`
	Role     string `yaml:"role"`
}

// AWSIdentityCenter makes an outside issuer's token one of Redshift.
type AWSIdentityCenter struct {
	// Client is the ARN of the application in IAM Identity Center.
	Client string `yaml:"client"`
	// Assertion refers to the issuer's token, which is read anew each time.
	Assertion secret.Ref `yaml:"assertion"`
	// Role is the ARN of the role that is assumed for the person.
	Role string `yaml:"role"`
}

func (a ConnectionAWS) isZero() bool { return reflect.ValueOf(a).IsZero() }

func (a ConnectionAWS) config(c Connection) awsauth.Config {
	return awsauth.Config{
		Method: awsauth.Method(a.Method), Region: a.Region, Endpoint: a.Endpoint,
		Host: c.Host, Port: c.port(), User: c.User, Database: c.Database,
		Cluster: a.Cluster, Workgroup: a.Workgroup, Groups: a.Groups, AutoCreate: a.AutoCreate, Lasts: time.Duration(a.Minutes) * time.Minute, Secret: a.Secret,
		Identity: awsauth.Identity{
			AccessKey: a.AccessKey.ID, SecretKey: a.AccessKey.Secret, SessionToken: a.AccessKey.Session, Role: a.Role, ExternalID: a.ExternalID,
			Okta: awsauth.Okta{URL: a.Okta.URL, User: a.Okta.User, Password: a.Okta.Password, Provider: a.Okta.Provider, Role: a.Okta.Role},
		},
		Center: awsauth.IdentityCenter{Client: a.IdentityCenter.Client, Assertion: a.IdentityCenter.Assertion, Role: a.IdentityCenter.Role},
	}
}

// source is nil for what does not validate.
func (a ConnectionAWS) source(c Connection, log *slog.Logger) warehouse.CredentialSource {
	s, err := awsauth.NewSource(a.config(c), time.Now, log)
	if err != nil {
		return nil
	}
	return s
}

func (a ConnectionAWS) validate(c Connection, add func(error)) {
	if a.isZero() {
		return
	}
	if !c.Password.IsZero() {
		add(errors.New("aws: there is a password, too"))
	}
	if a.Method == string(awsauth.MethodRDS) != (c.Engine == string(warehouse.EnginePostgres)) && a.Method != string(awsauth.MethodSecret) {
		add(errors.New("aws.method: rds is for engine postgres and the others are for engine redshift, but for secret, which is for both"))
	}
	if err := a.config(c).Validate(); err != nil {
		add(fmt.Errorf("aws: %w", err))
	}
}

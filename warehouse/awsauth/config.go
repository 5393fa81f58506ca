package awsauth

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/posternsql/postern/secret"
)

// Method is how the warehouse's credentials are got. The zero value is none and is refused.
type Method string

// The methods, by what AWS calls them.
const (
	// MethodRDS signs a token for an account of RDS or Aurora that may log in by IAM (RDS User Guide, "IAM database authentication"). AWS is not asked.
	MethodRDS Method = "rds"
	// MethodCluster asks for a password of an account of a Redshift cluster (GetClusterCredentials).
	MethodCluster Method = "cluster"
	// MethodClusterIAM asks for the account that belongs to the AWS identity (GetClusterCredentialsWithIAM).
	MethodClusterIAM Method = "clusterIAM"
	// MethodServerless asks for the account that belongs to the AWS identity in a workgroup (GetCredentials of Redshift Serverless).
	MethodServerless Method = "serverless"
	// MethodSecret reads account and password from a secret of AWS Secrets Manager.
	MethodSecret Method = "secret"
	// MethodIdentityCenter asks for a token for the person for whom an outside issuer's token speaks (GetIdentityCenterAuthToken).
	MethodIdentityCenter Method = "identityCenter"
)

// Config says what to ask AWS for, and as whom. It holds references to secrets and no secret.
type Config struct {
	Method Method
	// Region such as eu-central-1.
	Region string
	// Endpoint replaces AWS's own for all services: a private one. Empty means AWS's own, or what the environment says (AWS_ENDPOINT_URL…).
	Endpoint string

	// Host and Port are the warehouse's, User the account, Database the database.
	Host     string
	Port     int
	User     string
	Database string

	// Cluster is a Redshift cluster's identifier, Workgroup one of Redshift Serverless.
	Cluster   string
	Workgroup string
	// Groups are those of the cluster that the session joins, AutoCreate makes the account if it is not there; both only with MethodCluster.
	Groups     []string
	AutoCreate bool
	// Lasts is for how long credentials are asked; 15 minutes when 0, an hour at most.
	Lasts time.Duration
	// Secret is a secret's name or ARN: JSON with username and password, as AWS's rotation writes it.
	Secret string

	// Identity is as whom AWS is asked.
	Identity Identity
	// Center is for MethodIdentityCenter.
	Center IdentityCenter
}

// Identity is as whom AWS is asked: what its SDK finds in the environment, unless it says otherwise. A role is assumed by what stands before it.
type Identity struct {
	// AccessKey is an access key's id, SecretKey its secret and SessionToken what belongs to a temporary one.
	AccessKey    string
	SecretKey    secret.Ref
	SessionToken secret.Ref
	// Okta gets the role that Okta grants.
	Okta Okta
	// Role is assumed, with ExternalID if its owner demands one.
	Role       string
	ExternalID string
}

// Okta logs a person of Okta in to its AWS application.
type Okta struct {
	// URL is the application's: https://example.okta.com/home/amazon_aws/0oa…/272
	URL      string
	User     string
	Password secret.Ref
	// Provider and Role are the ARNs of the identity provider in AWS and of the role.
	Provider string
	Role     string
}

func (o Okta) isZero() bool { return o == Okta{} }

// IdentityCenter is how an outside issuer's token becomes one for Redshift.
type IdentityCenter struct {
	// Client is the ARN of the application in IAM Identity Center.
	Client string
	// Assertion is the issuer's token (JWT); it is read anew each time.
	Assertion secret.Ref
	// Role is assumed with the person's context.
	Role string
}

// The least and the most that Redshift gives credentials for.
const (
	minLasts = 15 * time.Minute
	maxLasts = time.Hour
)

// Validate reports every mistake at once. It looks at neither network nor environment.
func (c Config) Validate() error {
	var mistakes []error
	need := func(missing bool, what string) {
		if missing {
			mistakes = append(mistakes, fmt.Errorf("method %s needs %s", c.Method, what))
		}
	}
	switch c.Method {
	case MethodRDS:
		need(c.Host == "" || c.Port == 0 || c.User == "", "a host, a port and a user")
	case MethodCluster:
		need(c.Cluster == "" || c.User == "", "a cluster and a user")
	case MethodClusterIAM:
		need(c.Cluster == "", "a cluster")
	case MethodServerless:
		need(c.Workgroup == "", "a workgroup")
	case MethodSecret:
		need(c.Secret == "", "a secret")
	case MethodIdentityCenter:
		need((c.Cluster == "") == (c.Workgroup == ""), "either a cluster or a workgroup")
		need(c.Center.Client == "" || c.Center.Role == "" || c.Center.Assertion.IsZero(), "a client, a role and an assertion")
	default:
		mistakes = append(mistakes, fmt.Errorf("method %q is not one of rds, cluster, clusterIAM, serverless, secret, identityCenter", c.Method))
	}
	if c.Region == "" {
		mistakes = append(mistakes, errors.New("there is no region"))
	}
	if c.Method != MethodCluster && (len(c.Groups) > 0 || c.AutoCreate) {
		mistakes = append(mistakes, fmt.Errorf("groups and autoCreate are not for method %s", c.Method))
	}
	if c.Method != MethodIdentityCenter && c.Center != (IdentityCenter{}) {
		mistakes = append(mistakes, fmt.Errorf("an identity center is not for method %s", c.Method))
	}
	if c.Lasts != 0 && (c.Lasts < minLasts || c.Lasts > maxLasts) {
		mistakes = append(mistakes, fmt.Errorf("credentials last from %v to %v", minLasts, maxLasts))
	}
	if c.Endpoint != "" {
		if u, err := url.Parse(c.Endpoint); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			mistakes = append(mistakes, fmt.Errorf("endpoint %.80q is not a URL", c.Endpoint))
		}
	}
	return errors.Join(append(mistakes, c.Identity.validate()...)...)
}

func (i Identity) validate() (mistakes []error) {
	key := i.AccessKey != "" || !i.SecretKey.IsZero() || !i.SessionToken.IsZero()
	if key && (i.AccessKey == "" || i.SecretKey.IsZero()) {
		mistakes = append(mistakes, errors.New("an access key is an id and a secret"))
	}
	if key && !i.Okta.isZero() {
		mistakes = append(mistakes, errors.New("an access key and Okta exclude each other"))
	}
	if i.ExternalID != "" && i.Role == "" {
		mistakes = append(mistakes, errors.New("an external id is for a role to assume"))
	}
	if o := i.Okta; !o.isZero() {
		if u, err := url.Parse(o.URL); err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u) {
			mistakes = append(mistakes, fmt.Errorf("Okta's application %.80q is not a URL with https", o.URL))
		}
		if o.User == "" || o.Password.IsZero() || o.Provider == "" || o.Role == "" {
			mistakes = append(mistakes, errors.New("Okta needs a user, a password, a provider and a role"))
		}
	}
	return mistakes
}

// loopback lets a test have a server without a certificate.
func loopback(u *url.URL) bool {
	return u.Scheme == "http" && (u.Hostname() == "localhost" || strings.HasPrefix(u.Hostname(), "127."))
}

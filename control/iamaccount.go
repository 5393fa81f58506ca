package control

import (
	"regexp"
	"slices"

	"github.com/posternsql/postern/control/resource"
	"github.com/posternsql/postern/warehouse"
	"github.com/posternsql/postern/warehouse/awsauth"
)

// iamPrincipal is the ARN of an IAM user or role, or of a session of a role (AWS IAM User Guide, "IAM identifiers"). The name is behind the path.
var iamPrincipal = regexp.MustCompile(`^arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:user|role)/(?:[!-~]*/)?([\w+=,.@-]{1,64})|sts::[0-9]{12}:assumed-role/([\w+=,.@-]{1,64})/[\w+=,.@-]{2,64})$`)

// systemToken has the system role log in by AWS where the connection does so for an account that it names (RDS, Aurora, GetClusterCredentials) and no password is given: AWS
// signs a token for, or makes a password of, whichever account may be logged in as.
func (g *Generation) systemToken(s resource.PushSettings) warehouse.CredentialSource {
	i := slices.IndexFunc(g.set.Connections, func(c resource.Connection) bool { return c.Name == s.Connection })
	if i < 0 || !slices.Contains([]awsauth.Method{awsauth.MethodRDS, awsauth.MethodCluster}, awsauth.Method(g.set.Connections[i].AWS.Method)) {
		return nil
	}
	c := g.set.Connections[i]
	c.User, c.AWS.Groups, c.AWS.AutoCreate = s.User, nil, false
	return c.Warehouse().Credentials
}

// accountOf is the account that an IdentityMapping means: in a PostgreSQL an IAM user or role, given by its ARN, logs in under its own name. Sessions of a role are all the
// role: it is one person's, or nobody's.
func (g *Generation) accountOf(connection, value string) string {
	if c, found := g.connections[connection]; !found || c.config.Engine == warehouse.EngineRedshift {
		return value
	}
	if m := iamPrincipal.FindStringSubmatch(value); m != nil {
		return m[1] + m[2]
	}
	return value
}

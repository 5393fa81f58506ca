package control

import (
	"regexp"

	"github.com/posternsql/postern/warehouse"
)

// iamPrincipal is the ARN of an IAM user or role, or of a session of a role (AWS IAM User Guide, "IAM identifiers"). The name is behind the path.
var iamPrincipal = regexp.MustCompile(`^arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:user|role)/(?:[!-~]*/)?([\w+=,.@-]{1,64})|sts::[0-9]{12}:assumed-role/([\w+=,.@-]{1,64})/[\w+=,.@-]{2,64})$`)

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

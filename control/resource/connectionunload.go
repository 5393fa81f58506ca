package resource

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/posternsql/postern/policy"
	"github.com/posternsql/postern/warehouse"
)

// ConnectionUnload is what a Redshift needs to write to S3 for people. The zero value lets nobody unload.
type ConnectionUnload struct {
	// Role is default, or the ARNs of IAM roles with commas between them, of which each is assumed by the one before.
	Role string `yaml:"role"`
	// Key is a KMS key's id, alias or ARN, or auto for that of the bucket.
	Key string `yaml:"key"`
}

// maxChainedRoles bounds the roles that are assumed one after the other.
const maxChainedRoles = 10

// roleARN and keyName have no character that could end a string constant (IAM User Guide, "IAM identifiers"; KMS Developer Guide, "Key identifiers").
var (
	roleARN = regexp.MustCompile(`^arn:aws[a-z-]{0,20}:iam::[0-9]{12}:role/[A-Za-z0-9_+=.@/-]{1,512}$`)
	keyName = regexp.MustCompile(`^(arn:aws[a-z-]{0,20}:kms:[a-z0-9-]{1,30}:[0-9]{12}:(key|alias)/)?[A-Za-z0-9/_-]{1,256}$`)
)

// Settings is what the policies' programs take of it.
func (u ConnectionUnload) Settings() policy.UnloadSettings {
	return policy.UnloadSettings{Role: u.Role, Key: u.Key}
}

func (u ConnectionUnload) validate(engine string, add func(error)) {
	if u == (ConnectionUnload{}) {
		return
	}
	if engine != string(warehouse.EngineRedshift) {
		add(errors.New("unload: only of engine redshift"))
		return
	}
	roles := strings.Split(u.Role, ",")
	if len(roles) > maxChainedRoles {
		add(fmt.Errorf("unload.role: more than %d roles", maxChainedRoles))
		return
	}
	for _, role := range roles {
		if u.Role != "default" && !roleARN.MatchString(role) {
			add(fmt.Errorf("unload.role: %q is neither default nor an ARN such as arn:aws:iam::123456789012:role/name", clip(role)))
		}
	}
	if u.Key != "" && !keyName.MatchString(u.Key) {
		add(fmt.Errorf("unload.key: %q is neither auto nor the id, alias or ARN of a KMS key", clip(u.Key)))
	}
}

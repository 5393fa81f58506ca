package control

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// approvalText is the Approval resource of a request.
func approvalText(r *AccessRequest, approvedBy []string, ends time.Time) ([]byte, error) {
	out := struct {
		Kind       string   `yaml:"kind"`
		Name       string   `yaml:"name"`
		Policy     string   `yaml:"policy"`
		User       string   `yaml:"user"`
		ApprovedBy []string `yaml:"approvedBy,flow"`
		Reason     string   `yaml:"reason,omitempty"`
		Expires    string   `yaml:"expires,omitempty"`
	}{Kind: "Approval", Name: r.Approval, Policy: r.Policy, User: r.User, ApprovedBy: approvedBy, Reason: r.Reason}
	if !ends.IsZero() {
		out.Expires = ends.UTC().Format(time.RFC3339)
	}
	return yaml.Marshal(out)
}

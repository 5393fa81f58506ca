package resource_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posternsql/postern/control/resource"
)

func TestServerConfig(t *testing.T) {
	got, err := resource.ParseServerConfig("/etc/postern/postern.yaml", []byte(`
listen: 127.0.0.1:6432              # the proxy
admin: {listen: 127.0.0.1:8432}     # HTTP
state: sqlite:postern.db
audit: {dir: audit}
resources: [policies/]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &resource.ServerConfig{
		Listen: "127.0.0.1:6432", TLS: resource.ServerTLS{Mode: "off"}, Admin: resource.AdminConfig{Listen: "127.0.0.1:8432"},
		State: "sqlite:/etc/postern/postern.db", StalenessMillis: 1000, Audit: resource.AuditConfig{Dir: "/etc/postern/audit"},
		Resources:     []string{"/etc/postern/policies"},
		ExplainPolicy: "everyone",
		Limits:        resource.ServerLimits{Sessions: 1000, SessionsPerUser: 100, LoginSeconds: 30, QueryBytes: 1 << 20},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(resource.ServerConfig{}, "Pos")); diff != "" {
		t.Error(diff)
	}
	short, err := resource.ParseServerConfig("/etc/postern/postern.yaml", []byte("resources: [policies]"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, short, cmpopts.IgnoreFields(resource.ServerConfig{}, "Pos")); diff != "" {
		t.Error("defaults differ:", diff)
	}
	cert, err := resource.ParseServerConfig("x", []byte("listen: 0.0.0.0:5432\ntls: {cert: c, key: /k}\nresources: [p]\nadmin: {listen: off}"))
	if err != nil || cert.TLS.Mode != "require" || cert.TLS.Key != "/k" {
		t.Errorf("%+v, %v", cert, err)
	}
}

func TestServerConfigMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"unknown":       {"resources: [p]\nlissten: x", []string{`x:2: there is no field "lissten"`}},
		"exposed":       {"resources: [p]\nlisten: 0.0.0.0:6432", []string{"tls with mode require is needed"}},
		"exposed, any":  {"resources: [p]\nlisten: :6432", []string{"tls with mode require is needed"}},
		"prefer":        {"resources: [p]\nlisten: 10.0.0.1:6432\ntls: {cert: c, key: k, mode: prefer}", []string{"tls with mode require is needed"}},
		"admin exposed": {"resources: [p]\nadmin: {listen: 0.0.0.0:80}", []string{"the admin server has no TLS"}},
		"half TLS":      {"resources: [p]\ntls: {cert: c}", []string{"cert and key are given together"}},
		"mode":          {"resources: [p]\ntls: {mode: maybe}", []string{`tls.mode: "maybe"`}},
		"no cert":       {"resources: [p]\ntls: {mode: require}", []string{"needs cert and key"}},
		"state":         {"resources: [p]\nstate: /x", []string{"state: neither sqlite:PATH nor postgres:"}},
		"limits":        {"resources: [p]\nlimits: {sessions: -1, queryBytes: 3}", []string{"limits.sessions: -1", "limits.queryBytes: 3"}},
		"listen":        {"resources: [p]\nlisten: host.example.com:1", []string{"is not an address"}},
		"two":           {"resources: [p]\n---\nresources: [q]", []string{"x:3: one document is the whole configuration"}},
		"access":        {"lambdaAccess: [{connection: a, clusters: [\"\"], file: x, secret: y}, {connection: a, clusters: [c], secret: y}]", []string{"connection a: clusters names", "connection \"a\" is named twice", "connection a: give file, or secret and region"}},
		"staleness":     {"stalenessMillis: 20", []string{"stalenessMillis: 20 is not between 200 and 600000"}},
		"all at once":   {"listen: nonsense\ntls: {mode: x}", []string{"listen:", "tls.mode", "needs cert and key"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := resource.ParseServerConfig("x", []byte(c.in))
			if err == nil || got != nil {
				t.Fatal("nothing was refused")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%s", want, err)
				}
			}
		})
	}
}

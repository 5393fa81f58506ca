package admin

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// serverRoutes tell of the servers themselves.
func (a *API) serverRoutes(api huma.API) []route {
	everybody := []string{roleAdmin, roleGovernor, roleDataOwner, roleAuditor, rolePerson}
	return []route{
		{method: "GET", path: "/v1/whoami", id: "whoami", summary: "Whose token this is, and its role", roles: everybody, answer: whoAnswer{}, unpublished: true, serve: a.who},
		{method: "GET", path: "/v1/servers", id: "list-servers", summary: "The servers that share the state, and what each has in force",
			roles: []string{roleAdmin, roleGovernor, roleAuditor}, answer: replicasAnswer{}, unpublished: true, serve: a.replicas},
		{method: "GET", path: "/v1/openapi.json", id: "openapi", summary: "This description", answer: json.RawMessage{}, unpublished: true,
			serve: func(*call) (any, error) {
				text, err := description(api)
				return json.RawMessage(text), err
			}},
	}
}

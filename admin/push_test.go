package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/posternsql/postern/push"
)

// onePush maintains the warehouse tpch, in which the last run is always over.
type onePush struct{ asked []push.RunKind }

func (p *onePush) Statuses() []push.Status {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	return []push.Status{{Connection: "tpch", Database: "tpch", Maintained: true, Looked: &at, Program: "7", Done: true,
		Findings: []push.Finding{{Kind: push.Drifted, Object: "view", Detail: "changed"}}, Progress: &push.Progress{Doing: "give"}}}
}

func (p *onePush) Start(connection string, kind push.RunKind) (push.Run, error) {
	if connection != "tpch" {
		return push.Run{}, ErrNotPushed
	}
	if kind == push.RunRemove {
		return push.Run{}, push.ErrAsked
	}
	p.asked = append(p.asked, kind)
	return push.Run{ID: 1, Connection: connection, Kind: kind, State: push.RunWaiting, Findings: []push.Finding{}}, nil
}

func (p *onePush) Asked(connection string, id int64) (push.Run, bool) {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	plan := &push.Plan{Transactions: []push.Transaction{{Title: "give", Statements: []push.Statement{{SQL: "GRANT", Params: []string{"secret"}, Note: "x", Hazards: []push.Hazard{push.WidensAccess}}}}}}
	return push.Run{ID: id, Connection: connection, Kind: push.RunPlan, State: push.RunDone, Started: at, Ended: &at, Plan: plan, Script: plan.String(), Findings: []push.Finding{}}, connection == "tpch" && id == 1
}

// TestPushRoutes: who may ask for what, on record; what stands in parameters is not answered.
func TestPushRoutes(t *testing.T) {
	base, _, log := api(t)
	for _, c := range []struct {
		token, method, path string
		status              int
	}{
		{"", "GET", "/v1/push", 401}, {dataOwner, "GET", "/v1/push", 403}, {governor, "GET", "/v1/push", 200},
		{governor, "POST", "/v1/push/tpch/plan", 200}, {governor, "POST", "/v1/push/tpch/sync", 200}, {governor, "POST", "/v1/push/tpch/unregister", 403},
		{first, "POST", "/v1/push/tpch/unregister", 409}, {first, "POST", "/v1/push/other/sync", 404}, {dataOwner, "POST", "/v1/push/tpch/plan", 403},
		{governor, "GET", "/v1/push/tpch/runs/1", 200}, {governor, "GET", "/v1/push/tpch/runs/2", 404}, {governor, "GET", "/v1/push/tpch/runs/x", 404},
	} {
		status, text := send(t, c.method, base+c.path, c.token, "")
		if status != c.status || strings.Contains(text, "secret") {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, status, c.status, text)
		}
	}
	asked := 0
	for _, e := range log.events {
		if strings.HasPrefix(e.Action, "push.") && strings.HasSuffix(e.Action, ".asked") {
			asked++
		}
	}
	if asked != 4 {
		t.Errorf("%d of 4 that were admitted are on record", asked)
	}
	_, text := send(t, http.MethodGet, base+"/v1/push/tpch/runs/1", governor, "")
	var run push.Run
	if err := json.Unmarshal([]byte(text), &run); err != nil || run.Plan == nil || run.Plan.Transactions[0].Statements[0].SQL != "GRANT" {
		t.Errorf("%v %+v", err, run)
	}
}

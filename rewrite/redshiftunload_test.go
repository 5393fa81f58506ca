package rewrite

import (
	"errors"
	"strings"
	"testing"

	"github.com/posternsql/postern/pgerror"
	"github.com/posternsql/postern/policy"
)

// TestUnloadLimits holds that an UNLOAD is measured as it is sent, with the quotes of its query doubled, and that it needs the connection's role.
func TestUnloadLimits(t *testing.T) {
	h := redshiftHarness(t, damage{})
	h.rw.config.MaxSQLBytes, h.rw.config.MaxTokens = 32<<20, 20_000_000
	quotes := func(n int) string {
		return "UNLOAD ('SELECT code FROM nation WHERE title = ''" + strings.Repeat("''''", n) + "''') TO 's3://exports/n/t'"
	}
	result, err := h.onRedshift(quotes(1 << 20))
	if err != nil {
		t.Fatal(err)
	}
	if sent := result.Statements[0]; strings.Count(sent.SQL, "'") < 4<<20 || sent.Kind != KindUnload || sent.Destination != "s3://exports/n/t" || len(sent.Decisions) != 1 {
		t.Errorf("%d bytes are sent, of kind %d to %s", len(sent.SQL), sent.Kind, sent.Destination)
	}
	_, err = h.onRedshift(quotes((16<<20 - 120) / 4))
	var e *pgerror.Error
	if !errors.As(err, &e) || e.Code != pgerror.CodeLimitExceeded {
		t.Errorf("an UNLOAD of more than 16 MiB, once it is printed: %v", err)
	}
	without := redshiftHarness(t, damage{})
	in := policy.Input{Version: 2, Snapshot: without.program.Snapshot()}
	if without.program, _, err = policy.Compile(in); err != nil {
		t.Fatal(err)
	}
	if _, err := without.onRedshift(quotes(1)); !errors.As(err, &e) || e.Code != pgerror.CodeInsufficientPrivilege || !strings.Contains(e.Detail, "no role") {
		t.Errorf("without a role: %v", err)
	}
}

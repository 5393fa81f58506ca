package rewrite

import (
	"errors"
	"strings"
	"testing"

	"github.com/posternsql/postern/pgerror"
)

// TestOtherDialects: a form of another system's is refused with the words to use.
func TestOtherDialects(t *testing.T) {
	h := newHarness(t, damage{})
	for sql, hinted := range map[string]bool{
		"SELECT TOP 10 * FROM nation": true, "select distinct top 5 code from nation": true, "SELECT code FROM nation LIMIT 1 1": false,
	} {
		_, err := h.rewrite(sql)
		var e *pgerror.Error
		if !errors.As(err, &e) || e.Code != "42601" || strings.Contains(e.Hint, "LIMIT") != hinted {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := h.rewrite("SELECT top FROM (SELECT 1 AS top) t"); err != nil {
		t.Error(err)
	}
}

// TestRowLocks: what locks rows is refused by name.
func TestRowLocks(t *testing.T) {
	h := newHarness(t, damage{})
	for _, lock := range []string{"UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE", "UPDATE OF n NOWAIT", "SHARE SKIP LOCKED"} {
		if _, err := h.rewrite("SELECT * FROM nation n FOR " + lock); code(err) != "0A000" || !strings.Contains(err.Error(), "row locks") {
			t.Errorf("FOR %s: %v", lock, err)
		}
	}
}

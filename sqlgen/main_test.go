package sqlgen

import (
	"testing"

	"github.com/posternsql/postern/internal/pgcluster/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

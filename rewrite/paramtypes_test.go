package rewrite

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/posternsql/postern/pgerror"
)

// TestDeclaredParameterTypes pins an escape: SELECT $1 with the declared type regclass told by its error whether a hidden
// table was there.
func TestDeclaredParameterTypes(t *testing.T) {
	h := newOracle(t, damage{}).h
	const regtype, regrole, aclitem, record, byUser = 2206, 4096, 1033, 2249, 4_000_000
	for oid, allowed := range map[uint32]bool{
		0: true, pgtype.UnknownOID: true, pgtype.Int4OID: true, pgtype.TextArrayOID: true, pgtype.JSONBOID: true,
		pgtype.TstzmultirangeOID: true, pgtype.BPCharArrayOID: true,
		2205: false, 2210: false, regtype: false, regrole: false, aclitem: false, record: false, byUser: false,
	} {
		req := h.request("SELECT $1")
		req.ParamTypes = []uint32{pgtype.TextOID, oid}
		_, err := h.rw.Rewrite(t.Context(), req)
		var pe *pgerror.Error
		switch {
		case allowed && err != nil:
			t.Errorf("type %d: %v", oid, err)
		case !allowed && (!errors.As(err, &pe) || pe.Code != pgerror.CodeFeatureNotSupported):
			t.Errorf("type %d was let through: %v", oid, err)
		}
	}
}

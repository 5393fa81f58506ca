package rewrite

import (
	"github.com/posternsql/postern/catalog"
	"github.com/posternsql/postern/pgerror"
)

// allowParamTypes admits the parameter types that a Parse message may declare: built-in ones whose input looks nothing up, and
// the types of registered columns (enums and the like), which a client learns from a result.
func allowParamTypes(req *Request) error {
	for i, oid := range req.ParamTypes {
		if !catalog.SafeTypeOID(oid) && !columnType(req.Program.Snapshot(), oid) {
			return pgerror.NotSupported("the declared type of parameter $%d (OID %d) is not on Postern's allow-list", i+1, oid)
		}
	}
	return nil
}

// firstUserOID is the first that a server gives to objects that are not built in (FirstNormalObjectId, access/transam.h).
const firstUserOID = 16384

func columnType(s *catalog.Snapshot, oid uint32) bool {
	if oid < firstUserOID {
		return false
	}
	for _, t := range s.Tables() {
		if !t.Registered {
			continue
		}
		for _, c := range t.Columns {
			if c.TypeOID == oid {
				return true
			}
		}
	}
	return false
}

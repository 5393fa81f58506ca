package catalog

// The OIDs by which a client leaves a parameter's type to the server: none, and "unknown".
const (
	oidUnspecified = 0
	oidUnknown     = 705
)

// SafeTypeOID reports whether a client may declare a parameter of the built-in type: those of SafeType and arrays of them.
// The OIDs of built-in types are the same in every server (src/include/catalog/pg_type.dat).
//
// A declared type decides which input function reads the value: regclass would look a name up in the catalogs, and say by
// its error whether the relation is there.
func SafeTypeOID(oid uint32) bool {
	switch oid {
	case oidUnspecified, oidUnknown:
		return true
	case 16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 143, 199, 600, 601, 602, 603, 604, 628, 629, 650, 651, 700, 701,
		718, 719, 774, 775, 790, 791, 829, 869, 1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1017, 1018,
		1019, 1020, 1021, 1022, 1027, 1028, 1040, 1041, 1042, 1043, 1082, 1083, 1114, 1115, 1182, 1183, 1184, 1185,
		1186, 1187, 1231, 1266, 1270, 1560, 1561, 1562, 1563, 1700, 2950, 2951, 3220, 3221, 3614, 3615, 3643, 3645,
		3802, 3807, 3904, 3905, 3906, 3907, 3908, 3909, 3910, 3911, 3912, 3913, 3926, 3927, 4072, 4073, 4451, 4532,
		4533, 4534, 4535, 4536, 6150, 6151, 6152, 6153, 6155, 6157:
		return true
	}
	return false
}

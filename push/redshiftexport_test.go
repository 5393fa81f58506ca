package push

// RedshiftImpersonation is what impersonation needs in a Redshift with these columns of the profile: tables, then the queries of the two views,
// then procedures.
func RedshiftImpersonation(columns []string) (tables []string, profile, entitlement string, procedures []string) {
	return redshiftImpersonationTables(), redshiftUserProfile(columns, true), redshiftUserEntitlement(), redshiftImpersonationProcedures()
}

// RedshiftCalls are the calls that write people.
func RedshiftCalls(rows []Profile) []Statement { return redshift{}.profiles(rows) }

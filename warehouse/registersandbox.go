package warehouse

import "fmt"

// sandboxCheck stops where somebody else could read or change what is in a sandbox's schema: its owner aside, only the service role may have
// any right on it, and no default privileges may open the tables that the service role makes.
const sandboxCheck = `DO $check$
DECLARE
    found text;
BEGIN
    SELECT string_agg(DISTINCT COALESCE(g.rolname, 'PUBLIC'), ', ') INTO found
    FROM pg_namespace AS n, aclexplode(n.nspacl) AS a LEFT JOIN pg_roles AS g ON g.oid = a.grantee
    WHERE n.nspname = %[1]s AND a.grantee <> n.nspowner AND a.grantee <> (SELECT oid FROM pg_roles WHERE rolname = %[2]s);
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'schema %% is to be a sandbox, and others have rights on it: %%', %[1]s, found;
    END IF;
    SELECT string_agg(DISTINCT COALESCE(g.rolname, 'PUBLIC'), ', ') INTO found
    FROM pg_default_acl AS d JOIN pg_roles AS r ON r.oid = d.defaclrole, aclexplode(d.defaclacl) AS a LEFT JOIN pg_roles AS g ON g.oid = a.grantee
    WHERE r.rolname = %[2]s AND d.defaclobjtype = 'r' AND a.grantee <> d.defaclrole
      AND d.defaclnamespace IN (0, (SELECT oid FROM pg_namespace WHERE nspname = %[1]s));
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'default privileges open the tables that %% makes to others: %%', %[2]s, found;
    END IF;
END
$check$`

// sandboxStatements make the schemas of sandboxes, in which the service role alone makes tables.
func (r Registration) sandboxStatements() (out []string) {
	service := quoteIdent(r.ServiceRole)
	for _, s := range sortedUnique(r.Sandboxes) {
		out = append(out, "CREATE SCHEMA IF NOT EXISTS "+quoteIdent(s), fmt.Sprintf(sandboxCheck, quoteLiteral(s), quoteLiteral(r.ServiceRole)),
			"GRANT USAGE, CREATE ON SCHEMA "+quoteIdent(s)+" TO "+service)
	}
	return out
}

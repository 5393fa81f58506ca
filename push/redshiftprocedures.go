package push

import "strings"

// redshiftProcedures write the profile. Rows come as one text: items end in %; and their fields in %, and a percent sign in a value is %25. They run
// with the rights of who calls them, and nobody but their owner may.
func redshiftProcedures() []string {
	return append(redshiftManyProcedures(), redshiftOneProcedures()...)
}

// packed is a relation with a row for each of the items of a parameter: as many as maxItems.
func packed(parameter string) string {
	return `(SELECT split_part(` + parameter + `, '%;', 1 + a.d + 10 * b.d + 100 * c.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b CROSS JOIN postern_system.digits AS c) AS i
    WHERE i.item <> ''`
}

// packedPeople is the same for as many as maxTogether.
func packedPeople() string {
	return `(SELECT split_part(p_people, '%;', 1 + a.d + 10 * b.d) AS item
        FROM postern_system.digits AS a CROSS JOIN postern_system.digits AS b) AS i
    WHERE i.item <> ''`
}

// unpacked are the first fields of an item.
func unpacked(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = "replace(split_part(i.item, '%,', " + string(rune('1'+i)) + "), '%25', '%')"
	}
	return strings.Join(fields, ", ")
}

// redshiftManyProcedures write people of whom little is known, many by a call. Both texts begin each item with the account.
func redshiftManyProcedures() []string {
	gone := `    DELETE FROM postern_system.entitlement WHERE account IN (SELECT ` + unpacked(1) + `
    FROM ` + packedPeople() + `);
    DELETE FROM postern_system.profile WHERE account IN (SELECT ` + unpacked(1) + `
    FROM ` + packedPeople() + `);
`
	return []string{
		`CREATE OR REPLACE PROCEDURE postern_procedures.put_profiles(p_people varchar(65535), p_items varchar(65535))
AS $body$
BEGIN
` + gone + `    INSERT INTO postern_system.profile (account, user_name, project, groups, purposes, attributes, flags)
    SELECT ` + unpacked(7) + `
    FROM ` + packedPeople() + `;
    INSERT INTO postern_system.entitlement (account, kind, name, value)
    SELECT ` + unpacked(4) + `
    FROM ` + packed("p_items") + `;
END;
$body$ LANGUAGE plpgsql`,
		`CREATE OR REPLACE PROCEDURE postern_procedures.drop_profiles(p_people varchar(65535))
AS $body$
BEGIN
` + gone + `END;
$body$ LANGUAGE plpgsql`,
		"REVOKE ALL ON PROCEDURE postern_procedures.put_profiles(varchar, varchar) FROM PUBLIC",
		"REVOKE ALL ON PROCEDURE postern_procedures.drop_profiles(varchar) FROM PUBLIC",
	}
}

// redshiftOneProcedures write one person.
func redshiftOneProcedures() []string {
	insert := `    INSERT INTO postern_system.entitlement (account, kind, name, value)
    SELECT p_account, ` + unpacked(3) + `
    FROM ` + packed("p_items") + `;
`
	return []string{
		`CREATE OR REPLACE PROCEDURE postern_procedures.put_profile(p_account varchar(127), p_user varchar(256), p_project varchar(256), p_groups varchar(65535), p_purposes varchar(65535),
    p_attributes varchar(65535), p_flags varchar(65535), p_items varchar(65535))
AS $body$
BEGIN
    DELETE FROM postern_system.entitlement WHERE account = p_account;
    DELETE FROM postern_system.profile WHERE account = p_account;
    INSERT INTO postern_system.profile (account, user_name, project, groups, purposes, attributes, flags)
    VALUES (p_account, p_user, p_project, p_groups, p_purposes, p_attributes, p_flags);
` + insert + `END;
$body$ LANGUAGE plpgsql`,
		`CREATE OR REPLACE PROCEDURE postern_procedures.add_entitlements(p_account varchar(127), p_items varchar(65535))
AS $body$
BEGIN
` + insert + `END;
$body$ LANGUAGE plpgsql`,
		`CREATE OR REPLACE PROCEDURE postern_procedures.drop_profile(p_account varchar(127))
AS $body$
BEGIN
    DELETE FROM postern_system.entitlement WHERE account = p_account;
    DELETE FROM postern_system.profile WHERE account = p_account;
END;
$body$ LANGUAGE plpgsql`,
		"REVOKE ALL ON PROCEDURE postern_procedures.put_profile(varchar, varchar, varchar, varchar, varchar, varchar, varchar, varchar) FROM PUBLIC",
		"REVOKE ALL ON PROCEDURE postern_procedures.add_entitlements(varchar, varchar) FROM PUBLIC",
		"REVOKE ALL ON PROCEDURE postern_procedures.drop_profile(varchar) FROM PUBLIC",
	}
}

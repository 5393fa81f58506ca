package push

import (
	"strings"

	"github.com/posternsql/postern/sqlgen"
)

// ProcedureSchema is where the procedures are that people, and the Syncer, call in a Redshift.
const ProcedureSchema = "postern_procedures"

// What impersonation needs in a Redshift beside the profile and the entitlements. The system account owns all of it; nobody else may do
// anything with it but call impersonate. docs/push-redshift.md says what people see of it.
//
// Somebody acts as another while all of this holds, at each statement anew:
//
//   - the account has an entitlement of kind act as for the other: a row that goes away takes it back
//   - there is a record of theirs for this backend, whose token is the value of the session variable. The variable alone is no proof, as people
//     set theirs as they like; the record alone is none, as numbers of backends come again
//   - the record was made by an earlier transaction, and has neither ended nor expired: what can still be rolled back does not count
//   - both accounts have a profile, which who is disabled has not
//   - the session's time is UTC: SYSDATE, when the transaction began, is in the time zone of the session, and would else be theirs to shift
//
// They are themselves only where nothing of theirs is open at this backend. Where something is and the rest does not hold, they are nobody
// and see nothing: impersonation ends by impersonate(NULL) or with the session, and never by falling back. In other time than UTC nobody can
// tell what is open, and any record counts.
const (
	// impersonationVariable is the session variable with the token.
	impersonationVariable = "postern.impersonation"
	// impersonationHours is how long one impersonation lasts at most, in hours.
	impersonationHours = "12"
	// utcZones are values of the parameter timezone of which none ever has another time.
	utcZones = "'UTC', 'Etc/UTC', 'GMT', 'Etc/GMT'"
)

// impersonationWords fills in what the texts below leave open.
func impersonationWords(sql string) string {
	return strings.NewReplacer("$system", SystemSchema, "$procedures", ProcedureSchema, "$variable", impersonationVariable, "$hours", impersonationHours, "$utc", utcZones, "$kind", sqlgen.RedshiftKindActAs).Replace(sql)
}

// redshiftImpersonationTables makes the tables: who acts as whom, and what was. Who may stands among the entitlements.
func redshiftImpersonationTables() []string {
	return []string{
		impersonationWords(`CREATE TABLE $system.impersonation (
    account VARCHAR(128) NOT NULL,
    pid INTEGER NOT NULL,
    token VARCHAR(64) NOT NULL,
    target VARCHAR(128) NOT NULL,
    started TIMESTAMP NOT NULL,
    expires TIMESTAMP NOT NULL,
    ended TIMESTAMP
) DISTSTYLE ALL SORTKEY (account)`),
		impersonationWords(`CREATE TABLE $system.impersonation_log (
    logged_at TIMESTAMP NOT NULL,
    event VARCHAR(16) NOT NULL,
    account VARCHAR(128) NOT NULL,
    target VARCHAR(128) NOT NULL,
    pid INTEGER NOT NULL,
    done_by VARCHAR(128) NOT NULL,
    noted INTEGER NOT NULL DEFAULT 0
) DISTSTYLE EVEN SORTKEY (logged_at)`),
	}
}

// redshiftUserProfile is the query of view user_profile: the row of the one as whom the session acts, or none. columns are those of the
// table profile beside account, in order. The last column, impersonator, is the account of who really asks, and empty where they are the same. The
// columns are the same without impersonation, so that the view can be replaced.
func redshiftUserProfile(columns []string, impersonation bool) string {
	list := func(alias string) string {
		var b strings.Builder
		for _, c := range columns {
			b.WriteString(quoted(alias) + "." + quoted(c) + ", ")
		}
		return b.String()
	}
	own := `SELECT "own"."account", ` + list("own") + `CAST('' AS character varying(128)) AS "impersonator"
FROM "$system"."profile" AS "own"
WHERE "own"."account" = current_user`
	if !impersonation {
		return singleLine(own)
	}
	return singleLine(own + `
AND (SELECT count(*) FROM "$system"."impersonation" AS "held" WHERE "held"."account" = current_user AND "held"."pid" = pg_backend_pid()
    AND (current_setting('timezone') NOT IN ($utc)
        OR ("held"."ended" IS NULL OR "held"."ended" >= SYSDATE)
        AND ("held"."expires" > SYSDATE OR "held"."token" = current_setting('$variable', false)))) = 0
UNION ALL
SELECT "other"."account", ` + list("other") + `CAST("act"."account" AS character varying(128)) AS "impersonator"
FROM "$system"."impersonation" AS "act"
JOIN (SELECT DISTINCT "account", "value" FROM "$system"."entitlement" WHERE "kind" = '$kind') AS "may"
    ON "may"."account" = "act"."account" AND "may"."value" = "act"."target"
JOIN "$system"."profile" AS "asker" ON "asker"."account" = "act"."account"
JOIN "$system"."profile" AS "other" ON "other"."account" = "act"."target"
WHERE "act"."account" = current_user AND "act"."pid" = pg_backend_pid() AND "act"."token" = current_setting('$variable', false)
AND "act"."started" < SYSDATE AND "act"."expires" > SYSDATE AND ("act"."ended" IS NULL OR "act"."ended" >= SYSDATE)
AND current_setting('timezone') IN ($utc)`)
}

// redshiftUserEntitlement is the query of view user_entitlement: what the one as whom the session acts may.
func redshiftUserEntitlement() string {
	return singleLine(`SELECT "has"."kind", "has"."name", "has"."value"
FROM "$system"."entitlement" AS "has" JOIN "$system"."user_profile" AS "who" ON "who"."account" = "has"."account"`)
}

// singleLine is a query as views are stored: with no space that means nothing.
func singleLine(sql string) string { return strings.Join(strings.Fields(impersonationWords(sql)), " ") }

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// redshiftImpersonationProcedures makes the procedures, and closes them to everybody. In a procedure with its owner's rights current_user is the owner:
// who asks is session_user there, and names must not be looked up by the caller's search path. Variables begin with v_, because old PL/pgSQL takes any word of that
// name for the variable; RAISE takes variables alone.
func redshiftImpersonationProcedures() []string {
	out := []string{impersonationWords(impersonateSQL), impersonationWords(grantImpersonationSQL), impersonationWords(revokeImpersonationSQL), impersonationWords(reapImpersonationsSQL)}
	for _, p := range []string{"impersonate(VARCHAR)", "grant_impersonation(VARCHAR, VARCHAR)", "revoke_impersonation(VARCHAR, VARCHAR)", "reap_impersonations()"} {
		out = append(out, "REVOKE ALL ON PROCEDURE "+ProcedureSchema+"."+p+" FROM PUBLIC")
	}
	return out
}

// impersonateSQL begins an impersonation, or ends it with NULL. Who may not be impersonated and who is not there give the same error.
const impersonateSQL = `CREATE OR REPLACE PROCEDURE $procedures.impersonate(v_wanted VARCHAR(128)) AS $body$
DECLARE
    v_who VARCHAR(128);
    v_here INTEGER;
    v_open INTEGER;
    v_target VARCHAR(128);
    v_secret VARCHAR(64);
    v_set VARCHAR(64);
BEGIN
    v_who := session_user;
    v_here := pg_backend_pid();
    IF current_setting('timezone') NOT IN ($utc) THEN
        RAISE EXCEPTION 'impersonation needs a session in UTC: run SET timezone TO ''UTC'' first';
    END IF;
    IF v_wanted IS NULL THEN
        INSERT INTO $system.impersonation_log (logged_at, event, account, target, pid, done_by)
            SELECT SYSDATE, 'end', act.account, act.target, act.pid, v_who FROM $system.impersonation AS act
            WHERE act.account = v_who AND act.pid = v_here AND act.ended IS NULL;
        UPDATE $system.impersonation SET ended = SYSDATE WHERE account = v_who AND pid = v_here AND ended IS NULL;
        RETURN;
    END IF;
    SELECT INTO v_open COUNT(*) FROM $system.impersonation AS act
        WHERE act.account = v_who AND act.pid = v_here AND (act.ended IS NULL OR act.ended >= SYSDATE) AND act.expires > SYSDATE;
    IF v_open > 0 THEN
        RAISE EXCEPTION 'this session acts as another account already: CALL $procedures.impersonate(NULL) ends that, from the next transaction on';
    END IF;
    SELECT INTO v_target MAX(may.value) FROM $system.entitlement AS may
        JOIN $system.profile AS asker ON asker.account = may.account
        JOIN $system.profile AS other ON other.account = may.value
        WHERE may.account = v_who AND may.kind = '$kind' AND may.value = v_wanted;
    IF v_target IS NULL THEN
        RAISE EXCEPTION 'permission denied to impersonate "%"', v_wanted;
    END IF;
    v_secret := md5(CAST(RANDOM() AS VARCHAR) || CAST(v_here AS VARCHAR) || CAST(SYSDATE AS VARCHAR) || v_who);
    UPDATE $system.impersonation SET ended = SYSDATE WHERE account = v_who AND pid = v_here AND ended IS NULL;
    INSERT INTO $system.impersonation (account, pid, token, target, started, expires)
        VALUES (v_who, v_here, v_secret, v_target, SYSDATE, DATEADD(hour, $hours, SYSDATE));
    INSERT INTO $system.impersonation_log (logged_at, event, account, target, pid, done_by)
        VALUES (SYSDATE, 'begin', v_who, v_target, v_here, v_who);
    SELECT INTO v_set set_config('$variable', v_secret, false);
END;
$body$ LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog`

// grantImpersonationSQL lets an account impersonate another until the next sync, which goes by the policies alone.
const grantImpersonationSQL = `CREATE OR REPLACE PROCEDURE $procedures.grant_impersonation(v_who VARCHAR(128), v_whom VARCHAR(128)) AS $body$
DECLARE
    v_by VARCHAR(128);
    v_known INTEGER;
BEGIN
    v_by := session_user;
    IF v_who IS NULL OR v_whom IS NULL OR v_who = v_whom THEN
        RAISE EXCEPTION 'two different accounts are needed';
    END IF;
    SELECT INTO v_known COUNT(*) FROM $system.profile WHERE account = v_who OR account = v_whom;
    IF v_known <> 2 THEN
        RAISE EXCEPTION 'one of the accounts is not governed';
    END IF;
    DELETE FROM $system.entitlement WHERE account = v_who AND kind = '$kind' AND value = v_whom;
    INSERT INTO $system.entitlement (account, kind, name, value) VALUES (v_who, '$kind', ';', v_whom);
    INSERT INTO $system.impersonation_log (logged_at, event, account, target, pid, done_by) VALUES (SYSDATE, 'grant', v_who, v_whom, pg_backend_pid(), v_by);
END;
$body$ LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog`

// revokeImpersonationSQL takes it back, until the next sync as well. Who acts as the other now is nobody from their next statement on.
const revokeImpersonationSQL = `CREATE OR REPLACE PROCEDURE $procedures.revoke_impersonation(v_who VARCHAR(128), v_whom VARCHAR(128)) AS $body$
DECLARE
    v_by VARCHAR(128);
BEGIN
    v_by := session_user;
    INSERT INTO $system.impersonation_log (logged_at, event, account, target, pid, done_by)
        SELECT SYSDATE, 'revoke', may.account, may.value, pg_backend_pid(), v_by FROM $system.entitlement AS may
        WHERE may.account = v_who AND may.kind = '$kind' AND may.value = v_whom;
    DELETE FROM $system.entitlement WHERE account = v_who AND kind = '$kind' AND value = v_whom;
END;
$body$ LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog`

// reapImpersonationsSQL notes the end of impersonations whose backend has gone, and forgets what ended a day ago; the log keeps it. A record is made to
// expire and not to end, so that a session that were taken for gone by mistake would be nobody's, and never its owner's own again.
const reapImpersonationsSQL = `CREATE OR REPLACE PROCEDURE $procedures.reap_impersonations() AS $body$
DECLARE
    v_row RECORD;
    v_alive INTEGER;
BEGIN
    FOR v_row IN SELECT account, target, pid FROM $system.impersonation WHERE ended IS NULL AND expires > SYSDATE LOOP
        SELECT INTO v_alive COUNT(*) FROM pg_catalog.stv_sessions WHERE process = v_row.pid AND TRIM(user_name) = v_row.account;
        IF v_alive = 0 THEN
            UPDATE $system.impersonation SET expires = SYSDATE WHERE account = v_row.account AND pid = v_row.pid AND ended IS NULL;
            INSERT INTO $system.impersonation_log (logged_at, event, account, target, pid, done_by)
                VALUES (SYSDATE, 'session ended', v_row.account, v_row.target, v_row.pid, session_user);
        END IF;
    END LOOP;
    DELETE FROM $system.impersonation WHERE expires < DATEADD(day, -1, SYSDATE);
END;
$body$ LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog`

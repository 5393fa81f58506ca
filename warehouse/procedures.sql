-- What people ask of Postern from within the warehouse. Only the owner reads and writes it; functions below do so for others.
CREATE TABLE IF NOT EXISTS postern_procedures.requests (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    action text NOT NULL,
    project text NOT NULL,
    asked timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed timestamptz,
    done boolean,
    message text,
    detail text,
    hint text
)
-- next
CREATE INDEX IF NOT EXISTS requests_pending ON postern_procedures.requests (id) WHERE done IS NULL
-- next
-- Writes down what the session's own account asks for. session_user is who logged in: SET ROLE and this function's rights do not change it.
CREATE OR REPLACE FUNCTION postern_procedures.request(action text, project text) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    new_id bigint;
BEGIN
    IF octet_length(project) > 1024 OR action NOT IN ('project', 'acknowledge') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no such project or action';
    END IF;
    DELETE FROM postern_procedures.requests AS r WHERE r.account = session_user AND r.asked < clock_timestamp() - interval '1 hour';
    IF (SELECT count(*) FROM postern_procedures.requests AS r WHERE r.account = session_user AND r.asked > clock_timestamp() - interval '1 minute') >= 60 THEN
        RAISE EXCEPTION USING ERRCODE = 'configuration_limit_exceeded', MESSAGE = 'too many requests; try again in a minute';
    END IF;
    INSERT INTO postern_procedures.requests (account, action, project) VALUES (session_user, action, project) RETURNING id INTO new_id;
    PERFORM pg_notify('postern_procedures', '');
    RETURN new_id;
END
$function$
-- next
-- What became of a request of the session's own account; done is NULL until there is an answer.
CREATE OR REPLACE FUNCTION postern_procedures.outcome(request bigint) RETURNS TABLE (done boolean, message text, detail text, hint text)
LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
SELECT r.done, r.message, r.detail, r.hint FROM postern_procedures.requests AS r WHERE r.id = $1 AND r.account = session_user
$function$
-- next
-- Takes a request of the session's own account back, unless somebody is at it.
CREATE OR REPLACE FUNCTION postern_procedures.withdraw(request bigint) RETURNS void
LANGUAGE sql VOLATILE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
UPDATE postern_procedures.requests AS r SET done = false, message = 'withdrawn' WHERE r.id = $1 AND r.account = session_user AND r.done IS NULL AND r.claimed IS NULL
$function$
-- next
-- Asks and waits for the answer. It has the caller's rights, because nothing else may commit; so every name in it is qualified and no operator used.
CREATE OR REPLACE PROCEDURE postern_procedures.ask(action text, project text)
LANGUAGE plpgsql SECURITY INVOKER
AS $procedure$
DECLARE
    id bigint := postern_procedures.request(action, project);
    got record;
BEGIN
    COMMIT;
    FOR i IN 1 .. 200 LOOP
        SELECT o.* INTO got FROM postern_procedures.outcome(id) AS o;
        COMMIT;
        EXIT WHEN got.done IS NOT NULL;
        PERFORM pg_catalog.pg_sleep(0.025);
    END LOOP;
    IF got.done IS NULL THEN
        PERFORM postern_procedures.withdraw(id);
        COMMIT;
        RAISE EXCEPTION USING ERRCODE = 'cannot_connect_now', MESSAGE = 'Postern does not answer; try again later';
    ELSIF got.done THEN
        RAISE NOTICE USING MESSAGE = got.message;
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = got.message, DETAIL = got.detail, HINT = got.hint;
    END IF;
END
$procedure$
-- next
-- Has the person act in a project from their next statement on, everywhere; '' is none. A CALL of its own, outside of a transaction block.
CREATE OR REPLACE PROCEDURE postern_procedures.set_project(project text)
LANGUAGE plpgsql SECURITY INVOKER
AS $procedure$
BEGIN
    CALL postern_procedures.ask('project', project);
END
$procedure$
-- next
-- Agrees to the texts of a project's purposes, as they stand.
CREATE OR REPLACE PROCEDURE postern_procedures.acknowledge(project text)
LANGUAGE plpgsql SECURITY INVOKER
AS $procedure$
BEGIN
    CALL postern_procedures.ask('acknowledge', project);
END
$procedure$
-- next
-- Postern's own side: takes up to 100 requests that nobody is at, or somebody who has not answered for ten seconds.
CREATE OR REPLACE FUNCTION postern_procedures.claim() RETURNS TABLE (id bigint, account text, action text, project text, late boolean)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
UPDATE postern_procedures.requests AS r SET claimed = clock_timestamp()
WHERE r.id IN (
    SELECT q.id FROM postern_procedures.requests AS q
    WHERE q.done IS NULL AND (q.claimed IS NULL OR q.claimed < clock_timestamp() - interval '10 seconds')
    ORDER BY q.id LIMIT 100 FOR UPDATE SKIP LOCKED)
RETURNING r.id, r.account, r.action, r.project, r.asked < clock_timestamp() - interval '30 seconds'
$function$
-- next
-- Postern's own side: answers a request, once.
CREATE OR REPLACE FUNCTION postern_procedures.answer(request bigint, done boolean, message text, detail text, hint text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
UPDATE postern_procedures.requests AS r SET done = $2, message = $3, detail = $4, hint = $5 WHERE r.id = $1 AND r.done IS NULL
$function$

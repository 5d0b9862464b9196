-- People: who works here, what each may do, sessions; and the audit chain, which every action and decision is written
-- into by its own transaction.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

CREATE TYPE sluice.people_role AS ENUM ('viewer', 'reviewer', 'approver', 'operator', 'administrator');

-- What a role may do; the same table as in PaymentCore.
CREATE TABLE sluice.role_action (
    role sluice.people_role NOT NULL,
    action text NOT NULL,
    PRIMARY KEY (role, action)
);
INSERT INTO sluice.role_action (role, action) VALUES
    ('viewer', 'look'),
    ('reviewer', 'look'), ('reviewer', 'unmask'), ('reviewer', 'amend'), ('reviewer', 'propose'),
    ('approver', 'look'), ('approver', 'unmask'), ('approver', 'amend'), ('approver', 'propose'),
    ('approver', 'approve'),
    ('operator', 'look'), ('operator', 'operate'),
    ('administrator', 'look'), ('administrator', 'administer');

-- A human being, known by the number that the company gave them; no name stands here (R15). In capitals, so that one
-- number cannot stand for two people.
CREATE TABLE sluice.person (
    person_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_no text NOT NULL UNIQUE CHECK (staff_no ~ '^[A-Z0-9][A-Z0-9._-]{0,39}$'),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Moved by every change of the person or one of their logins: whoever is at work meanwhile is waited for.
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz
);

-- What a person logs in with. The password never comes here: the client sends scrypt(password, salt) as its proof, and
-- what is kept is the hash of that.
CREATE TABLE sluice.login (
    login_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL UNIQUE CHECK (login ~ '^[a-z][a-z0-9._-]{0,39}$'),
    person_id bigint NOT NULL REFERENCES sluice.person,
    role sluice.people_role NOT NULL,
    salt bytea NOT NULL CHECK (length(salt) = 16),
    verifier bytea NOT NULL CHECK (length(verifier) = 32),
    scrypt_log2_n int NOT NULL CHECK (scrypt_log2_n BETWEEN 14 AND 20),
    scrypt_r int NOT NULL CHECK (scrypt_r BETWEEN 8 AND 32),
    scrypt_p int NOT NULL CHECK (scrypt_p BETWEEN 1 AND 16),
    -- Made with a password that somebody else has seen: it opens nothing but the change of it.
    must_change boolean NOT NULL,
    failures int NOT NULL DEFAULT 0,
    locked_until timestamptz,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    password_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz
);
CREATE INDEX login_person ON sluice.login (person_id);

CREATE TABLE sluice.login_session (
    session_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login_id bigint NOT NULL REFERENCES sluice.login,
    secret_sha256 bytea NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_why text CHECK (ended_why IN ('logout', 'disabled', 'password', 'reset')),
    db_role text NOT NULL,
    CHECK (num_nulls(ended_at, ended_why) IN (0, 2))
) WITH (fillfactor = 70);
CREATE INDEX login_session_open ON sluice.login_session (login_id) WHERE ended_at IS NULL;

-- The verifier of a login that is proposed, or given anew, by an administrator: beside the proposal, which many may
-- read. Gone once it is used.
CREATE TABLE sluice.login_credential (
    credential_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    salt bytea NOT NULL CHECK (length(salt) = 16),
    verifier bytea NOT NULL CHECK (length(verifier) = 32),
    scrypt_log2_n int NOT NULL CHECK (scrypt_log2_n BETWEEN 14 AND 20),
    scrypt_r int NOT NULL CHECK (scrypt_r BETWEEN 8 AND 32),
    scrypt_p int NOT NULL CHECK (scrypt_p BETWEEN 1 AND 16),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- From what the salt of a login is made up that does not exist, always the same.
CREATE TABLE sluice.login_decoy (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    secret bytea NOT NULL
);
INSERT INTO sluice.login_decoy (secret) VALUES
    (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- That the first administrator was made: once, and never again.
CREATE TABLE sluice.people_bootstrap (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    login_id bigint NOT NULL REFERENCES sluice.login,
    db_role text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Config/sluice.yaml, section `review`, as `sluice db migrate` wrote it last.
CREATE TABLE sluice.review_policy (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    session_idle interval NOT NULL DEFAULT '30 minutes' CHECK (session_idle BETWEEN '1 minute' AND '1 day'),
    session_life interval NOT NULL DEFAULT '12 hours' CHECK (session_life BETWEEN '1 minute' AND '7 days'),
    failures_max int NOT NULL DEFAULT 5 CHECK (failures_max BETWEEN 1 AND 100),
    lockout interval NOT NULL DEFAULT '15 minutes' CHECK (lockout BETWEEN '1 second' AND '7 days'),
    proposal_life interval NOT NULL DEFAULT '24 hours' CHECK (proposal_life BETWEEN '1 second' AND '30 days'),
    -- Records that one person may unmask in an hour.
    unmask_max int NOT NULL DEFAULT 30 CHECK (unmask_max BETWEEN 0 AND 10000),
    -- {"CNY": "1000000"}: up to how many minor units one person may release at once what is as the merchant sent it;
    -- a currency that is not named: nothing.
    single_release jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(single_release) = 'object'),
    -- [{"above": {"CNY": "10000000"}, "approvers": 2}]: above which minor units how many approvals are needed.
    tiers jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(tiers) = 'array'),
    set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO sluice.review_policy DEFAULT VALUES;

-- Who acts, as the session's secret says.
CREATE TYPE sluice.actor AS (
    person_id bigint, login_id bigint, session_id bigint, login text, staff_no text, role sluice.people_role);

-- Every action and decision there ever was. Each row has the hash of the one before in its own.
CREATE TABLE sluice.audit_entry (
    entry_no bigint PRIMARY KEY CHECK (entry_no > 0),
    at timestamptz NOT NULL,
    action text NOT NULL CHECK (action ~ '^[a-z_]{1,40}$'),
    -- Null: nobody was logged in; then the row knows the database role only.
    person_id bigint,
    login text,
    session_id bigint,
    db_role text NOT NULL,
    subject text NOT NULL CHECK (length(subject) <= 400),
    details jsonb NOT NULL,
    previous bytea NOT NULL CHECK (length(previous) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX audit_entry_subject ON sluice.audit_entry (subject, entry_no);
CREATE INDEX audit_entry_person ON sluice.audit_entry (person_id, entry_no);

-- Where the chain ends: a cut tail shows.
CREATE TABLE sluice.audit_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    entry_no bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
INSERT INTO sluice.audit_head (entry_no, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Nobody changes what is written, not the owner either; a superuser who does is found by the chain.
CREATE FUNCTION sluice.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'SL009',
        HINT = 'what was done stays written; a mistake is put right by a new action';
END
$$;
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE ON sluice.audit_entry FOR EACH ROW
    EXECUTE FUNCTION sluice.refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON sluice.audit_entry FOR EACH STATEMENT
    EXECUTE FUNCTION sluice.refuse_rewriting();
CREATE TRIGGER never_taken_back BEFORE DELETE ON sluice.audit_head FOR EACH ROW
    EXECUTE FUNCTION sluice.refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON sluice.audit_head FOR EACH STATEMENT
    EXECUTE FUNCTION sluice.refuse_rewriting();
CREATE TRIGGER only_forward BEFORE UPDATE ON sluice.audit_head FOR EACH ROW
    WHEN (NEW.entry_no <> OLD.entry_no + 1) EXECUTE FUNCTION sluice.refuse_rewriting();
CREATE TRIGGER once_for_ever BEFORE UPDATE OR DELETE ON sluice.people_bootstrap FOR EACH ROW
    EXECUTE FUNCTION sluice.refuse_rewriting();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON sluice.people_bootstrap FOR EACH STATEMENT
    EXECUTE FUNCTION sluice.refuse_rewriting();

-- What the hash of an audit row is made of, with the hash of the row before.
CREATE FUNCTION sluice.audit_words(e sluice.audit_entry) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_array(e.entry_no, (extract(epoch FROM e.at) * 1000000)::bigint, e.action, e.person_id, e.login,
        e.session_id, e.db_role, e.subject, e.details)::text
$$;

-- Appends one row to the chain; tells its number. Called last in a transaction: from here on to its end, whoever else
-- writes into the chain waits. Of nobody who is logged in (null) the row knows the database role only.
CREATE FUNCTION sluice.audit(who sluice.actor, wanted_action text, wanted_subject text, wanted_details jsonb)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head sluice.audit_head;
    made sluice.audit_entry;
BEGIN
    SELECT * INTO STRICT head FROM sluice.audit_head h FOR NO KEY UPDATE;
    made.entry_no := head.entry_no + 1;
    made.at := clock_timestamp();
    made.action := wanted_action;
    made.person_id := (who).person_id;
    made.login := (who).login;
    made.session_id := (who).session_id;
    made.db_role := session_user;
    made.subject := left(wanted_subject, 400);
    made.details := coalesce(wanted_details, '{}');
    made.previous := head.hash;
    made.hash := sha256(made.previous || convert_to(sluice.audit_words(made), 'UTF8'));
    INSERT INTO sluice.audit_entry SELECT made.*;
    UPDATE sluice.audit_head h SET entry_no = made.entry_no, hash = made.hash;
    RETURN made.entry_no;
END
$$;

-- Who acts by this secret, if they may do what is wanted; the session lives on from here. A change of the person waits
-- until this transaction is over, or is seen by it.
CREATE FUNCTION sluice.authorise(secret bytea, wanted_action text) RETURNS sluice.actor
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor;
    policy sluice.review_policy;
    session sluice.login_session;
    known record;
    may text;
BEGIN
    SELECT l.person_id INTO who.person_id FROM sluice.login_session s JOIN sluice.login l ON l.login_id = s.login_id
        WHERE s.secret_sha256 = sha256(secret);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nobody is logged in' USING ERRCODE = 'SL017', HINT = 'run: sluice login LOGIN';
    END IF;
    PERFORM 1 FROM sluice.person p WHERE p.person_id = who.person_id FOR SHARE;
    SELECT * INTO STRICT policy FROM sluice.review_policy;
    SELECT * INTO STRICT session FROM sluice.login_session s WHERE s.secret_sha256 = sha256(secret);
    SELECT l.login_id, l.login, l.role, l.must_change, p.staff_no, l.disabled_at IS NOT NULL
            OR p.disabled_at IS NOT NULL AS is_disabled INTO STRICT known
        FROM sluice.login l JOIN sluice.person p ON p.person_id = l.person_id WHERE l.login_id = session.login_id;
    IF session.ended_at IS NOT NULL OR known.is_disabled THEN
        RAISE EXCEPTION 'this session was ended' USING ERRCODE = 'SL017', HINT = 'run: sluice login LOGIN';
    END IF;
    IF least(session.expires_at, session.used_at + policy.session_idle) <= clock_timestamp() THEN
        RAISE EXCEPTION 'this session has expired' USING ERRCODE = 'SL017', HINT = 'run: sluice login '
            || known.login;
    END IF;
    IF known.must_change THEN
        RAISE EXCEPTION 'login % has a one-time password, which opens nothing', known.login USING ERRCODE = 'SL017',
            HINT = 'run: sluice user password ' || known.login;
    END IF;
    IF NOT EXISTS (SELECT FROM sluice.role_action a WHERE a.role = known.role AND a.action = wanted_action) THEN
        SELECT string_agg(a.role::text, ', ' ORDER BY a.role) INTO may FROM sluice.role_action a
            WHERE a.action = wanted_action;
        IF may IS NULL THEN
            RAISE EXCEPTION 'there is no action %', wanted_action USING ERRCODE = 'SL005';
        END IF;
        RAISE EXCEPTION 'login % is %: that role may not %', known.login, known.role, wanted_action
            USING ERRCODE = 'SL018', HINT = 'who may: ' || may;
    END IF;
    -- Whoever has it locked moves it too.
    UPDATE sluice.login_session s SET used_at = clock_timestamp() WHERE s.session_id = (
        SELECT x.session_id FROM sluice.login_session x WHERE x.session_id = session.session_id
        FOR NO KEY UPDATE SKIP LOCKED);
    who.login_id := known.login_id;
    who.session_id := session.session_id;
    who.login := known.login;
    who.staff_no := known.staff_no;
    who.role := known.role;
    RETURN who;
END
$$;

-- With what the proof of a password is made. For a login that does not exist it is made up, and stays the same.
CREATE FUNCTION sluice.login_salt(wanted_login text) RETURNS TABLE (salt bytea, log2_n int, r int, p int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT l.salt, l.scrypt_log2_n, l.scrypt_r, l.scrypt_p FROM sluice.login l
        WHERE l.login = wanted_login;
    IF NOT FOUND THEN
        RETURN QUERY SELECT substring(sha256(d.secret || convert_to(coalesce(wanted_login, ''), 'UTF8')) FOR 16),
            15, 8, 1 FROM sluice.login_decoy d;
    END IF;
END
$$;

-- Whether a proof opens a login: null, or why not. Counts failures, so it answers and does not raise; writes who was
-- refused into the chain. The login's row stays locked.
CREATE FUNCTION sluice.refuse_login(wanted_login text, proof bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    policy sluice.review_policy;
    known sluice.login;
    refusal text;
    locks boolean;
BEGIN
    SELECT * INTO known FROM sluice.login l WHERE l.login = wanted_login FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        -- What was typed may be anything, a password too: it is not kept.
        PERFORM sluice.audit(NULL, 'login_refused', 'login', '{"why": "unknown_login"}');
        RETURN 'wrong_password';
    END IF;
    SELECT * INTO STRICT policy FROM sluice.review_policy;
    IF known.locked_until > clock_timestamp() THEN
        refusal := 'locked_out';
    ELSIF sha256(proof) IS DISTINCT FROM known.verifier THEN
        refusal := 'wrong_password';
        locks := known.failures + 1 >= policy.failures_max;
        UPDATE sluice.login l SET failures = CASE WHEN locks THEN 0 ELSE known.failures + 1 END,
                locked_until = CASE WHEN locks THEN clock_timestamp() + policy.lockout END
            WHERE l.login_id = known.login_id;
        IF locks THEN
            PERFORM sluice.raise_people_alarm('login_locked', known.login,
                format('login %s is locked: %s wrong passwords one after the other', known.login,
                    policy.failures_max));
        END IF;
    ELSIF known.disabled_at IS NOT NULL
        OR (SELECT p.disabled_at FROM sluice.person p WHERE p.person_id = known.person_id) IS NOT NULL THEN
        refusal := 'disabled';
    ELSE
        UPDATE sluice.login l SET failures = 0, locked_until = NULL
            WHERE l.login_id = known.login_id AND (l.failures > 0 OR l.locked_until IS NOT NULL);
        RETURN NULL;
    END IF;
    PERFORM sluice.audit(NULL, 'login_refused', 'login ' || known.login, jsonb_build_object('why', refusal)
        || CASE WHEN locks THEN '{"locks": true}'::jsonb ELSE '{}' END);
    RETURN refusal;
END
$$;

-- One alarm a cause, counted.
CREATE FUNCTION sluice.raise_people_alarm(wanted_kind text, wanted_code text, wanted_message text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO sluice.alarm AS a (cause_key, kind, code, message)
        VALUES (wanted_kind || '/-/' || wanted_code, wanted_kind, wanted_code, wanted_message)
        ON CONFLICT (cause_key) WHERE acknowledged_at IS NULL
        DO UPDATE SET occurrences = a.occurrences + 1, last_at = now(), message = excluded.message
$$;

-- Opens a session: its secret is told once and only its hash is kept. Or tells why not: wrong_password, locked_out,
-- disabled. One that must change its password opens nothing but that.
CREATE FUNCTION sluice.open_session(wanted_login text, proof bytea) RETURNS TABLE (
    secret bytea, refusal text, role text, must_change boolean, expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known sluice.login;
    who sluice.actor;
BEGIN
    refusal := sluice.refuse_login(wanted_login, proof);
    IF refusal IS NULL THEN
        SELECT * INTO STRICT known FROM sluice.login l WHERE l.login = wanted_login;
        secret := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
        role := known.role::text;
        must_change := known.must_change;
        who.person_id := known.person_id;
        who.login_id := known.login_id;
        who.login := known.login;
        INSERT INTO sluice.login_session AS s (login_id, secret_sha256, expires_at, db_role)
            SELECT known.login_id, sha256(open_session.secret), clock_timestamp() + y.session_life, session_user
            FROM sluice.review_policy y
            RETURNING s.session_id, s.expires_at INTO who.session_id, expires_at;
        PERFORM sluice.audit(who, 'login', 'login ' || known.login, jsonb_build_object('role', role));
    END IF;
    RETURN NEXT;
END
$$;

-- Gives the login a password that only its person knows; every session of it ends. Tells why not, as open_session does.
CREATE FUNCTION sluice.change_password(wanted_login text, proof bytea, new_salt bytea, new_verifier bytea,
    log2_n int, r int, p int) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    refusal text := sluice.refuse_login(wanted_login, proof);
    known sluice.login;
    who sluice.actor;
BEGIN
    IF refusal IS NOT NULL THEN
        RETURN refusal;
    END IF;
    IF new_verifier = sha256(proof) THEN
        RAISE EXCEPTION 'the new password is the old one' USING ERRCODE = 'SL005', HINT = 'choose another';
    END IF;
    UPDATE sluice.login l SET salt = new_salt, verifier = new_verifier, scrypt_log2_n = log2_n, scrypt_r = r,
            scrypt_p = p, must_change = false, password_at = clock_timestamp()
        WHERE l.login = wanted_login RETURNING l.* INTO STRICT known;
    UPDATE sluice.login_session s SET ended_at = clock_timestamp(), ended_why = 'password'
        WHERE s.login_id = known.login_id AND s.ended_at IS NULL;
    who.person_id := known.person_id;
    who.login_id := known.login_id;
    who.login := known.login;
    PERFORM sluice.audit(who, 'password_changed', 'login ' || known.login, '{}');
    RETURN NULL;
END
$$;

-- Ends the session; false when it had ended or never was.
CREATE FUNCTION sluice.end_session(secret bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor;
BEGIN
    UPDATE sluice.login_session s SET ended_at = clock_timestamp(), ended_why = 'logout'
        WHERE s.secret_sha256 = sha256(end_session.secret) AND s.ended_at IS NULL
        RETURNING s.session_id, s.login_id INTO who.session_id, who.login_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT l.person_id, l.login INTO STRICT who.person_id, who.login FROM sluice.login l
        WHERE l.login_id = who.login_id;
    PERFORM sluice.audit(who, 'logout', 'login ' || who.login, '{}');
    RETURN true;
END
$$;

-- Who is logged in by this secret, and until when if nothing is done; no row for nobody. Keeps no session alive.
CREATE FUNCTION sluice.who_am_i(secret bytea) RETURNS TABLE (
    login text, staff_no text, role text, idle_until timestamptz, expires_at timestamptz, must_change boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.login, p.staff_no, l.role::text, least(s.used_at + y.session_idle, s.expires_at), s.expires_at,
        l.must_change
    FROM sluice.login_session s JOIN sluice.login l ON l.login_id = s.login_id
    JOIN sluice.person p ON p.person_id = l.person_id CROSS JOIN sluice.review_policy y
    WHERE s.secret_sha256 = sha256(who_am_i.secret) AND s.ended_at IS NULL AND l.disabled_at IS NULL
        AND p.disabled_at IS NULL AND least(s.used_at + y.session_idle, s.expires_at) > clock_timestamp()
$$;

-- The first administrator: by the owner's login, on the database's own host, once ever.
CREATE FUNCTION sluice.bootstrap_administrator(new_login text, new_staff_no text, new_salt bytea, new_verifier bytea,
    log2_n int, r int, p int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made_person bigint;
    made_login bigint;
BEGIN
    IF NOT pg_has_role(session_user, 'sluice_owner', 'MEMBER') THEN
        RAISE EXCEPTION 'role % may not make the first administrator', session_user USING ERRCODE = 'SL002',
            HINT = 'connect as a superuser or a member of sluice_owner';
    END IF;
    IF inet_client_addr() IS NOT NULL AND NOT inet_client_addr() <<= '127.0.0.0/8' AND inet_client_addr() <> '::1'
        AND inet_client_addr() IS DISTINCT FROM inet_server_addr() THEN
        RAISE EXCEPTION 'the first administrator is made on the database host, not from %', inet_client_addr()
            USING ERRCODE = 'SL002', HINT = 'run it there, best over the Unix socket';
    END IF;
    LOCK TABLE sluice.people_bootstrap IN EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM sluice.people_bootstrap) THEN
        RAISE EXCEPTION 'there has been a first administrator' USING ERRCODE = 'SL009',
            HINT = 'people are made by an administrator: sluice user add';
    END IF;
    INSERT INTO sluice.person AS x (staff_no) VALUES (upper(new_staff_no)) RETURNING x.person_id INTO made_person;
    INSERT INTO sluice.login AS l (login, person_id, role, salt, verifier, scrypt_log2_n, scrypt_r, scrypt_p,
            must_change)
        VALUES (new_login, made_person, 'administrator', new_salt, new_verifier, log2_n, r, p, true)
        RETURNING l.login_id INTO made_login;
    INSERT INTO sluice.people_bootstrap (login_id, db_role) VALUES (made_login, session_user);
    PERFORM sluice.audit(NULL, 'bootstrap', 'login ' || new_login,
        jsonb_build_object('staff_no', upper(new_staff_no), 'role', 'administrator'));
END
$$;

-- Whose login or person a change is about, null for a new person; raises where it cannot be made, or not by this
-- person: nobody changes what they are allowed themselves. The person stays locked: whoever is at work is waited for.
CREATE FUNCTION sluice.judge_user_change(change jsonb, who sluice.actor) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    op text := change ->> 'op';
    known sluice.login;
    target sluice.person;
    unknown_key text;
BEGIN
    SELECT k INTO unknown_key FROM jsonb_object_keys(change) AS k WHERE k <> 'op' AND NOT k = ANY (CASE op
        WHEN 'add' THEN ARRAY['login', 'staff_no', 'role', 'credential']
        WHEN 'role' THEN ARRAY['login', 'role'] WHEN 'reset' THEN ARRAY['login', 'credential']
        WHEN 'disable' THEN ARRAY['login', 'staff_no'] WHEN 'enable' THEN ARRAY['login', 'staff_no']
        WHEN 'unlock' THEN ARRAY['login'] ELSE '{}' END) LIMIT 1;
    IF op IS NULL OR op NOT IN ('add', 'role', 'disable', 'enable', 'reset', 'unlock') OR unknown_key IS NOT NULL THEN
        RAISE EXCEPTION 'no such change: %', coalesce(op, '(none)') || coalesce(' with ' || unknown_key, '')
            USING ERRCODE = 'SL005', HINT = 'add, role, disable, enable, reset or unlock';
    END IF;
    IF (op IN ('add', 'role')) <> ((change ->> 'role') IS NOT NULL)
        OR (op IN ('add', 'reset')) <> ((change ->> 'credential') IS NOT NULL)
        OR (CASE op WHEN 'add' THEN num_nulls(change ->> 'login', change ->> 'staff_no') > 0
            WHEN 'disable' THEN num_nulls(change ->> 'login', change ->> 'staff_no') <> 1
            WHEN 'enable' THEN num_nulls(change ->> 'login', change ->> 'staff_no') <> 1
            ELSE (change ->> 'login') IS NULL END)
        OR (change ->> 'role') NOT IN (SELECT r::text FROM unnest(enum_range(NULL::sluice.people_role)) AS r)
        OR (op = 'add' AND ((change ->> 'login') !~ '^[a-z][a-z0-9._-]{0,39}$'
            OR upper(change ->> 'staff_no') !~ '^[A-Z0-9][A-Z0-9._-]{0,39}$')) THEN
        RAISE EXCEPTION 'the change % is not complete, or says what cannot be', op USING ERRCODE = 'SL005',
            HINT = 'a login is 1 to 40 of a-z, 0-9, dot, dash, underscore, and begins with a letter';
    END IF;
    IF op = 'add' OR (change ->> 'login') IS NULL THEN
        SELECT * INTO target FROM sluice.person p WHERE p.staff_no = upper(change ->> 'staff_no') FOR NO KEY UPDATE;
        IF NOT FOUND AND op <> 'add' THEN
            RAISE EXCEPTION 'there is no person %', change ->> 'staff_no' USING ERRCODE = 'SL001',
                HINT = 'look at: sluice user list';
        END IF;
    END IF;
    SELECT * INTO known FROM sluice.login l WHERE l.login = change ->> 'login';
    IF op = 'add' THEN
        IF FOUND THEN
            RAISE EXCEPTION 'there is a login % already', known.login USING ERRCODE = 'SL009',
                HINT = 'look at: sluice user list';
        END IF;
    ELSIF (change ->> 'login') IS NOT NULL THEN
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no login %', change ->> 'login' USING ERRCODE = 'SL001',
                HINT = 'look at: sluice user list';
        END IF;
        SELECT * INTO STRICT target FROM sluice.person p WHERE p.person_id = known.person_id FOR NO KEY UPDATE;
        SELECT * INTO STRICT known FROM sluice.login l WHERE l.login_id = known.login_id;
    END IF;
    IF target.person_id = (who).person_id THEN
        RAISE EXCEPTION 'nobody changes a login of their own' USING ERRCODE = 'SL019',
            HINT = 'another administrator may; your own password: sluice user password';
    END IF;
    IF (CASE op WHEN 'add' THEN target.disabled_at IS NOT NULL WHEN 'role' THEN known.role::text = change ->> 'role'
        WHEN 'disable' THEN (CASE WHEN (change ->> 'login') IS NULL THEN target.disabled_at
            ELSE known.disabled_at END) IS NOT NULL
        WHEN 'enable' THEN (CASE WHEN (change ->> 'login') IS NULL THEN target.disabled_at
            ELSE known.disabled_at END) IS NULL
        ELSE false END) THEN
        RAISE EXCEPTION 'nothing to do: % % is as wanted, or their person is disabled', op,
            coalesce(change ->> 'login', change ->> 'staff_no') USING ERRCODE = 'SL009',
            HINT = 'look at: sluice user list';
    END IF;
    RETURN target.person_id;
END
$$;

-- Makes a change that was judged by `who`: alone, or as the second administrator. Writes nothing into the chain: who
-- calls it does, last. Tells what was done.
CREATE FUNCTION sluice.apply_user_change(change jsonb, who sluice.actor) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target bigint := sluice.judge_user_change(change, who);
    op text := change ->> 'op';
    of_login text := change ->> 'login';
    credential sluice.login_credential;
BEGIN
    IF change ? 'credential' THEN
        DELETE FROM sluice.login_credential c WHERE c.credential_id = (change ->> 'credential')::bigint
            RETURNING c.* INTO credential;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the one-time password of this change was used' USING ERRCODE = 'SL009';
        END IF;
    END IF;
    UPDATE sluice.person p SET changed_at = clock_timestamp() WHERE p.person_id = target;
    CASE op
    WHEN 'add' THEN
        IF target IS NULL THEN
            INSERT INTO sluice.person AS p (staff_no) VALUES (upper(change ->> 'staff_no'))
                RETURNING p.person_id INTO target;
        END IF;
        INSERT INTO sluice.login (login, person_id, role, salt, verifier, scrypt_log2_n, scrypt_r, scrypt_p,
                must_change)
            VALUES (of_login, target, (change ->> 'role')::sluice.people_role, credential.salt, credential.verifier,
                credential.scrypt_log2_n, credential.scrypt_r, credential.scrypt_p, true);
    WHEN 'role' THEN
        UPDATE sluice.login l SET role = (change ->> 'role')::sluice.people_role WHERE l.login = of_login;
    WHEN 'disable' THEN
        IF of_login IS NULL THEN
            UPDATE sluice.person p SET disabled_at = clock_timestamp() WHERE p.person_id = target;
        ELSE
            UPDATE sluice.login l SET disabled_at = clock_timestamp() WHERE l.login = of_login;
        END IF;
    WHEN 'enable' THEN
        IF of_login IS NULL THEN
            UPDATE sluice.person p SET disabled_at = NULL WHERE p.person_id = target;
        ELSE
            UPDATE sluice.login l SET disabled_at = NULL WHERE l.login = of_login;
        END IF;
    WHEN 'reset' THEN
        UPDATE sluice.login l SET salt = credential.salt, verifier = credential.verifier,
                scrypt_log2_n = credential.scrypt_log2_n, scrypt_r = credential.scrypt_r,
                scrypt_p = credential.scrypt_p, must_change = true, password_at = clock_timestamp(), failures = 0,
                locked_until = NULL
            WHERE l.login = of_login;
    WHEN 'unlock' THEN
        UPDATE sluice.login l SET failures = 0, locked_until = NULL WHERE l.login = of_login;
    END CASE;
    IF op IN ('disable', 'reset') THEN
        UPDATE sluice.login_session s SET ended_at = clock_timestamp(),
                ended_why = CASE op WHEN 'reset' THEN 'reset' ELSE 'disabled' END
            FROM sluice.login l WHERE s.login_id = l.login_id AND l.person_id = target AND s.ended_at IS NULL
                AND (of_login IS NULL OR l.login = of_login);
    END IF;
    RETURN change - 'credential';
END
$$;

-- A change of people. While one person alone is an administrator it is made at once, with an alarm; else it waits for
-- another administrator. A login that was never used does not count: nobody could approve.
CREATE FUNCTION sluice.change_user(secret bytea, change jsonb) RETURNS TABLE (proposal_id bigint, applied boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'administer');
    op text := change ->> 'op';
    wanted jsonb := change - ARRAY['salt', 'verifier', 'scrypt', 'credential', 'comment'];
    made bigint;
    words text;
BEGIN
    IF op IN ('add', 'reset') THEN
        IF coalesce(change ->> 'salt', '') !~ '^[0-9a-f]{32}$' OR coalesce(change ->> 'verifier', '')
            !~ '^[0-9a-f]{64}$' OR coalesce(change ->> 'scrypt', '') !~ '^\[\d{1,2}, \d{1,2}, \d{1,2}\]$' THEN
            RAISE EXCEPTION 'a new password has a salt, a verifier and the costs of scrypt' USING ERRCODE = 'SL005';
        END IF;
        INSERT INTO sluice.login_credential AS c (salt, verifier, scrypt_log2_n, scrypt_r, scrypt_p)
            VALUES (decode(change ->> 'salt', 'hex'), decode(change ->> 'verifier', 'hex'),
                (change -> 'scrypt' ->> 0)::int, (change -> 'scrypt' ->> 1)::int, (change -> 'scrypt' ->> 2)::int)
            RETURNING c.credential_id INTO made;
        wanted := wanted || jsonb_build_object('credential', made);
    END IF;
    PERFORM sluice.judge_user_change(wanted, who);
    words := CASE WHEN (wanted ->> 'login') IS NULL THEN 'person ' || upper(wanted ->> 'staff_no')
        ELSE 'user ' || (wanted ->> 'login') END || ': ' || CASE op
        WHEN 'add' THEN 'add as ' || (wanted ->> 'role') || ' for person ' || upper(wanted ->> 'staff_no')
        WHEN 'role' THEN 'make ' || (wanted ->> 'role') WHEN 'reset' THEN 'reset the password' ELSE op END;
    IF (SELECT count(DISTINCT l.person_id) FROM sluice.login l JOIN sluice.person p ON p.person_id = l.person_id
        WHERE l.role = 'administrator' AND NOT l.must_change AND l.disabled_at IS NULL
            AND p.disabled_at IS NULL) > 1 THEN
        INSERT INTO sluice.proposal AS x (kind, state, subject, payload, orders, amounts, comment, maker_person,
                maker_login, maker_session, made_at, expires_at, approvers_needed)
            SELECT 'user', 'waiting', words, wanted, 0, '{}', left(coalesce(change ->> 'comment', words), 2000),
                who.person_id, who.login, who.session_id, clock_timestamp(), clock_timestamp() + y.proposal_life, 1
            FROM sluice.review_policy y RETURNING x.proposal_id INTO change_user.proposal_id;
        applied := false;
        PERFORM sluice.audit(who, 'user_proposed', words, (wanted - 'credential')
            || jsonb_build_object('proposal_id', change_user.proposal_id));
    ELSE
        PERFORM sluice.apply_user_change(wanted, who);
        applied := true;
        PERFORM sluice.raise_people_alarm('people_changed', op,
            format('%s, by %s alone: there is one administrator only', words, who.login));
        PERFORM sluice.audit(who, 'user_changed', words, wanted - 'credential');
    END IF;
    RETURN NEXT;
END
$$;

-- {"CNY": "1000000"}, whole minor units.
CREATE FUNCTION sluice.is_amounts(amounts jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_typeof(amounts) = 'object' AND NOT EXISTS (SELECT FROM jsonb_each(
        CASE jsonb_typeof(amounts) WHEN 'object' THEN amounts ELSE '{}' END) AS e
        WHERE e.key !~ '^[A-Z]{3}$' OR jsonb_typeof(e.value) <> 'string'
            OR CASE WHEN (e.value #>> '{}') ~ '^(0|[1-9][0-9]{0,18})$'
                THEN (e.value #>> '{}')::numeric > 9223372036854775807 ELSE true END)
$$;

-- Writes the configuration's section `review`; spans in microseconds. True when something changed.
CREATE FUNCTION sluice.set_review_policy(wanted jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    span constant interval := '1 microsecond';
BEGIN
    IF ARRAY(SELECT k FROM jsonb_object_keys(wanted) AS k ORDER BY k) IS DISTINCT FROM ARRAY['failures_max', 'lockout',
        'proposal_life', 'session_idle', 'session_life', 'single_release', 'tiers', 'unmask_max'] THEN
        RAISE EXCEPTION 'the policy of reviews names other keys' USING ERRCODE = 'SL005';
    END IF;
    IF NOT sluice.is_amounts(wanted -> 'single_release') OR jsonb_typeof(wanted -> 'tiers') <> 'array' OR EXISTS (
        SELECT FROM jsonb_array_elements(wanted -> 'tiers') AS t
        WHERE jsonb_typeof(t) <> 'object' OR NOT coalesce(sluice.is_amounts(t -> 'above'), false)
            OR coalesce(t ->> 'approvers', '') !~ '^[1-9]$' OR t - ARRAY['above', 'approvers'] <> '{}') THEN
        RAISE EXCEPTION 'a tier names amounts and approvers, such as {"above": {"CNY": "100000"}, "approvers": 2}'
            USING ERRCODE = 'SL005', HINT = 'amounts are whole minor units, as text';
    END IF;
    UPDATE sluice.review_policy y SET session_idle = (wanted ->> 'session_idle')::bigint * span,
            session_life = (wanted ->> 'session_life')::bigint * span,
            failures_max = (wanted ->> 'failures_max')::int, lockout = (wanted ->> 'lockout')::bigint * span,
            proposal_life = (wanted ->> 'proposal_life')::bigint * span,
            unmask_max = (wanted ->> 'unmask_max')::int, single_release = wanted -> 'single_release',
            tiers = wanted -> 'tiers', set_at = clock_timestamp()
        WHERE (y.session_idle, y.session_life, y.failures_max, y.lockout, y.proposal_life, y.unmask_max,
                y.single_release, y.tiers) IS DISTINCT FROM
            ((wanted ->> 'session_idle')::bigint * span, (wanted ->> 'session_life')::bigint * span,
                (wanted ->> 'failures_max')::int, (wanted ->> 'lockout')::bigint * span,
                (wanted ->> 'proposal_life')::bigint * span, (wanted ->> 'unmask_max')::int,
                wanted -> 'single_release', wanted -> 'tiers');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM sluice.audit(NULL, 'policy_set', 'review_policy', wanted);
    RETURN true;
END
$$;

-- Salts, verifiers and hashes of secrets are read by no role; who logs in how is for everybody to see.
GRANT SELECT ON sluice.role_action, sluice.person, sluice.review_policy, sluice.people_bootstrap, sluice.audit_entry,
    sluice.audit_head TO sluice_worker, sluice_console, sluice_reader, sluice_archiver;
GRANT SELECT (login_id, login, person_id, role, must_change, failures, locked_until, made_at, password_at, disabled_at)
    ON sluice.login TO sluice_worker, sluice_console, sluice_reader, sluice_archiver;
GRANT SELECT (session_id, login_id, opened_at, used_at, expires_at, ended_at, ended_why, db_role)
    ON sluice.login_session TO sluice_worker, sluice_console, sluice_reader, sluice_archiver;
GRANT EXECUTE ON FUNCTION sluice.login_salt(text), sluice.open_session(text, bytea),
    sluice.change_password(text, bytea, bytea, bytea, int, int, int), sluice.end_session(bytea),
    sluice.who_am_i(bytea), sluice.change_user(bytea, jsonb) TO sluice_worker, sluice_console;
-- Whoever verifies the chain asks for the words of its rows.
GRANT EXECUTE ON FUNCTION sluice.audit_words(sluice.audit_entry) TO sluice_worker, sluice_console, sluice_reader,
    sluice_archiver;

RESET ROLE;

-- Amendments of quarantined records, and what becomes of the records: released into a supplement, or rejected.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- What a person works with. A constant default is no rewrite.
ALTER TABLE sluice.quarantine_record
    -- What each column of the record says, in UTF-8, sealed; null where the columns could not be told apart.
    ADD COLUMN fields bytea,
    -- Keyed hash of its account number, as an order has it; null where it was not readable.
    ADD COLUMN account_hash bytea,
    -- How often it was amended: whoever acts on it names the revision that they have seen.
    ADD COLUMN revision int NOT NULL DEFAULT 0,
    -- What released or rejected it.
    ADD COLUMN proposal_id bigint;
ALTER TABLE history.quarantine_record
    ADD COLUMN fields bytea,
    ADD COLUMN account_hash bytea,
    ADD COLUMN revision int NOT NULL DEFAULT 0,
    ADD COLUMN proposal_id bigint;

-- New values of a record, whole each time, beside the record and never over it: its own bytes, number and amount stay
-- what the merchant sent. Append-only.
CREATE TABLE sluice.quarantine_amendment (
    batch_id bigint NOT NULL,
    line_no int NOT NULL,
    business_date date NOT NULL,
    revision int NOT NULL CHECK (revision >= 1),
    person_id bigint NOT NULL REFERENCES sluice.person,
    login text NOT NULL,
    session_id bigint NOT NULL,
    amended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Which fields differ from what was sent.
    fields text[] NOT NULL,
    -- All fields, sealed.
    sealed bytea NOT NULL,
    data_key_id int NOT NULL,
    merchant_order_no text COLLATE "C",
    amount_minor bigint,
    currency text,
    account_hash bytea,
    -- What would still be wrong with it, masked.
    reasons jsonb NOT NULL CHECK (jsonb_typeof(reasons) = 'array'),
    comment text NOT NULL CHECK (length(comment) BETWEEN 1 AND 2000),
    PRIMARY KEY (batch_id, line_no, revision)
);
GRANT SELECT ON sluice.quarantine_amendment TO sluice_worker, sluice_archiver;
-- Ciphertext and hashes are of no use to readers.
GRANT SELECT (batch_id, line_no, business_date, revision, person_id, login, session_id, amended_at, fields,
    merchant_order_no, amount_minor, currency, reasons, comment)
    ON sluice.quarantine_amendment TO sluice_reader, sluice_console;

-- A supplement and the records that it is made of: each line of it comes from one record, in one revision.
ALTER TABLE sluice.batch_file ADD COLUMN proposal_id bigint REFERENCES sluice.proposal;
CREATE TABLE sluice.supplement_record (
    batch_id bigint NOT NULL REFERENCES sluice.batch_file,
    line_no int NOT NULL CHECK (line_no >= 1),
    from_batch_id bigint NOT NULL,
    from_line_no int NOT NULL,
    from_business_date date NOT NULL,
    revision int NOT NULL,
    PRIMARY KEY (batch_id, line_no),
    -- No record is released twice.
    UNIQUE (from_batch_id, from_line_no)
);
GRANT SELECT ON sluice.supplement_record TO sluice_worker, sluice_archiver, sluice_reader, sluice_console;

-- Whether money may have moved for a line already: an answer contradicts its failure, or a person has corrected it to
-- succeeded; its own, or that of a line that it was released from.
CREATE FUNCTION sluice.is_contradicted(of_batch bigint, of_line int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE line (batch_id, line_no) AS (
        SELECT of_batch, of_line
        UNION ALL SELECT s.from_batch_id, s.from_line_no FROM line x JOIN sluice.supplement_record s
            ON s.batch_id = x.batch_id AND s.line_no = x.line_no)
    SELECT EXISTS (SELECT FROM line x WHERE EXISTS (SELECT FROM sluice.review_item i WHERE i.batch_id = x.batch_id
            AND i.line_no = x.line_no AND i.cause = 'contradiction' AND i.closed_at IS NULL)
        OR (SELECT c.to_state FROM sluice.payment_correction c WHERE c.batch_id = x.batch_id AND c.line_no = x.line_no
            ORDER BY c.correction_id DESC LIMIT 1) = 'succeeded')
$$;
GRANT EXECUTE ON FUNCTION sluice.is_contradicted(bigint, int) TO sluice_worker;

-- Amends records as they were seen: whole new sets of values, sealed by the caller, who has judged them. A record that
-- has changed since is left alone, and told.
CREATE FUNCTION sluice.amend_records(
    secret bytea, batches bigint[], lines int[], revisions int[], field_lists text[], sealed_values bytea[],
    key_id int, numbers text[], amounts bigint[], currencies text[], account_hashes bytea[], reason_lists text[],
    given_comment text) RETURNS TABLE (batch_id bigint, line_no int, outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    who sluice.actor := sluice.authorise(secret, 'amend');
    day date;
    one record;
    amended bigint := 0;
    refused bigint := 0;
BEGIN
    IF coalesce(length(btrim(given_comment)), 0) NOT BETWEEN 1 AND 2000 THEN
        RAISE EXCEPTION 'an amendment has a comment of 1 to 2000 characters' USING ERRCODE = 'SL005',
            HINT = 'say why: add --comment';
    END IF;
    IF coalesce(cardinality(lines), 0) NOT BETWEEN 1 AND 20000 THEN
        RAISE EXCEPTION 'at most 20000 records are amended at once' USING ERRCODE = 'SL005';
    END IF;
    -- A day at a time, so that each statement touches the partition of that day only.
    FOR day IN SELECT DISTINCT f.business_date FROM sluice.batch_file f WHERE f.batch_id = ANY (batches)
        ORDER BY f.business_date
    LOOP
        FOR one IN
            WITH asked AS MATERIALIZED (
                SELECT n.* FROM unnest(batches, lines, revisions, field_lists, sealed_values, numbers, amounts,
                    currencies, account_hashes, reason_lists) AS n (batch_id, line_no, revision, field_list, sealed,
                    number, amount_minor, currency, account_hash, reasons)
                JOIN sluice.batch_file f ON f.batch_id = n.batch_id AND f.business_date = day
            ), seen AS MATERIALIZED (
                SELECT q.batch_id, q.line_no, q.state, q.revision FROM sluice.quarantine_record q
                JOIN asked a ON a.batch_id = q.batch_id AND a.line_no = q.line_no
                WHERE q.business_date = day ORDER BY q.batch_id, q.line_no FOR NO KEY UPDATE OF q
            ), moved AS (
                UPDATE sluice.quarantine_record q SET state = 'amended', revision = q.revision + 1
                FROM seen s JOIN asked a ON a.batch_id = s.batch_id AND a.line_no = s.line_no
                WHERE q.business_date = day AND q.batch_id = s.batch_id AND q.line_no = s.line_no
                    AND s.revision = a.revision AND s.state IN ('open', 'amended')
                    AND q.revision = a.revision AND q.state IN ('open', 'amended')
                RETURNING q.batch_id, q.line_no, q.revision
            ), kept AS (
                INSERT INTO sluice.quarantine_amendment (batch_id, line_no, business_date, revision, person_id, login,
                    session_id, fields, sealed, data_key_id, merchant_order_no, amount_minor, currency, account_hash,
                    reasons, comment)
                SELECT m.batch_id, m.line_no, day, m.revision, who.person_id, who.login, who.session_id,
                    string_to_array(a.field_list, ','), a.sealed, key_id, a.number, a.amount_minor, a.currency,
                    a.account_hash, a.reasons::jsonb, btrim(given_comment)
                FROM moved m JOIN asked a ON a.batch_id = m.batch_id AND a.line_no = m.line_no
            )
            SELECT a.batch_id, a.line_no, CASE WHEN m.line_no IS NOT NULL THEN 'amended' WHEN s.line_no IS NULL
                THEN 'missing' WHEN s.state IN ('open', 'amended') THEN 'changed' ELSE 'closed' END AS outcome
            FROM asked a LEFT JOIN moved m ON m.batch_id = a.batch_id AND m.line_no = a.line_no
                LEFT JOIN seen s ON s.batch_id = a.batch_id AND s.line_no = a.line_no
            ORDER BY a.batch_id, a.line_no
        LOOP
            IF one.outcome = 'amended' THEN amended := amended + 1; ELSE refused := refused + 1; END IF;
            batch_id := one.batch_id;
            line_no := one.line_no;
            outcome := one.outcome;
            RETURN NEXT;
        END LOOP;
    END LOOP;
    PERFORM sluice.audit(who, 'amend', batches[1] || '-' || lines[1] || CASE WHEN cardinality(lines) > 1
            THEN ' and ' || cardinality(lines) - 1 || ' more' ELSE '' END,
        jsonb_build_object('amended', amended, 'refused', refused, 'fields', (SELECT jsonb_agg(DISTINCT x.name)
            FROM unnest(field_lists) AS n (list) CROSS JOIN unnest(string_to_array(n.list, ',')) AS x (name))));
END
$$;

CREATE TYPE sluice.releasable_record AS (
    batch_id bigint, line_no int, business_date date, revision int, outcome text, origin text, root_batch_id bigint,
    merchant_id int, sent_number text, number text, amount_minor bigint, currency text, account_hash bytea);

-- How records stand that somebody wants to release: with the values that would become orders, and whether they may.
-- `of_proposal`: the proposal that is carried out; null for a new one. Takes no lock.
CREATE FUNCTION sluice.releasable(batches bigint[], lines int[], revisions int[], of_proposal bigint)
    RETURNS SETOF sluice.releasable_record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    day date;
BEGIN
    FOR day IN SELECT DISTINCT f.business_date FROM sluice.batch_file f WHERE f.batch_id = ANY (batches)
        ORDER BY f.business_date
    LOOP
        RETURN QUERY
        WITH asked AS MATERIALIZED (
            SELECT n.batch_id, n.line_no, n.revision, coalesce(f.parent_batch_id, f.batch_id) AS root, f.merchant_id
            FROM unnest(batches, lines, revisions) AS n (batch_id, line_no, revision)
            JOIN sluice.batch_file f ON f.batch_id = n.batch_id AND f.business_date = day
        ), record AS MATERIALIZED (
            SELECT a.*, q.line_no IS NOT NULL AS is_there, q.state, q.origin, q.revision AS now_revision,
                q.merchant_order_no AS sent, CASE WHEN q.revision = 0 THEN q.merchant_order_no ELSE x.merchant_order_no
                    END AS effective,
                CASE WHEN q.revision = 0 THEN q.amount_minor ELSE x.amount_minor END AS minor,
                CASE WHEN q.revision = 0 THEN q.currency ELSE x.currency END AS code,
                CASE WHEN q.revision = 0 THEN q.account_hash ELSE x.account_hash END AS hash
            FROM asked a LEFT JOIN sluice.quarantine_record q ON q.batch_id = a.batch_id AND q.line_no = a.line_no
                AND q.business_date = day
            LEFT JOIN sluice.quarantine_amendment x ON x.batch_id = q.batch_id AND x.line_no = q.line_no
                AND x.revision = q.revision
        )
        SELECT r.batch_id, r.line_no, day, r.revision, CASE
            WHEN NOT r.is_there THEN 'missing'
            WHEN r.state NOT IN ('open', 'amended') THEN 'closed'
            WHEN r.now_revision <> r.revision THEN 'changed'
            -- Money may have moved already.
            WHEN sluice.is_contradicted(r.batch_id, r.line_no)
                OR EXISTS (SELECT FROM sluice.payment_correction c WHERE c.batch_id = r.batch_id
                    AND c.line_no = r.line_no) THEN 'contradiction'
            WHEN EXISTS (SELECT FROM sluice.proposal_record p JOIN sluice.proposal w USING (proposal_id)
                WHERE p.batch_id = r.batch_id AND p.line_no = r.line_no AND w.state = 'waiting'
                    AND w.expires_at > now() AND w.proposal_id IS DISTINCT FROM of_proposal) THEN 'waiting'
            WHEN r.effective IS NULL THEN 'no_number'
            WHEN coalesce(r.minor, 0) <= 0 OR r.code IS NULL THEN 'no_amount'
            WHEN o.order_no IS NOT NULL AND o.state <> 'void' AND (o.batch_id, o.line_no) <> (r.batch_id, r.line_no)
                OR count(*) OVER (PARTITION BY r.merchant_id, r.effective ORDER BY r.batch_id, r.line_no
                    ROWS UNBOUNDED PRECEDING) > 1 THEN 'number_taken'
            ELSE 'proposed' END, r.origin::text, r.root, r.merchant_id, r.sent, r.effective, r.minor, r.code, r.hash
        FROM record r LEFT JOIN sluice.order_number_registry o ON o.merchant_id = r.merchant_id
            AND o.order_no = r.effective
        ORDER BY r.batch_id, r.line_no;
    END LOOP;
END
$$;

-- A later order that pays the same amount to the same account as a record would; looked for in live days at most ten
-- days back.
CREATE FUNCTION sluice.resembling_orders(
    batches bigint[], lines int[], merchants int[], hashes bytea[], amounts bigint[], currencies text[], since date)
    RETURNS TABLE (batch_id bigint, line_no int, resembles text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    SELECT n.batch_id, n.line_no, min(o.batch_id || '-' || o.line_no)
    FROM unnest(batches, lines, merchants, hashes, amounts, currencies)
        AS n (batch_id, line_no, merchant_id, account_hash, amount_minor, currency)
    JOIN sluice.payment_order o ON o.account_hash = n.account_hash AND o.amount_minor = n.amount_minor
        AND o.currency = n.currency AND o.business_date >= since AND o.state <> 'cancelled'
        AND (o.batch_id, o.line_no) <> (n.batch_id, n.line_no)
    JOIN sluice.batch_file f ON f.batch_id = o.batch_id AND f.merchant_id = n.merchant_id
    WHERE o.batch_id >= n.batch_id AND n.account_hash IS NOT NULL
    GROUP BY n.batch_id, n.line_no
$$;

-- Asks for the release or the rejection of records, each as it was seen. One person suffices only for a release, up to
-- the sum that the policy says (off by default), of records as the merchant sent them, with no rule weakened and none
-- like a later order (R12). `is_dry`: nothing is done, and the outcomes tell what would be.
CREATE FUNCTION sluice.propose_records(
    secret bytea, of_kind sluice.proposal_kind, batches bigint[], lines int[], revisions int[], accepted text[],
    given_comment text, is_dry boolean)
    RETURNS TABLE (proposal_id bigint, batch_id bigint, line_no int, outcome text, resembles text, amount_minor bigint,
        currency text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    who sluice.actor := sluice.authorise(secret, 'propose');
    policy sluice.review_policy;
    seen sluice.releasable_record[];
    sums jsonb;
    good bigint;
    is_as_sent boolean;
    is_alone boolean := false;
    alike jsonb := '{}';
    since constant date := current_date - 10;
    needed smallint;
    made bigint;
    done jsonb;
BEGIN
    IF coalesce(cardinality(lines), 0) NOT BETWEEN 1 AND 20000 OR cardinality(batches) <> cardinality(lines)
        OR cardinality(revisions) <> cardinality(lines) THEN
        RAISE EXCEPTION 'a proposal is about 1 to 20000 records' USING ERRCODE = 'SL005',
            HINT = 'name fewer: file by file, or reason by reason';
    END IF;
    IF (SELECT count(DISTINCT (n.b, n.l)) FROM unnest(batches, lines) AS n (b, l)) <> cardinality(lines) THEN
        RAISE EXCEPTION 'a record is named twice' USING ERRCODE = 'SL005', HINT = 'name each record once';
    END IF;
    IF EXISTS (SELECT FROM unnest(accepted) AS x WHERE x IS NULL OR x !~ '^[a-z][a-z0-9_]{0,60}$') THEN
        RAISE EXCEPTION 'what is accepted is named by its reason code' USING ERRCODE = 'SL005',
            HINT = 'look at: sluice quarantine show';
    END IF;
    SELECT * INTO policy FROM sluice.review_policy;
    SELECT array_agg(r) INTO seen FROM sluice.releasable(batches, lines, revisions, NULL) r;
    -- Of records of several days that say the same number the first one has it.
    SELECT array_agg(ROW(n.batch_id, n.line_no, n.business_date, n.revision, CASE WHEN n.nth > 1 THEN 'number_taken'
            ELSE n.outcome END, n.origin, n.root_batch_id, n.merchant_id, n.sent_number, n.number, n.amount_minor,
            n.currency, n.account_hash)::sluice.releasable_record ORDER BY n.batch_id, n.line_no)
        INTO seen FROM (SELECT r.*, CASE WHEN r.outcome = 'proposed' THEN row_number() OVER (PARTITION BY r.merchant_id,
            r.number, r.outcome ORDER BY r.batch_id, r.line_no) END AS nth FROM unnest(seen) r) n;
    IF of_kind = 'reject' THEN
        -- What cannot be an order can be rejected all the same.
        SELECT array_agg(ROW(r.batch_id, r.line_no, r.business_date, r.revision, CASE WHEN r.outcome IN ('no_number',
            'no_amount', 'number_taken') THEN 'proposed' ELSE r.outcome END, r.origin, r.root_batch_id, r.merchant_id,
            r.sent_number, r.number, r.amount_minor, r.currency, r.account_hash)::sluice.releasable_record)
            INTO seen FROM unnest(seen) r;
    ELSE
        SELECT coalesce(jsonb_object_agg(a.batch_id || '-' || a.line_no, a.resembles), '{}') INTO alike
        FROM (SELECT array_agg(r.batch_id) AS b, array_agg(r.line_no) AS l, array_agg(r.merchant_id) AS m,
                array_agg(r.account_hash) AS h, array_agg(r.amount_minor) AS a, array_agg(r.currency) AS c
            FROM unnest(seen) r WHERE r.outcome = 'proposed') n
        CROSS JOIN LATERAL sluice.resembling_orders(n.b, n.l, n.m, n.h, n.a, n.c, since) a WHERE n.b IS NOT NULL;
    END IF;
    SELECT count(*), bool_and(r.revision = 0 AND r.origin = 'intake' AND r.business_date >= since
            AND r.account_hash IS NOT NULL AND r.batch_id = r.root_batch_id)
        INTO good, is_as_sent FROM unnest(seen) r WHERE r.outcome = 'proposed';
    -- Nor do two of them look alike, nor one that was released and is not loaded yet.
    is_as_sent := is_as_sent AND NOT EXISTS (SELECT FROM unnest(seen) r WHERE r.outcome = 'proposed'
        GROUP BY r.merchant_id, r.account_hash, r.amount_minor, r.currency HAVING count(*) > 1);
    SELECT coalesce(jsonb_object_agg(c.currency, c.sum), '{}') INTO sums FROM (
        SELECT r.currency, sum(r.amount_minor) AS sum FROM unnest(seen) r
        WHERE r.outcome = 'proposed' AND r.currency IS NOT NULL AND r.amount_minor IS NOT NULL GROUP BY r.currency) c;
    IF of_kind = 'release' AND is_as_sent AND alike = '{}' AND coalesce(cardinality(accepted), 0) = 0
        AND policy.single_release <> '{}' THEN
        -- With what the same person has released alone within a day: a sum is not split, not by two at once either.
        PERFORM pg_advisory_xact_lock(hashtextextended('single_release/' || who.person_id, 0));
        is_alone := NOT EXISTS (SELECT FROM unnest(seen) r JOIN sluice.quarantine_record q
                ON q.account_hash = r.account_hash AND q.amount_minor = r.amount_minor AND q.currency = r.currency
            WHERE r.outcome = 'proposed' AND q.business_date >= since AND q.state = 'released')
            AND NOT EXISTS (SELECT FROM jsonb_each_text(sums) s WHERE s.value::numeric
            + coalesce((SELECT sum((p.amounts ->> s.key)::numeric) FROM sluice.proposal p
                WHERE p.maker_person = who.person_id AND p.kind = 'release' AND p.state = 'approved'
                    AND p.approvers_needed = 0 AND p.made_at > clock_timestamp() - interval '1 day'), 0)
            > coalesce((policy.single_release ->> s.key)::numeric, -1));
    END IF;
    needed := CASE WHEN is_alone THEN 0 ELSE sluice.approvers_needed(sums) END;
    IF good > 0 AND NOT is_dry THEN
        made := sluice.put_proposal(who, of_kind, format('%s %s quarantined %s: %s', of_kind, good,
            CASE good WHEN 1 THEN 'record' ELSE 'records' END, (SELECT string_agg(x.batch_id::text, ', ') FROM (
                SELECT DISTINCT r.batch_id FROM unnest(seen) r WHERE r.outcome = 'proposed' ORDER BY 1 LIMIT 5) x)),
            jsonb_build_object('accepted', to_jsonb(coalesce(accepted, '{}')), 'resembling', (SELECT count(*)
                FROM jsonb_object_keys(alike)), 'alike', (SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}')
                FROM (SELECT * FROM jsonb_each(alike) ORDER BY key LIMIT 20) a)), good, sums, given_comment,
            NULL, NULL, needed);
        INSERT INTO sluice.proposal_record (proposal_id, batch_id, line_no, business_date, revision)
            SELECT made, r.batch_id, r.line_no, r.business_date, r.revision FROM unnest(seen) r
            WHERE r.outcome = 'proposed';
        IF needed = 0 THEN
            done := sluice.release_records((SELECT p FROM sluice.proposal p WHERE p.proposal_id = made));
            UPDATE sluice.proposal p SET state = 'approved', ended_at = clock_timestamp(), outcome = done
                WHERE p.proposal_id = made;
        END IF;
        PERFORM sluice.audit(who, CASE needed WHEN 0 THEN of_kind::text ELSE 'propose_' || of_kind END,
            'proposal ' || made, jsonb_build_object('orders', good, 'amounts', sums, 'accepted', accepted,
                'resembling', (SELECT count(*) FROM jsonb_object_keys(alike)), 'outcome', done));
    END IF;
    RETURN QUERY SELECT made, r.batch_id, r.line_no, CASE WHEN r.outcome = 'proposed' AND needed = 0
            THEN coalesce(p.outcome, 'released') ELSE r.outcome END,
        alike ->> (r.batch_id || '-' || r.line_no), r.amount_minor, r.currency
        FROM unnest(seen) r LEFT JOIN sluice.proposal_record p ON p.proposal_id = made AND p.batch_id = r.batch_id
            AND p.line_no = r.line_no ORDER BY r.batch_id, r.line_no;
END
$$;

CREATE FUNCTION sluice.propose_release(
    secret bytea, batches bigint[], lines int[], revisions int[], accepted text[], given_comment text, is_dry boolean)
    RETURNS TABLE (proposal_id bigint, batch_id bigint, line_no int, outcome text, resembles text, amount_minor bigint,
        currency text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM sluice.propose_records(secret, 'release', batches, lines, revisions, accepted, given_comment, is_dry)
$$;
CREATE FUNCTION sluice.propose_rejection(
    secret bytea, batches bigint[], lines int[], revisions int[], given_comment text, is_dry boolean)
    RETURNS TABLE (proposal_id bigint, batch_id bigint, line_no int, outcome text, resembles text, amount_minor bigint,
        currency text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM sluice.propose_records(secret, 'reject', batches, lines, revisions, '{}', given_comment, is_dry)
$$;

-- Locks what the records of a proposal touch, in the order of everybody else: files, numbers, records. Tells how the
-- records stand now.
CREATE FUNCTION sluice.locked_records(of_proposal bigint) RETURNS sluice.releasable_record[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    batches bigint[];
    lines int[];
    revisions int[];
    seen sluice.releasable_record[];
    day date;
BEGIN
    SELECT array_agg(p.batch_id ORDER BY p.batch_id, p.line_no), array_agg(p.line_no ORDER BY p.batch_id, p.line_no),
            array_agg(p.revision ORDER BY p.batch_id, p.line_no) INTO batches, lines, revisions
        FROM sluice.proposal_record p WHERE p.proposal_id = of_proposal;
    PERFORM 1 FROM sluice.batch_file f WHERE f.batch_id IN (SELECT x.b FROM unnest(batches) AS x (b)
            UNION SELECT c.parent_batch_id FROM sluice.batch_file c WHERE c.batch_id = ANY (batches)
                AND c.parent_batch_id IS NOT NULL)
        ORDER BY f.batch_id FOR NO KEY UPDATE;
    SELECT array_agg(r) INTO seen FROM sluice.releasable(batches, lines, revisions, of_proposal) r;
    PERFORM 1 FROM sluice.order_number_registry o JOIN (SELECT r.merchant_id, r.number FROM unnest(seen) r
            UNION SELECT r.merchant_id, r.sent_number FROM unnest(seen) r) n
            ON n.merchant_id = o.merchant_id AND n.number = o.order_no
        ORDER BY o.merchant_id, o.order_no FOR NO KEY UPDATE OF o;
    FOR day IN SELECT DISTINCT r.business_date FROM unnest(seen) r ORDER BY 1 LOOP
        PERFORM 1 FROM sluice.quarantine_record q JOIN unnest(batches, lines) AS n (b, l)
            ON n.b = q.batch_id AND n.l = q.line_no WHERE q.business_date = day
            ORDER BY q.batch_id, q.line_no FOR NO KEY UPDATE OF q;
    END LOOP;
    -- Looked at once more under the locks.
    SELECT array_agg(r) INTO seen FROM sluice.releasable(batches, lines, revisions, of_proposal) r;
    RETURN seen;
END
$$;

-- What became of the records of a proposal, in words; refused where nothing is left to do of it.
CREATE FUNCTION sluice.refuse_empty(asked sluice.proposal, seen sluice.releasable_record[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(seen) r WHERE r.outcome = 'proposed') THEN
        RAISE EXCEPTION 'nothing of proposal % can be done any more: %', asked.proposal_id, (SELECT string_agg(
            c.n || ' ' || c.outcome, ', ' ORDER BY c.outcome) FROM (SELECT r.outcome, count(*) AS n
                FROM unnest(seen) r GROUP BY r.outcome) c)
            USING ERRCODE = 'SL020',
            HINT = 'the records changed since it was made; look at them, and have it proposed anew';
    END IF;
END
$$;

-- Releases what of a proposal can still be released: one supplement a file, whose lines own the numbers from now on.
-- Whole or not at all; the worker makes the orders of it in the next window, by the rules of intake.
CREATE FUNCTION sluice.release_records(asked sluice.proposal) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    seen sluice.releasable_record[] := sluice.locked_records(asked.proposal_id);
    days sluice.live_days;
    day date;
    made jsonb;
    released bigint;
    owned bigint;
    of_day bigint;
    all_days bigint := 0;
    sums jsonb;
BEGIN
    PERFORM sluice.refuse_empty(asked, seen);
    SELECT * INTO days FROM sluice.live_days;
    IF current_date NOT BETWEEN days.oldest AND days.newest THEN
        RAISE EXCEPTION 'today lies outside the live days % to %', days.oldest, days.newest USING ERRCODE = 'SL007',
            HINT = 'nothing was done; run: sluice db partitions';
    END IF;
    SELECT count(*) INTO released FROM unnest(seen) r WHERE r.outcome = 'proposed';
    -- One file an original. It has no bytes of its own: its lines are records that are kept already.
    WITH planned AS (
        SELECT r.root_batch_id, count(*) AS records FROM unnest(seen) r WHERE r.outcome = 'proposed'
        GROUP BY r.root_batch_id
    ), made_files AS (
        INSERT INTO sluice.batch_file (merchant_id, direction, format, file_name, environment, business_date,
                parent_batch_id, proposal_id, content_sha256, content_bytes, part_count, declared_count, declared_sums,
                state, result_due_at)
            SELECT f.merchant_id, f.direction, f.format, left(f.file_name, 220) || '.supplement-' || asked.proposal_id,
                f.environment, current_date, f.batch_id, asked.proposal_id,
                sha256(convert_to('supplement/' || asked.proposal_id || '/' || f.batch_id, 'UTF8')), 0, 0, p.records,
                (SELECT jsonb_object_agg(c.currency, c.sum) FROM (SELECT r.currency, sum(r.amount_minor) AS sum
                    FROM unnest(seen) r WHERE r.outcome = 'proposed' AND r.root_batch_id = f.batch_id
                    GROUP BY r.currency) c),
                'pending', clock_timestamp() + m.result_due_after
            FROM planned p JOIN sluice.batch_file f ON f.batch_id = p.root_batch_id JOIN sluice.merchant m
                USING (merchant_id) ORDER BY f.batch_id
            RETURNING batch_id, parent_batch_id
    )
    SELECT jsonb_object_agg(n.parent_batch_id, n.batch_id) INTO made FROM made_files n;
    INSERT INTO sluice.supplement_record (batch_id, line_no, from_batch_id, from_line_no, from_business_date, revision)
        SELECT (made ->> r.root_batch_id::text)::bigint, row_number() OVER (PARTITION BY r.root_batch_id
            ORDER BY r.batch_id, r.line_no), r.batch_id, r.line_no, r.business_date, r.revision
        FROM unnest(seen) r WHERE r.outcome = 'proposed';
    -- A number that was amended away is free again; the other ones move with their records.
    UPDATE sluice.order_number_registry o SET state = 'void' FROM unnest(seen) r
        WHERE r.outcome = 'proposed' AND r.sent_number IS DISTINCT FROM r.number AND o.merchant_id = r.merchant_id
            AND o.order_no = r.sent_number AND o.batch_id = r.batch_id AND o.line_no = r.line_no;
    WITH moved AS (
        INSERT INTO sluice.order_number_registry AS o (merchant_id, order_no, state, batch_id, line_no)
            SELECT r.merchant_id, r.number, 'quarantine', s.batch_id, s.line_no
            FROM unnest(seen) r JOIN sluice.supplement_record s ON s.from_batch_id = r.batch_id
                AND s.from_line_no = r.line_no WHERE r.outcome = 'proposed' ORDER BY r.merchant_id, r.number
            ON CONFLICT (merchant_id, order_no) DO UPDATE SET state = excluded.state, batch_id = excluded.batch_id,
                    line_no = excluded.line_no
                WHERE o.state = 'void' OR EXISTS (SELECT FROM sluice.supplement_record s
                    WHERE s.batch_id = excluded.batch_id AND s.line_no = excluded.line_no
                        AND s.from_batch_id = o.batch_id AND s.from_line_no = o.line_no)
            RETURNING 1
    )
    SELECT count(*) INTO owned FROM moved;
    IF owned <> released THEN
        RAISE EXCEPTION 'a file took one of the numbers at the same moment' USING ERRCODE = 'SL009',
            HINT = 'nothing was done; approve it again, and that record stays where it is';
    END IF;
    FOR day IN SELECT DISTINCT r.business_date FROM unnest(seen) r WHERE r.outcome = 'proposed' ORDER BY 1 LOOP
        UPDATE sluice.quarantine_record q SET state = 'released', successor_batch_id = s.batch_id,
                successor_line_no = s.line_no, proposal_id = asked.proposal_id
            FROM unnest(seen) r JOIN sluice.supplement_record s ON s.from_batch_id = r.batch_id
                AND s.from_line_no = r.line_no
            WHERE r.outcome = 'proposed' AND r.business_date = day AND q.business_date = day
                AND q.batch_id = r.batch_id AND q.line_no = r.line_no AND q.revision = r.revision
                AND q.state IN ('open', 'amended');
        GET DIAGNOSTICS of_day = ROW_COUNT;
        all_days := all_days + of_day;
    END LOOP;
    IF all_days <> released THEN
        RAISE EXCEPTION 'a record was closed at the same moment' USING ERRCODE = 'SL009',
            HINT = 'nothing was done; approve it again';
    END IF;
    UPDATE sluice.proposal_record p SET outcome = CASE r.outcome WHEN 'proposed' THEN 'released' ELSE r.outcome END,
            successor_batch_id = s.batch_id, successor_line_no = s.line_no
        FROM unnest(seen) r LEFT JOIN sluice.supplement_record s ON s.from_batch_id = r.batch_id
            AND s.from_line_no = r.line_no AND r.outcome = 'proposed'
        WHERE p.proposal_id = asked.proposal_id AND p.batch_id = r.batch_id AND p.line_no = r.line_no;
    INSERT INTO sluice.outbox (topic, batch_id, payload)
        SELECT 'records_released', r.batch_id, jsonb_build_object('proposal_id', asked.proposal_id, 'count', count(*),
            'supplement', made -> r.root_batch_id::text)
        FROM unnest(seen) r WHERE r.outcome = 'proposed' GROUP BY r.batch_id, r.root_batch_id;
    PERFORM sluice.tell_soon(ARRAY(SELECT DISTINCT r.batch_id FROM unnest(seen) r WHERE r.outcome = 'proposed'));
    SELECT coalesce(jsonb_object_agg(c.currency, c.sum), '{}') INTO sums FROM (SELECT r.currency,
        sum(r.amount_minor) AS sum FROM unnest(seen) r WHERE r.outcome = 'proposed' GROUP BY r.currency) c;
    RETURN jsonb_build_object('released', released, 'refused', cardinality(seen) - released, 'orders', released,
        'amounts', sums, 'supplements', (SELECT jsonb_agg(e.value ORDER BY e.value) FROM jsonb_each(made) e));
END
$$;

-- Rejects what of a proposal can still be rejected: the lines fail, and the numbers are free again.
CREATE FUNCTION sluice.reject_records(asked sluice.proposal) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    seen sluice.releasable_record[] := sluice.locked_records(asked.proposal_id);
    day date;
    of_day bigint;
    rejected bigint := 0;
BEGIN
    SELECT array_agg(ROW(r.batch_id, r.line_no, r.business_date, r.revision, CASE WHEN r.outcome IN ('no_number',
        'no_amount', 'number_taken') THEN 'proposed' ELSE r.outcome END, r.origin, r.root_batch_id, r.merchant_id,
        r.sent_number, r.number, r.amount_minor, r.currency, r.account_hash)::sluice.releasable_record)
        INTO seen FROM unnest(seen) r;
    PERFORM sluice.refuse_empty(asked, seen);
    UPDATE sluice.order_number_registry o SET state = 'void' FROM unnest(seen) r
        WHERE r.outcome = 'proposed' AND o.merchant_id = r.merchant_id AND o.order_no = r.sent_number
            AND o.batch_id = r.batch_id AND o.line_no = r.line_no AND o.state = 'quarantine';
    FOR day IN SELECT DISTINCT r.business_date FROM unnest(seen) r WHERE r.outcome = 'proposed' ORDER BY 1 LOOP
        UPDATE sluice.quarantine_record q SET state = 'rejected', closed_code = 'rejected_by_person',
                closed_at = clock_timestamp(), proposal_id = asked.proposal_id
            FROM unnest(seen) r
            WHERE r.outcome = 'proposed' AND r.business_date = day AND q.business_date = day
                AND q.batch_id = r.batch_id AND q.line_no = r.line_no AND q.revision = r.revision
                AND q.state IN ('open', 'amended');
        GET DIAGNOSTICS of_day = ROW_COUNT;
        rejected := rejected + of_day;
    END LOOP;
    IF rejected <> (SELECT count(*) FROM unnest(seen) r WHERE r.outcome = 'proposed') THEN
        RAISE EXCEPTION 'a record was closed at the same moment' USING ERRCODE = 'SL009',
            HINT = 'nothing was done; approve it again';
    END IF;
    UPDATE sluice.proposal_record p SET outcome = CASE r.outcome WHEN 'proposed' THEN 'rejected' ELSE r.outcome END
        FROM unnest(seen) r
        WHERE p.proposal_id = asked.proposal_id AND p.batch_id = r.batch_id AND p.line_no = r.line_no;
    INSERT INTO sluice.outbox (topic, batch_id, payload)
        SELECT 'records_rejected', r.batch_id, jsonb_build_object('proposal_id', asked.proposal_id, 'count', count(*))
        FROM unnest(seen) r WHERE r.outcome = 'proposed' GROUP BY r.batch_id;
    PERFORM sluice.tell_soon(ARRAY(SELECT DISTINCT r.batch_id FROM unnest(seen) r WHERE r.outcome = 'proposed'));
    RETURN jsonb_build_object('rejected', rejected, 'refused', cardinality(seen) - rejected, 'orders', rejected);
END
$$;

-- Counts that a person sees something starred: a record, or an evidence file; raises where that is too often.
CREATE FUNCTION sluice.count_unmasking(who sluice.actor) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most int := (SELECT p.unmask_max FROM sluice.review_policy p);
BEGIN
    -- Two at once do not both see the last place free.
    PERFORM pg_advisory_xact_lock(hashtextextended('unmask/' || who.person_id, 0));
    IF (SELECT count(*) FROM sluice.unmasked u WHERE u.person_id = who.person_id
        AND u.unmasked_at > clock_timestamp() - interval '1 hour') >= most THEN
        RAISE EXCEPTION 'at most % records and evidence files are unmasked in an hour by one person', most
            USING ERRCODE = 'SL018', HINT = 'wait, or have review.unmask_max raised';
    END IF;
    INSERT INTO sluice.unmasked (person_id) VALUES (who.person_id);
    DELETE FROM sluice.unmasked u WHERE u.unmasked_at < clock_timestamp() - interval '1 day';
END
$$;

-- Lets a person see what is starred of a record: with a reason, written down, and not too often. Who reads a book of
-- accounts this way is found in the audit.
CREATE FUNCTION sluice.unmask_record(secret bytea, of_batch bigint, of_line int, given_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'unmask');
BEGIN
    IF coalesce(length(btrim(given_reason)), 0) NOT BETWEEN 1 AND 400 THEN
        RAISE EXCEPTION 'unmasking has a reason of 1 to 400 characters' USING ERRCODE = 'SL005',
            HINT = 'add --reason';
    END IF;
    PERFORM sluice.count_unmasking(who);
    PERFORM sluice.audit(who, 'unmask', of_batch || '-' || of_line, jsonb_build_object('reason', btrim(given_reason)));
    RETURN true;
END
$$;
-- Of the last day, to count by; what was looked at and why stands in the audit.
CREATE TABLE sluice.unmasked (
    unmasked_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES sluice.person,
    unmasked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX unmasked_person ON sluice.unmasked (person_id, unmasked_at);
GRANT SELECT ON sluice.unmasked TO sluice_worker, sluice_archiver;

GRANT EXECUTE ON FUNCTION
    sluice.amend_records(bytea, bigint[], int[], int[], text[], bytea[], int, text[], bigint[], text[], bytea[], text[],
        text),
    sluice.propose_release(bytea, bigint[], int[], int[], text[], text, boolean),
    sluice.propose_rejection(bytea, bigint[], int[], int[], text, boolean),
    sluice.unmask_record(bytea, bigint, int, text)
    TO sluice_worker, sluice_console;

-- Drops the parts of a version that a worker has staged and not lived to finish: those behind the newest version, of a
-- file whose lease is the caller's. Takes the file's lock; tells how many, nothing when the lease is somebody else's or
-- the file gets no version any more. A finished file of which there are news gets one.
CREATE OR REPLACE FUNCTION sluice.drop_staged_result(of_batch bigint, of_epoch bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dropped bigint;
BEGIN
    PERFORM 1 FROM sluice.batch_file f WHERE f.batch_id = of_batch AND f.lease_epoch = of_epoch
        AND (f.state = 'working' OR (f.state = 'refused' AND f.refusal_answered_at IS NULL)
            OR (f.state = 'finished' AND f.news_at IS NOT NULL)) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    DELETE FROM sluice.result_file_part p WHERE p.batch_id = of_batch
        AND p.version > coalesce((SELECT max(r.version) FROM sluice.result_file r WHERE r.batch_id = of_batch), 0);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;

-- Cancels what has no intent yet; tells how many orders. Compare-and-set against a worker that is about to send.
CREATE OR REPLACE FUNCTION sluice.cancel_order(batch_id bigint, line_no int DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    file sluice.batch_file := sluice.receiving_batch_file(batch_id);
    reason text := CASE WHEN EXISTS (SELECT FROM sluice.merchant m WHERE m.merchant_id = file.merchant_id
        AND m.db_role = session_user) THEN 'cancelled_by_merchant' ELSE 'cancelled_by_person' END;
BEGIN
    -- The lines of a supplement are those of a file that was taken: they are never refused, and loaded first.
    IF file.state = 'splitting' OR (file.state IN ('receiving', 'pending', 'held')
        AND (line_no IS NOT NULL OR file.parent_batch_id IS NOT NULL)) THEN
        RAISE EXCEPTION 'batch % is not loaded yet (%)', batch_id, file.state
            USING ERRCODE = 'SL012', HINT = 'nothing was cancelled; call again once it is split';
    END IF;
    IF file.state IN ('receiving', 'pending', 'held') THEN
        -- Not loaded at all: the whole file is refused, and no order of it will ever exist.
        UPDATE sluice.batch_file f SET state = 'refused', verdict = jsonb_build_object('code', reason, 'line', 0,
                'what', 'the file was cancelled before it was loaded', 'mend', 'nothing to do')
            WHERE f.batch_id = cancel_order.batch_id;
        UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = session_user, decision = reason
            WHERE r.batch_id = cancel_order.batch_id AND r.closed_at IS NULL;
        -- Nobody will encrypt what intake has not passed: it goes (R15).
        DELETE FROM sluice.batch_file_part p WHERE p.batch_id = cancel_order.batch_id AND NOT p.is_encrypted;
        RETURN 0;
    END IF;
    RETURN sluice.void_orders(file, CASE WHEN line_no IS NOT NULL THEN ARRAY[line_no] END, reason);
END
$$;

RESET ROLE;

-- Refused files are answered too, where their format has an answer; and who reads of a returned order reads why.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- When it was settled how a refused file is answered: by a result file, or by none. Files that were refused before are
-- not answered now, when nobody waits for it any more.
ALTER TABLE sluice.batch_file ADD COLUMN refusal_answered_at timestamptz;
UPDATE sluice.batch_file SET refusal_answered_at = now() WHERE state = 'refused';
CREATE INDEX batch_file_unanswered ON sluice.batch_file (due_at, batch_id)
    WHERE state = 'refused' AND refusal_answered_at IS NULL AND part_count IS NOT NULL;
GRANT UPDATE (refusal_answered_at) ON sluice.batch_file TO sluice_worker;
-- For what a file was held is looked for when a person has refused it.
CREATE INDEX review_item_file_held ON sluice.review_item (batch_id, item_id) WHERE cause = 'file_held';

-- Drops the parts of a version that a worker has staged and not lived to finish: those behind the newest version, of a
-- file whose lease is the caller's. Takes the file's lock; tells how many, nothing when the lease is somebody else's or
-- the file gets no version any more.
CREATE OR REPLACE FUNCTION sluice.drop_staged_result(of_batch bigint, of_epoch bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dropped bigint;
BEGIN
    PERFORM 1 FROM sluice.batch_file f WHERE f.batch_id = of_batch AND f.lease_epoch = of_epoch
        AND (f.state = 'working' OR (f.state = 'refused' AND f.refusal_answered_at IS NULL)) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    DELETE FROM sluice.result_file_part p WHERE p.batch_id = of_batch
        AND p.version > coalesce((SELECT max(r.version) FROM sluice.result_file r WHERE r.batch_id = of_batch), 0);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;

-- Why an order came back, not the code of its earlier success: that of the last return that has one.
CREATE OR REPLACE VIEW sluice.my_order_result WITH (security_barrier) AS
    SELECT o.batch_id, o.line_no, o.merchant_order_no, o.amount_minor, o.currency, o.state, o.cause,
        CASE WHEN o.state = 'returned' THEN (SELECT p.code FROM sluice.payment_return p
            WHERE p.batch_id = o.batch_id AND p.line_no = o.line_no
            ORDER BY p.code IS NULL, p.returned_at DESC, p.return_reference DESC LIMIT 1) ELSE o.code END AS code,
        o.decided_at, EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id AND r.line_no = o.line_no
            AND r.cause = 'contradiction' AND r.closed_at IS NULL) AS is_under_review
    FROM sluice.all_payment_order o
    JOIN sluice.batch_file f ON f.batch_id = o.batch_id AND f.business_date = o.business_date
    JOIN sluice.merchant m ON m.merchant_id = f.merchant_id
    WHERE m.db_role = session_user;

RESET ROLE;

-- Next attempts, orders that wait for planning, holds on accounts at risk, and the sweeper's bookkeeping.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- Ready orders of planned files that stand in no chunk: their next attempt, released ones, ones that the sweeper found.
CREATE TABLE sluice.order_to_plan (
    batch_id bigint NOT NULL,
    business_date date NOT NULL,
    line_no int NOT NULL,
    -- A limit may forbid an earlier attempt.
    not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, line_no)
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX order_to_plan_due ON sluice.order_to_plan (not_before);

-- Money may be at risk: an answer contradicted a final state. New orders to the same account and amount are held until
-- a person has closed the review item (R8).
CREATE TABLE sluice.account_at_risk (
    account_hash bytea NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    batch_id bigint NOT NULL,
    business_date date NOT NULL,
    line_no int NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_hash, amount_minor, currency, batch_id, line_no)
);

-- When the sweeper last looked through the file.
ALTER TABLE sluice.batch_file ADD COLUMN swept_at timestamptz;

-- When the last look at the file's results began, whether it found something new or not.
ALTER TABLE sluice.batch_file ADD COLUMN result_seen_at timestamptz;

GRANT SELECT, INSERT, DELETE ON sluice.order_to_plan TO sluice_worker;
GRANT SELECT, INSERT ON sluice.account_at_risk TO sluice_worker;
GRANT SELECT ON sluice.order_to_plan TO sluice_reader, sluice_console, sluice_archiver;
-- Hashes of accounts are of use to the engine only.
GRANT SELECT ON sluice.account_at_risk TO sluice_archiver;
-- What is counted again says its newest figures.
GRANT UPDATE (message) ON sluice.alarm TO sluice_worker;
GRANT UPDATE (swept_at, result_seen_at) ON sluice.batch_file TO sluice_worker;

-- A final state that an answer contradicted is said with that: do not resubmit (R8).
CREATE OR REPLACE VIEW sluice.my_order_result WITH (security_barrier) AS
    SELECT o.batch_id, o.line_no, o.merchant_order_no, o.amount_minor, o.currency, o.state, o.cause, o.code,
        o.decided_at, EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id AND r.line_no = o.line_no
            AND r.cause = 'contradiction' AND r.closed_at IS NULL) AS is_under_review
    FROM sluice.all_payment_order o
    JOIN sluice.batch_file f ON f.batch_id = o.batch_id AND f.business_date = o.business_date
    JOIN sluice.merchant m ON m.merchant_id = f.merchant_id
    WHERE m.db_role = session_user;

RESET ROLE;

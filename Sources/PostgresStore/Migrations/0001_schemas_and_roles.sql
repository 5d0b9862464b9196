-- Schemas, roles and the values that every table speaks in.
-- Roles are of the whole cluster: other databases of it may have made them already.
SET LOCAL lock_timeout = '2s';

SELECT pg_advisory_xact_lock(hashtext('sluice.roles'));

DO $$
DECLARE
    role_name text;
BEGIN
    -- Advisory locks are of one database, roles of the cluster: another database's migration may be faster.
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_owner') THEN
            CREATE ROLE sluice_owner NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    -- Without a password nobody can log in over a network; how they may is for pg_hba.conf to say.
    FOREACH role_name IN ARRAY ARRAY['sluice_worker', 'sluice_console', 'sluice_archiver', 'sluice_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I LOGIN', role_name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
    -- A group: each merchant's own login is a member and is named in `merchant.db_role`.
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_merchant') THEN
            CREATE ROLE sluice_merchant NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
END
$$;

-- Time-outs by role, because a SET of the session does not survive a pooler in transaction mode.
ALTER ROLE sluice_worker SET statement_timeout = '60s';
ALTER ROLE sluice_worker SET lock_timeout = '5s';
ALTER ROLE sluice_worker SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE sluice_console SET statement_timeout = '15s';
ALTER ROLE sluice_console SET lock_timeout = '2s';
ALTER ROLE sluice_console SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE sluice_reader SET statement_timeout = '60s';
ALTER ROLE sluice_reader SET default_transaction_read_only = on;
ALTER ROLE sluice_archiver SET lock_timeout = '1s';

CREATE SCHEMA sluice AUTHORIZATION sluice_owner;
CREATE SCHEMA history AUTHORIZATION sluice_owner;
REVOKE ALL ON SCHEMA sluice, history FROM PUBLIC;
GRANT USAGE ON SCHEMA sluice TO sluice_worker, sluice_console, sluice_archiver, sluice_reader, sluice_merchant;
GRANT USAGE ON SCHEMA history TO sluice_worker, sluice_console, sluice_archiver, sluice_reader;

SET LOCAL ROLE sluice_owner;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE TYPE sluice.environment_class AS ENUM ('production', 'test');
CREATE TYPE sluice.direction AS ENUM ('withhold', 'payout');
CREATE TYPE sluice.order_state AS ENUM (
    'held', 'ready', 'submitting', 'processing', 'unknown', 'succeeded', 'failed', 'returned', 'cancelled');
CREATE TYPE sluice.failure_cause AS ENUM ('customer', 'channel', 'system', 'data', 'limit');
CREATE TYPE sluice.batch_file_state AS ENUM (
    'receiving', 'pending', 'held', 'splitting', 'split', 'working', 'finished', 'refused');
CREATE TYPE sluice.quarantine_state AS ENUM ('open', 'amended', 'released', 'rejected');
CREATE TYPE sluice.quarantine_origin AS ENUM ('intake', 'failed_order');
CREATE TYPE sluice.registry_state AS ENUM ('order', 'quarantine', 'void');
CREATE TYPE sluice.submission_phase AS ENUM ('intended', 'sent', 'taken', 'settled', 'unknown', 'refused');
CREATE TYPE sluice.call_kind AS ENUM ('send', 'query');
CREATE TYPE sluice.call_outcome AS ENUM ('not_sent', 'unknown', 'answered');
CREATE TYPE sluice.chunk_kind AS ENUM ('submit', 'send', 'query');
CREATE TYPE sluice.lane AS ENUM ('submit', 'query');
CREATE TYPE sluice.channel_state AS ENUM ('running', 'paused');
CREATE TYPE sluice.run_state AS ENUM ('running', 'done', 'failed');

-- Which deployment this database belongs to (R13); stamped once, by `sluice db migrate`.
CREATE TABLE sluice.environment (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    name text NOT NULL CHECK (name ~ '^[a-z0-9-]{1,40}$'),
    class sluice.environment_class NOT NULL,
    stamped_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The legal moves of an order; the same table as in PaymentCore, and the trigger on payment_order repeats it.
CREATE TABLE sluice.order_transition (
    from_state sluice.order_state NOT NULL,
    to_state sluice.order_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO sluice.order_transition (from_state, to_state) VALUES
    ('held', 'ready'), ('held', 'cancelled'), ('ready', 'cancelled'), ('ready', 'submitting'),
    ('submitting', 'ready'), ('submitting', 'processing'), ('submitting', 'unknown'),
    ('submitting', 'succeeded'), ('submitting', 'failed'),
    ('processing', 'ready'), ('processing', 'unknown'), ('processing', 'succeeded'), ('processing', 'failed'),
    ('unknown', 'ready'), ('unknown', 'processing'), ('unknown', 'succeeded'), ('unknown', 'failed'),
    ('succeeded', 'returned');

CREATE TABLE sluice.merchant (
    merchant_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_no text NOT NULL UNIQUE CHECK (merchant_no ~ '^[A-Za-z0-9_-]{1,40}$'),
    title text NOT NULL,
    -- The login that may submit this merchant's files; null: only our own commands may.
    db_role text UNIQUE,
    -- How long after a file's arrival its first result file is due.
    result_due_after interval NOT NULL DEFAULT '1 day',
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

RESET ROLE;

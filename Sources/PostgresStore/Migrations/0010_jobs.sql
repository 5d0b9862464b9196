-- Windows of jobs: what was missed, what is caught up.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- A window that passed without a run, and that nobody will run any more.
ALTER TYPE sluice.run_state ADD VALUE 'skipped';

-- Since when a job has had these windows: what lies before was not missed.
CREATE TABLE sluice.job (
    job text PRIMARY KEY,
    schedule text NOT NULL,
    known_since timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT ON sluice.job TO sluice_worker, sluice_archiver, sluice_reader, sluice_console;
GRANT INSERT, UPDATE (schedule, known_since) ON sluice.job TO sluice_worker;

RESET ROLE;

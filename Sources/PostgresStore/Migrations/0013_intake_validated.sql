-- The checks that came with intake, for the rows that were there before: read under a lock that lets everybody work.
-- Each partition is validated with its table, so that it can be detached here and attached to the history.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

ALTER TABLE sluice.quarantine_record VALIDATE CONSTRAINT quarantine_record_closed_code;
ALTER TABLE sluice.quarantine_record VALIDATE CONSTRAINT quarantine_record_closed;
ALTER TABLE history.quarantine_record VALIDATE CONSTRAINT quarantine_record_closed_code;
ALTER TABLE history.quarantine_record VALIDATE CONSTRAINT quarantine_record_closed;

RESET ROLE;

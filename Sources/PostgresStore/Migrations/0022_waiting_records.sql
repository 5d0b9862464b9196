-- Indexes of what waits, apart from the migration before: that one locks everybody out for a moment, this one keeps
-- writers out while it reads, and readers never.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- What waits is listed and amended by rule, whatever its age, without a look at what was decided long ago. In history
-- nothing waits; there it is so that the shapes are the same.
CREATE INDEX quarantine_record_waiting ON sluice.quarantine_record (batch_id, line_no)
    WHERE state IN ('open', 'amended');
CREATE INDEX quarantine_record_waiting ON history.quarantine_record (batch_id, line_no)
    WHERE state IN ('open', 'amended');
-- Finished files of which there is something new to tell: few.
CREATE INDEX batch_file_news ON sluice.batch_file (due_at, batch_id) WHERE state = 'finished' AND news_at IS NOT NULL;

RESET ROLE;

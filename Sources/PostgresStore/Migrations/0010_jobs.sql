-- Windows of jobs: what was missed, what is caught up.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

RESET ROLE;

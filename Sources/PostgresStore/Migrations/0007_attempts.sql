-- Next attempts, orders that wait for planning, holds on accounts at risk, and the sweeper's bookkeeping.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

RESET ROLE;

-- What operations need: delivery of alarms, the connection budget.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

RESET ROLE;

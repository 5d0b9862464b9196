-- Ceilings, held orders, and the decisions that people take.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

RESET ROLE;

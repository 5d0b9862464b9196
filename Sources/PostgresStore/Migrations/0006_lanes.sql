-- Lanes: pace, health and pauses of a channel's two work queues, taken into account inside the claim.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

RESET ROLE;

-- What one person does alone, in their own name: lanes are paused and resumed, alarms acknowledged, orders without an
-- intent cancelled. Each takes the secret of a session and writes the audit chain; without one nobody does it any more.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

INSERT INTO sluice.role_action (role, action) VALUES ('reviewer', 'cancel'), ('approver', 'cancel');

DROP FUNCTION sluice.pause_channel(text, text, text);
DROP FUNCTION sluice.resume_channel(text, text);
DROP FUNCTION sluice.acknowledge_alarms(bigint[], text);
-- A merchant cancels its own orders by this one; whoever works here does it by `cancel_orders`.
REVOKE EXECUTE ON FUNCTION sluice.cancel_order(bigint, int) FROM sluice_worker, sluice_console;

-- Pauses lanes of a channel: nothing more is claimed of them; calls under way end. A lane that is paused stays paused
-- by whom it was. Tells how many were paused now.
CREATE FUNCTION sluice.pause_channel(secret bytea, wanted_channel text, wanted_lane text, given_reason text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'operate');
    named sluice.lane[] := sluice.named_lanes(wanted_channel, wanted_lane);
    paused sluice.lane[];
BEGIN
    IF coalesce(length(btrim(given_reason)), 0) NOT BETWEEN 1 AND 200 OR given_reason ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'a pause needs a reason of 1 to 200 characters, in a line' USING ERRCODE = 'SL005',
            HINT = 'say what happened and who may resume the lane';
    END IF;
    WITH moved AS (
        UPDATE sluice.channel_lane l SET paused_at = clock_timestamp(), paused_by = who.login,
                pause_reason = btrim(given_reason)
            WHERE l.channel = wanted_channel AND l.lane = ANY (named) AND l.paused_at IS NULL RETURNING l.lane)
    SELECT array_agg(m.lane ORDER BY m.lane) INTO paused FROM moved m;
    IF paused IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM sluice.audit(who, 'pause_channel', 'channel ' || wanted_channel,
        jsonb_build_object('lanes', to_jsonb(paused), 'reason', btrim(given_reason)));
    RETURN cardinality(paused);
END
$$;

-- Lets paused lanes of a channel work again. Tells how many were resumed.
CREATE FUNCTION sluice.resume_channel(secret bytea, wanted_channel text, wanted_lane text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'operate');
    named sluice.lane[] := sluice.named_lanes(wanted_channel, wanted_lane);
    resumed sluice.lane[];
BEGIN
    WITH moved AS (
        UPDATE sluice.channel_lane l SET paused_at = NULL, paused_by = NULL, pause_reason = NULL
            WHERE l.channel = wanted_channel AND l.lane = ANY (named) AND l.paused_at IS NOT NULL RETURNING l.lane)
    SELECT array_agg(m.lane ORDER BY m.lane) INTO resumed FROM moved m;
    IF resumed IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM sluice.audit(who, 'resume_channel', 'channel ' || wanted_channel,
        jsonb_build_object('lanes', to_jsonb(resumed)));
    RETURN cardinality(resumed);
END
$$;

-- A person has learnt of these alarms: a cause that comes again makes a new one. Answers the ids that were open; an id
-- that no alarm has is refused.
CREATE FUNCTION sluice.acknowledge_alarms(secret bytea, alarm_ids bigint[], note text) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'operate');
    stray bigint;
    done bigint[];
BEGIN
    IF note IS NULL OR length(note) NOT BETWEEN 1 AND 400 THEN
        RAISE EXCEPTION 'an acknowledgement has a note of 1 to 400 characters' USING ERRCODE = 'SL005',
            HINT = 'say what was done about it';
    END IF;
    IF cardinality(alarm_ids) > 1000 THEN
        RAISE EXCEPTION 'at most 1000 alarms are acknowledged at once' USING ERRCODE = 'SL005',
            HINT = 'name fewer';
    END IF;
    SELECT x.id INTO stray FROM unnest(alarm_ids) AS x (id)
        WHERE NOT EXISTS (SELECT FROM sluice.alarm a WHERE a.alarm_id = x.id) ORDER BY x.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no alarm %', stray USING ERRCODE = 'SL001', HINT = 'look at: sluice alarm list';
    END IF;
    -- In the order in which whoever raises several takes them.
    PERFORM FROM sluice.alarm a WHERE a.alarm_id = ANY (alarm_ids) AND a.acknowledged_at IS NULL
        ORDER BY a.cause_key FOR NO KEY UPDATE;
    WITH told AS (
        UPDATE sluice.alarm a SET acknowledged_at = clock_timestamp(), acknowledged_by = who.login,
                acknowledged_note = note
            WHERE a.alarm_id = ANY (alarm_ids) AND a.acknowledged_at IS NULL RETURNING a.alarm_id)
    SELECT array_agg(t.alarm_id ORDER BY t.alarm_id) INTO done FROM told t;
    IF done IS NULL THEN
        RETURN;
    END IF;
    PERFORM sluice.audit(who, 'acknowledge', 'alarm ' || array_to_string(done, ', '),
        jsonb_build_object('alarms', to_jsonb(done), 'note', note));
    RETURN QUERY SELECT unnest(done);
END
$$;

-- Cancels in a person's name what has no intent yet: a line, or all of a file. Tells how many orders.
CREATE FUNCTION sluice.cancel_orders(secret bytea, of_batch bigint, of_line int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'cancel');
    began timestamptz;
    file sluice.batch_file;
    is_whole boolean;
    cancelled bigint;
    told bigint;
    sums jsonb;
BEGIN
    -- From here on no other one cancels orders of this file: what is summed up below is what is cancelled here.
    SELECT * INTO file FROM sluice.batch_file f WHERE f.batch_id = of_batch FOR NO KEY UPDATE;
    began := clock_timestamp();
    cancelled := sluice.cancel_order(of_batch, of_line);
    is_whole := file.state IN ('receiving', 'pending', 'held');
    IF cancelled = 0 AND NOT is_whole THEN
        RETURN 0;
    END IF;
    -- Of a file that is not loaded its sums are known once it was read.
    SELECT coalesce(sum(c.orders), 0), coalesce(jsonb_object_agg(c.currency, c.sum), '{}') INTO told, sums FROM (
        SELECT s.currency, s.orders, s.amount_minor::text AS sum FROM sluice.batch_file_sum s
        WHERE is_whole AND s.batch_id = of_batch
        UNION ALL
        SELECT o.currency, count(*), sum(o.amount_minor)::text FROM sluice.payment_order o
        WHERE NOT is_whole AND o.batch_id = of_batch AND o.business_date = file.business_date
            AND (of_line IS NULL OR o.line_no = of_line) AND o.state = 'cancelled' AND o.decided_at >= began
        GROUP BY o.currency) c;
    -- The function above knows the database role only.
    UPDATE sluice.review_item r SET closed_by = who.login WHERE r.batch_id = of_batch AND r.closed_at >= began
        AND r.decision = 'cancelled_by_person';
    PERFORM sluice.audit(who, 'cancel', CASE WHEN of_line IS NULL THEN 'batch ' || of_batch
        ELSE of_batch || '-' || of_line END,
        jsonb_build_object('orders', told, 'amounts', sums, 'whole_file', is_whole));
    RETURN cancelled;
END
$$;

-- Raises unless whoever this secret is of may do it: for what a program looks at by itself before something is done.
CREATE FUNCTION sluice.require_action(secret bytea, wanted_action text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sluice.authorise(secret, wanted_action);
END
$$;

GRANT EXECUTE ON FUNCTION sluice.require_action(bytea, text), sluice.pause_channel(bytea, text, text, text),
    sluice.resume_channel(bytea, text, text), sluice.acknowledge_alarms(bytea, bigint[], text),
    sluice.cancel_orders(bytea, bigint, int) TO sluice_worker, sluice_console;

-- What keeps rows from leaving the live tables, or lets them leave again, is a decision too. Archiving goes by database
-- role: the row knows that one only.
CREATE OR REPLACE FUNCTION sluice.stop_archiving(why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO sluice.archive_stop (reason) VALUES (why) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM sluice.audit(NULL, 'stop_archiving', 'archive', jsonb_build_object('reason', why));
    RETURN true;
END
$$;
CREATE OR REPLACE FUNCTION sluice.resume_archiving() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    why text;
BEGIN
    DELETE FROM sluice.archive_stop s RETURNING s.reason INTO why;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM sluice.audit(NULL, 'resume_archiving', 'archive', jsonb_build_object('was', why));
    RETURN true;
END
$$;
CREATE OR REPLACE FUNCTION sluice.place_hold(of_merchant int, of_batch bigint, of_line int, of_day date, why text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    placed bigint;
BEGIN
    -- Waits for the step under way; a count that did not know of it is done again.
    UPDATE sluice.archive_lease l SET hold_version = l.hold_version + 1;
    INSERT INTO sluice.legal_hold (merchant_id, batch_id, line_no, day, reason)
        VALUES (of_merchant, of_batch, of_line, of_day, why) ON CONFLICT DO NOTHING RETURNING hold_id INTO placed;
    IF placed IS NULL THEN
        SELECT h.hold_id INTO STRICT placed FROM sluice.legal_hold h WHERE h.lifted_at IS NULL
            AND (h.merchant_id, h.batch_id, h.line_no, h.day)
                IS NOT DISTINCT FROM (of_merchant, of_batch, of_line, of_day);
        RETURN placed;
    END IF;
    PERFORM sluice.audit(NULL, 'place_hold', 'hold ' || placed, jsonb_strip_nulls(jsonb_build_object(
        'merchant', (SELECT m.merchant_no FROM sluice.merchant m WHERE m.merchant_id = of_merchant),
        'batch', of_batch, 'line', of_line, 'day', of_day, 'reason', why)));
    RETURN placed;
END
$$;
CREATE OR REPLACE FUNCTION sluice.lift_hold(of_hold bigint, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE sluice.legal_hold h SET lifted_at = clock_timestamp(), lifted_by = session_user, lift_reason = why
        WHERE h.hold_id = of_hold AND h.lifted_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM sluice.audit(NULL, 'lift_hold', 'hold ' || of_hold, jsonb_build_object('reason', why));
    RETURN true;
END
$$;

-- Evidence of a return comes from a channel's statement, which the engine reads; not from a console.
REVOKE EXECUTE ON FUNCTION sluice.record_return(text, text, bigint, int, bigint, text, text, timestamptz)
    FROM sluice_console;

-- Moves that only people and merchants make, by the functions of the owner: held orders and files go on, what has no
-- intent is cancelled, money comes back. No program makes them by itself.
CREATE OR REPLACE FUNCTION sluice.refuse_order_move() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (OLD.state, NEW.state) IN (('held', 'ready'), ('held', 'cancelled'), ('ready', 'cancelled'),
        ('succeeded', 'returned')) THEN
        IF pg_has_role(current_user, 'sluice_owner', 'MEMBER') THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'order %-% moves from % to % by a decision only', OLD.batch_id, OLD.line_no, OLD.state,
            NEW.state USING ERRCODE = 'SL010', HINT = 'look at: sluice review list';
    END IF;
    RAISE EXCEPTION 'order %-% cannot move from % to %', OLD.batch_id, OLD.line_no, OLD.state, NEW.state
        USING ERRCODE = 'SL010', HINT = 'legal moves are listed in sluice.order_transition';
END
$$;
DROP TRIGGER payment_order_move ON sluice.payment_order;
CREATE TRIGGER payment_order_move BEFORE UPDATE OF state ON sluice.payment_order FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('ready', 'submitting'), ('submitting', 'ready'), ('submitting', 'processing'), ('submitting', 'unknown'),
        ('submitting', 'succeeded'), ('submitting', 'failed'),
        ('processing', 'ready'), ('processing', 'unknown'), ('processing', 'succeeded'), ('processing', 'failed'),
        ('unknown', 'ready'), ('unknown', 'processing'), ('unknown', 'succeeded'), ('unknown', 'failed')))
    EXECUTE FUNCTION sluice.refuse_order_move();
CREATE FUNCTION sluice.refuse_file_move() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_has_role(current_user, 'sluice_owner', 'MEMBER') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'batch % is held: only a decision moves it', OLD.batch_id
        USING ERRCODE = 'SL010', HINT = 'look at: sluice review list';
END
$$;
CREATE TRIGGER batch_file_held BEFORE UPDATE OF state ON sluice.batch_file FOR EACH ROW
    WHEN (OLD.state = 'held' AND NEW.state <> 'held') EXECUTE FUNCTION sluice.refuse_file_move();

RESET ROLE;

import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// Lets a call's end tell on its lane: breaker and pace, in the transaction that records the end.
    ///
    /// An answer on a healthy lane, which is nearly every call, finds no row here and writes none.
    func note(_ change: SubmissionChange, _ transaction: PostgresTransaction) throws {
        guard let ended = change.endedCall,
            let signal = LaneSignal(ended.outcome, slowFor: change.slowLaneFor)
        else { return }
        let chunk = change.chunk
        let lane = chunk.kind.lane
        let rows = try transaction.query(
            """
            SELECT \(Self.healthColumns), now() FROM sluice.channel_lane l WHERE l.channel = $1
                AND l.lane = '\(lane.rawValue)'
                AND NOT ($2 AND l.breaker = 'closed' AND l.failures = 0 AND l.slow_interval_us IS NULL)
            FOR NO KEY UPDATE
            """,
            [.text(chunk.channel.value), .bool(signal == .answered)]
        )
        guard let row = rows.first else { return }
        let (rules, before) = try Self.health(row)
        var health = before
        let hasOpened = health.take(signal, of: chunk.chunkIdentifier, rules: rules, now: try row.timestamp(11))
        guard health != before else { return }
        try write(health, channel: chunk.channel, lane: lane, transaction)
        guard hasOpened else { return }
        try insert(
            [
                RaisedAlarm(
                    kind: .laneOpen,
                    channel: chunk.channel,
                    code: lane.rawValue,
                    message: AlarmKind.laneOpen.message(channel: chunk.channel, code: lane.rawValue)
                )
            ],
            transaction
        )
    }

    /// What `health(_:)` reads, from column 0; the table is `l`.
    static let healthColumns = """
        l.call_interval_us, l.breaker_failures, l.breaker_open_us, l.breaker_open_max_us, l.breaker, l.failures,
            l.times_opened, l.open_until, l.probe_chunk_id, l.slow_until, l.slow_interval_us
        """

    static func health(_ row: PostgresRow) throws -> (rules: LaneRules, health: LaneHealth) {
        let rules = LaneRules(
            interval: TimeSpan(microseconds: try row.int64(0)),
            breaker: LaneRules.Breaker(
                failures: try row.int32(1),
                open: TimeSpan(microseconds: try row.int64(2)),
                openMax: TimeSpan(microseconds: try row.int64(3))
            )
        )
        let breaker: LaneHealth.Breaker =
            switch try row.text(4) {
            case "closed": .closed(failures: try row.int32(5))
            case "open": .open(until: try row.timestamp(7), times: try row.int32(6))
            case "half_open":
                .halfOpen(probe: try row.int64(8), until: try row.timestamp(7), times: try row.int32(6))
            case let word: throw StoreDefect("unexpected word \(word) for a breaker")
            }
        let health = LaneHealth(
            breaker: breaker,
            slowUntil: try row.optionalTimestamp(9),
            slowInterval: try row.optionalInt64(10).map { TimeSpan(microseconds: $0) }
        )
        return (rules, health)
    }

    private func write(
        _ health: LaneHealth,
        channel: ChannelName,
        lane: Lane,
        _ transaction: PostgresTransaction
    ) throws {
        let breaker: (word: String, failures: Int32, times: Int32, until: Timestamp?, probe: Int64?) =
            switch health.breaker {
            case .closed(let failures): ("closed", failures, 0, nil, nil)
            case .open(let until, let times): ("open", 0, times, until, nil)
            case .halfOpen(let probe, let until, let times): ("half_open", 0, times, until, probe)
            }
        _ = try transaction.execute(
            """
            UPDATE sluice.channel_lane SET breaker = $2::sluice.breaker_state, failures = $3, times_opened = $4,
                open_until = $5, probe_chunk_id = $6, slow_until = $7, slow_interval_us = $8
            WHERE channel = $1 AND lane = '\(lane.rawValue)'
            """,
            [
                .text(channel.value), .text(breaker.word), .int32(breaker.failures), .int32(breaker.times),
                .optional(breaker.until), .optionalInt64(breaker.probe), .optional(health.slowUntil),
                .optionalInt64(health.slowInterval?.microseconds),
            ]
        )
    }
}

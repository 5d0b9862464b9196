package import PaymentCore
package import Store
import Synchronization

/// The alarms of a store in memory; what holds for it and PostgreSQL is said, and tested, by `AlarmStoreContract`.
package final class InMemoryAlarms: AlarmStore, AlarmDeliveryStore, AlarmDeskStore {
    private struct Entry {
        var causeKey: String
        var row: AlarmRow
        var nextDeliveryAt: Timestamp
    }

    /// Refused as the database refuses it: no alarm has this number.
    package struct NoSuchAlarm: Error, Hashable {
        package let identifier: AlarmIdentifier
    }

    /// Whoever asks, in memory.
    package static let anybody: SessionSecret = {
        guard let secret = SessionSecret(bytes: [UInt8](repeating: 1, count: 32)) else {
            preconditionFailure("a secret has 32 bytes")
        }
        return secret
    }()

    private let clock: ManualClock
    private let entries = Mutex<[Entry]>([])

    package init(clock: ManualClock) { self.clock = clock }

    package func raise(_ alarms: [RaisedAlarm]) async throws {
        let now = clock.now
        entries.withLock { entries in
            for alarm in alarms {
                let open = entries.firstIndex {
                    $0.causeKey == alarm.causeKey && $0.row.acknowledgement == nil
                }
                let earlier = open.map { entries[$0].row }
                var row = AlarmRow(
                    identifier: earlier?.identifier ?? AlarmIdentifier(Int64(entries.count + 1)),
                    kind: earlier?.kind ?? alarm.kind.rawValue,
                    code: earlier?.code ?? alarm.code,
                    message: earlier?.message ?? alarm.message,
                    occurrences: (earlier?.occurrences ?? 0) + 1,
                    firstAt: earlier?.firstAt ?? now,
                    lastAt: now
                )
                row.channel = alarm.channel
                row.batch = alarm.batch
                guard let open, let earlier else {
                    entries.append(Entry(causeKey: alarm.causeKey, row: row, nextDeliveryAt: now))
                    continue
                }
                row.deliveryAttempts = earlier.deliveryAttempts
                row.deliveredTo = earlier.deliveredTo
                row.deliveredAt = earlier.deliveredAt
                row.deliveryFailure = earlier.deliveryFailure
                entries[open].row = row
            }
        }
    }

    package func claimAlarms(limit: Int, lease: TimeSpan) async throws -> [AlarmToDeliver] {
        precondition((1...100).contains(limit) && lease > .zero, "a claim is bounded")
        let now = clock.now
        return entries.withLock { entries in
            let due = entries.indices.filter {
                entries[$0].row.deliveredTo == nil && entries[$0].row.acknowledgement == nil
                    && entries[$0].nextDeliveryAt <= now
            }
            let first = due.sorted {
                (entries[$0].nextDeliveryAt, entries[$0].row.identifier)
                    < (entries[$1].nextDeliveryAt, entries[$1].row.identifier)
            }.prefix(limit)
            return first.sorted().map { index in
                entries[index].row.deliveryAttempts += 1
                entries[index].nextDeliveryAt = now.advanced(by: lease)
                let row = entries[index].row
                var alarm = AlarmToDeliver(
                    identifier: row.identifier,
                    kind: row.kind,
                    code: row.code,
                    message: row.message,
                    occurrences: row.occurrences,
                    firstAt: row.firstAt,
                    lastAt: row.lastAt,
                    attempt: row.deliveryAttempts
                )
                alarm.channel = row.channel
                alarm.batch = row.batch
                return alarm
            }
        }
    }

    package func recordDelivery(_ delivery: AlarmDelivery, of alarm: AlarmToDeliver) async throws -> Bool {
        let now = clock.now
        return entries.withLock { entries in
            let index = entries.firstIndex {
                $0.row.identifier == alarm.identifier && $0.row.deliveryAttempts == alarm.attempt
                    && $0.row.deliveredTo == nil
            }
            guard let index else { return false }
            switch delivery {
            case .delivered(let sink):
                entries[index].row.deliveredTo = sink
                entries[index].row.deliveredAt = now
                entries[index].row.deliveryFailure = nil
            case .failed(let reason, let retryAfter):
                entries[index].row.deliveryFailure = reason
                entries[index].nextDeliveryAt = now.advanced(by: retryAfter)
            }
            return true
        }
    }

    package func alarms(_ filter: AlarmFilter) async throws -> [AlarmRow] {
        entries.withLock { entries in
            Array(
                entries.map(\.row).filter { filter.includesAcknowledged || $0.acknowledgement == nil }
                    .sorted { ($0.lastAt, $0.identifier) > ($1.lastAt, $1.identifier) }.prefix(filter.limit)
            )
        }
    }

    /// Anybody may who has a session.
    package func acknowledgeAlarms(
        _ alarms: [AlarmIdentifier],
        note: String,
        by person: SessionSecret,
        isDry: Bool
    ) async throws -> [AlarmIdentifier] {
        let now = clock.now
        return try entries.withLock { entries in
            for alarm in alarms where !entries.contains(where: { $0.row.identifier == alarm }) {
                throw NoSuchAlarm(identifier: alarm)
            }
            let open = entries.indices.filter {
                alarms.contains(entries[$0].row.identifier) && entries[$0].row.acknowledgement == nil
            }
            if isDry { return open.map { entries[$0].row.identifier } }
            for index in open {
                entries[index].row.acknowledgement = AlarmRow.Acknowledgement(at: now, by: "memory", note: note)
            }
            return open.map { entries[$0].row.identifier }
        }
    }
}

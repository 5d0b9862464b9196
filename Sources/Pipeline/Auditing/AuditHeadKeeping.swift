import PaymentCore
package import Store

/// Writes the head of the audit chain outside of the database, at most once a day, and looks whether the one written
/// last still stands.
package struct AuditHeadKeeping: Sendable {
    /// What became of it.
    package enum Outcome: Sendable, Hashable {
        /// A head of this day is written already, or there is no row yet.
        case nothingToDo
        case written(AuditHead)
        /// The head written last is in the chain no more; nothing was written.
        case broken(AuditHead)
    }

    private let store: any AuditStore
    private let heads: any AuditHeads

    package init(store: any AuditStore, heads: any AuditHeads) { (self.store, self.heads) = (store, heads) }

    /// Writes the head if none of this day is written; `force`: writes it all the same.
    package func keep(force: Bool = false) async throws -> Outcome {
        let end = try await store.auditEnd()
        let last = try heads.lastWritten()
        // Whoever wrote the chain anew is not confirmed by a head of ours.
        if let head = last?.head {
            let hash = try await store.auditHashes(of: [head.entryNumber])[head.entryNumber]
            guard hash == head.hash else { return .broken(head) }
        }
        guard end.head.entryNumber > 0 else { return .nothingToDo }
        if !force, let day = last?.day, day >= BusinessDate(at: end.at) { return .nothingToDo }
        return try heads.append(end.head, at: end.at, force: force) ? .written(end.head) : .nothingToDo
    }
}

extension AuditHeadKeeping.Outcome {
    /// What people learn of a chain that is broken; nil if it is not.
    package var alarm: RaisedAlarm? {
        guard case .broken(let head) = self else { return nil }
        return RaisedAlarm(
            kind: .auditBroken,
            code: "head",
            message: """
                the audit chain is not the one whose row \(head.entryNumber) was written outside of the database: rows \
                were changed or cut off, or the database was restored. Run `sluice audit verify`, and keep the file
                """
        )
    }
}

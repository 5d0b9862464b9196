/// Something that happened at the company and that its truth file keeps.
package enum TruthEvent: Sendable, Equatable {
    /// A copy of a submit message arrived.
    case received(Received)
    case taken(SimulatedBatch)
    case queried(Queried)
    /// So many requests of one kind were under way at once, more than ever before.
    case peak(RequestKind, Int)
    /// A submit and a query of one batch were under way together.
    case overlapped(BatchKey)

    package struct Received: Sendable, Equatable {
        /// Absent where the message was too malformed to name one.
        package let key: BatchKey?
        package let bodySHA256: [UInt8]
        /// Milliseconds since 1970.
        package let at: Int64
        /// What the company decided, whatever it answered; absent where a fault kept it from deciding.
        package let code: HeaderCode?
        package let fault: SubmitFault?
    }

    package struct Queried: Sendable, Equatable {
        package let key: BatchKey
        /// Milliseconds since 1970.
        package let at: Int64
        package let fault: QueryFault?
    }
}

/// The two messages of the dialect.
package enum RequestKind: String, Sendable, CaseIterable {
    case submit
    case query
}

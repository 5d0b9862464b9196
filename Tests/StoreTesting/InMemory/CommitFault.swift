package import PaymentCore

/// The operations of a `SubmissionStore`, to aim a fault at one.
package enum StoreOperation: String, CaseIterable, Sendable, Hashable {
    case claimChunks
    case ordersToSubmit
    case removeLines
    case recordIntent
    case loadSubmission
    case record
    case attemptHistory
    case releaseChunk
}

/// What goes wrong with one operation.
package enum CommitFault: String, CaseIterable, Sendable, Hashable {
    /// The database is out of reach before anything happens.
    case failsBefore
    /// All is committed, but the answer to the COMMIT is lost (R1: commit unknown).
    case commitsThenUnknown
    /// The transaction is worked through and then rolled back.
    case failsAfterRollback
}

/// An operation failed as planned.
package struct StoreFault: Error, Sendable, Hashable, CustomStringConvertible {
    package let fault: CommitFault
    package let operation: StoreOperation

    package init(fault: CommitFault, operation: StoreOperation) {
        self.fault = fault
        self.operation = operation
    }

    package var description: String {
        switch fault {
        case .failsBefore: "\(operation.rawValue): the store is out of reach; nothing was written, try again"
        case .commitsThenUnknown:
            "\(operation.rawValue): it is unknown whether it was committed; send nothing, wait for the lease to end"
        case .failsAfterRollback: "\(operation.rawValue): it was rolled back; nothing was written, try again"
        }
    }
}

/// The store refuses a write that no correct caller asks for; nothing was written.
package enum StoreRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The channel's number registry has this number already, in this scope.
    case numberTaken(SubmissionKey)
    case submissionExists(SubmissionKey)
    case submissionMissing(SubmissionKey)
    /// A final state without an answered call to prove it (R8).
    case evidenceMissing(OrderKey)
    /// A move that needs more than a submission's step: a plan, a person, or return rows.
    case moveNotOfSubmission(OrderKey, to: OrderState)

    package var description: String {
        switch self {
        case .numberTaken(let key): "submission \(key): its channel number is taken in this scope; give it another one"
        case .submissionExists(let key): "submission \(key) exists; read the chunk again"
        case .submissionMissing(let key): "submission \(key) does not exist; record its intent first"
        case .evidenceMissing(let key): "order \(key): a final state needs an answered call; hand in the ended call"
        case .moveNotOfSubmission(let key, let to):
            "order \(key): a submission's step cannot move it to \(to.rawValue); use the operation that can"
        }
    }
}

/// Names a batch file for ever; one sequence value a file.
package struct BatchIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int64

    package init(_ value: Int64) { self.value = value }

    package var description: String { String(value) }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The position of a record in its batch file, from 1; it numbers records, not physical lines of text.
package struct LineNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int32

    package init(_ value: Int32) { self.value = value }

    package var description: String { String(value) }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The key of an order: `(batch_id, line_no, business_date)`, the same in every table that speaks of it.
package struct OrderKey: Hashable, Sendable, CustomStringConvertible {
    package let batch: BatchIdentifier
    package let line: LineNumber
    package let businessDate: BusinessDate

    package init(batch: BatchIdentifier, line: LineNumber, businessDate: BusinessDate) {
        self.batch = batch
        self.line = line
        self.businessDate = businessDate
    }

    package var description: String { "\(batch)-\(line)" }
}

/// The number of a submission within its batch file: a pure function of the chunk that it was cut from (R17).
package struct SubmissionNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int32

    package init(_ value: Int32) { self.value = value }

    package var description: String { String(value) }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The key of a submission: `(batch_id, submission_no, business_date)`.
package struct SubmissionKey: Hashable, Sendable, CustomStringConvertible {
    package let batch: BatchIdentifier
    package let number: SubmissionNumber
    package let businessDate: BusinessDate

    package init(batch: BatchIdentifier, number: SubmissionNumber, businessDate: BusinessDate) {
        self.batch = batch
        self.number = number
        self.businessDate = businessDate
    }

    package var description: String { "\(batch)/\(number)" }
}

/// The name of a channel: one contract with one third-party payment company.
package struct ChannelName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The number of a merchant: a business line that sends batch files.
package struct MerchantNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// Names one worker: one process at work, with a fresh value each start, so that a restarted host is never mistaken
/// for the worker that died on it.
package struct WorkerIdentifier: Hashable, Sendable, CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    package let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { value }
}

/// A number that grows with each new holder of a lease; a write that carries an older one is refused (R10).
package struct LeaseEpoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int64

    package init(_ value: Int64) { self.value = value }

    package var description: String { String(value) }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

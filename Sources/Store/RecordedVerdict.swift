package import PaymentCore

/// What pass 1 found, to be stored with the file.
package enum RecordedVerdict: Sendable, Hashable {
    /// `accepted`: the orders that pass 2 will load, by currency; numbers that turn out to be taken are still in it.
    case load(recordCount: Int64, amountUnreadable: Int64, accepted: [Currency: Tally] = [:])
    case hold(VerdictNote, recordCount: Int64, amountUnreadable: Int64, accepted: [Currency: Tally] = [:])
    case refuse(VerdictNote)
}

/// Why a file is refused or held: stable code, place, and what to do; nothing personal.
package struct VerdictNote: Sendable, Hashable {
    package let code: String
    /// The physical line, from 1; 0 where the whole file is meant.
    package let line: Int64
    /// The offset of the place in the file; nil where the whole file is meant, or where nobody knows it.
    package let byteOffset: Int64?
    package let what: String
    package let mend: String

    package init(code: String, line: Int64, byteOffset: Int64? = nil, what: String, mend: String) {
        self.code = code
        self.line = line
        self.byteOffset = byteOffset
        self.what = what
        self.mend = mend
    }
}

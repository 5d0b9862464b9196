/// Why a whole file is refused, as a pain.002 says it of the group: a code of ISO's list and words.
package struct RefusalReason: Sendable, Hashable {
    /// What every report of a refusal begins its words with, as lines begin with their status.
    static let mark = "REFUSED"

    /// The stable code of the refusal.
    package let code: String
    /// The physical line; 0 where the whole file is meant.
    package let line: Int64
    /// Nil where the whole file is meant, or where nobody knows it.
    package let byteOffset: Int64?
    package let what: String
    package let mend: String
    /// The code for which the file was held before a person refused it.
    package let heldFor: String?

    package init(code: String, line: Int64, byteOffset: Int64?, what: String, mend: String, heldFor: String? = nil) {
        self.code = code
        self.line = line
        self.byteOffset = byteOffset
        self.what = what
        self.mend = mend
        self.heldFor = heldFor
    }

    /// The code of ISO's list of external status reasons: that of the refusal, or of the hold that a person decided.
    package var externalCode: String {
        Self.externalCodes[code] ?? heldFor.flatMap { Self.externalCodes[$0] } ?? StatusReason.inWords
    }

    /// What people read, in pieces that a report can carry.
    var words: [String] {
        var words = ["\(Self.mark): \(what)"]
        if line > 0 { words.append("line \(line)" + (byteOffset.map { ", byte \($0)" } ?? "")) }
        words.append("code \(code)")
        words.append(mend)
        words.append("nothing of the file was loaded: no transaction of it is carried out")
        return words.flatMap(StatusReason.pieces)
    }

    /// The codes of ISO's list that mean the same as ours; the table of Docs/formats/iso20022-results.md.
    ///
    /// A refusal with any other code is told in words, `NARR`: no code says that totals differ from those that were
    /// declared beside the file, or that a merchant's own rule refuses it.
    package static let externalCodes: [String: String] = [
        FileDefect.Code.emptyFile.rawValue: "FF01",
        FileDefect.Code.noRecords.rawValue: "FF01",
        FileDefect.Code.charsetMismatch.rawValue: "FF01",
        FileDefect.Code.recordTooLong.rawValue: "FF01",
        FileDefect.Code.wrappingBroken.rawValue: "FF01",
        FileDefect.Code.wrappingTooLarge.rawValue: "FF01",
        FileDefect.Code.wrappingEntries.rawValue: "FF01",
        FileDefect.Code.wrappingEncrypted.rawValue: "FF01",
        FileDefect.Code.wrappingNested.rawValue: "FF01",
        FileDefect.Code.wrappingMismatch.rawValue: "FF01",
        FileDefect.Code.formatMismatch.rawValue: "FF01",
        FileDefect.Code.notWellFormed.rawValue: "FF01",
        FileDefect.Code.documentType.rawValue: "FF01",
        FileDefect.Code.messageUnsupported.rawValue: "FF01",
        FileDefect.Code.directionMismatch.rawValue: "FF01",
        FileDefect.Code.schemaViolation.rawValue: "FF01",
        FileDefect.Code.controlSumMismatch.rawValue: "AM10",
        FileDefect.Code.controlCountMismatch.rawValue: "AM18",
        FileDefect.Code.duplicatePayment.rawValue: "DU02",
        "content_hash_mismatch": "FF01",
        "cancelled_by_merchant": "DS02",
        "cancelled_by_person": "DS02",
        // The same bytes have the same message identification.
        "same_content": "DU01",
    ]
}

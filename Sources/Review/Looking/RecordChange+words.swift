import PaymentCore
package import Store

extension RecordKey {
    /// Reads `BATCH-LINE`.
    package init?(_ text: String) {
        let sides = text.split(separator: "-", omittingEmptySubsequences: false)
        guard sides.count == 2, let batch = Int64(sides[0]), let line = Int32(sides[1]), batch > 0, line > 0,
            !text.unicodeScalars.contains("+")
        else { return nil }
        self.init(batch: BatchIdentifier(batch), line: LineNumber(line))
    }
}

extension RecordChange {
    /// For people: who was faster, and when.
    package var words: String {
        let by = login.map { " by \(Masked.visible($0))" } ?? ""
        let at = changedAt.map { " at \($0.toSeconds)" } ?? ""
        return switch state {
        case .open: "record \(key) is open again, in revision \(revision)"
        case .amended: "record \(key) was amended\(by)\(at), and is in revision \(revision)"
        case .released: "record \(key) was released\(by)\(at)"
        case .rejected: "record \(key) was rejected\(by)\(at)"
        }
    }
}

extension Timestamp {
    /// In UTC, to the second: `2026-06-01 01:00:00Z`.
    fileprivate var toSeconds: String {
        let seconds = unixMicroseconds / 1_000_000 - BusinessDate(at: self).secondsSince1970
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(BusinessDate(at: self)) \(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))Z"
    }
}

extension BusinessDate {
    fileprivate var secondsSince1970: Int64 { Int64(daysSince1970) * 86_400 }
}

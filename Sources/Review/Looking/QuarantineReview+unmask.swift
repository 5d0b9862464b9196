import BatchFiles
package import PaymentCore
package import Store

/// A record in the clear, for somebody who has said why: nothing in it moves a terminal's cursor, but nothing is
/// starred.
package struct ClearRecord: Sendable {
    package let key: OrderKey
    /// In the order of the columns.
    package let fields: [ClearField]
    /// Its bytes as they stood in the file, those that are no text as `\x`; nil for one made of a failed order.
    package let line: String?
}

/// One column of a record in the clear.
package struct ClearField: Sendable, Hashable {
    package let name: String
    /// Nil where nothing is known of it.
    package let sent: String?
    /// What it says now; nil where that is what was sent.
    package let amended: String?
}

extension QuarantineReview {
    /// The most characters of a line that are shown.
    private static let lineScalarsMax = 16_384

    /// What a record says, in the clear; nil if the line is no quarantined record.
    ///
    /// Who asked, and why, is in the audit before this answers.
    package func unmask(_ key: RecordKey, reason: String, session: SessionSecret) async throws -> ClearRecord? {
        guard let unmasked = try await store.unmask(key, reason: reason, session: session) else { return nil }
        let judge = RecordJudge(rules)
        let texts = try? judge.texts(of: unmasked.current)
        let changed = texts?.current?.changed(since: texts?.sent) ?? []
        func shown(_ text: String?) -> String? {
            text.map { Masked.visible($0, scalarsMax: AmendmentBounds.textScalarsMax) }
        }
        let fields: [ClearField] =
            texts?.form.fields.map { field in
                ClearField(
                    name: field.rawValue,
                    sent: shown(texts?.sent?[field]),
                    amended: changed.contains(field) ? shown(texts?.current?[field]) ?? "" : nil
                )
            } ?? []
        return ClearRecord(
            key: unmasked.current.record.key,
            fields: fields,
            line: unmasked.raw.map(Self.visible)
        )
    }

    /// Bytes of whatever charset: text where they are UTF-8, else each byte beyond ASCII by its number.
    private static func visible(_ raw: [UInt8]) -> String {
        if let text = String(validating: raw, as: UTF8.self) {
            return Masked.visible(text, scalarsMax: lineScalarsMax)
        }
        var shown = ""
        for byte in raw.prefix(lineScalarsMax) {
            shown +=
                byte < 0x80
                ? Masked.visible(String(UnicodeScalar(byte)))
                : "\\x" + String(byte, radix: 16, uppercase: true)
        }
        return raw.count > lineScalarsMax ? shown + "…" : shown
    }
}

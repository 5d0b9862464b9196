import PaymentCore
import Transcoding

/// Records of which a person says what their columns hold are judged as if those texts stood in the file.
extension RecordChecker {
    /// A checker of texts that were read out of files of this form: they are UTF-8, whatever the charset of the file.
    ///
    /// `accepted`: what two people have accepted, so that it keeps no record back.
    package init(
        ofTextsIn form: RecordForm,
        rules: RecordRules,
        context: RecordContext = RecordContext(),
        accepting accepted: Set<ReasonCode> = []
    ) {
        self.init(form: form.ofTexts, rules: rules.accepting(accepted), context: context, tellsWarnings: false)
    }

    /// Whether the record makes an order now; `values`, `amount` and `reasons` say what it says.
    ///
    /// Every text is judged by the rules of intake. What only a reader of the file could see stays, unless the field
    /// that it is about was amended. Whether its number is taken is not asked here.
    package mutating func judge(_ record: AmendedRecord) -> Bool {
        precondition(form.charset == .utf8, "texts are judged by a checker of texts")
        let amended = record.amendedFields
        kept = record.reasons.filter { stays($0, in: record, amended) }
        defer {
            kept.removeAll()
            unknownColumns.removeAll()
        }
        guard let texts = record.texts else { return judgeWithoutColumns() }
        var raw = RawRecord(charsetName: form.charset.rawValue)
        let nothing: [UInt8] = []
        raw.begin(raw: nothing.span)
        raw.ordinal = record.line
        for (index, column) in form.columns.enumerated() {
            if let text = column.field.flatMap({ texts[$0] }) {
                raw.appendValue(text.utf8.span)
                continue
            }
            if isUnknown(column, in: record) { unknownColumns.insert(index) }
            let isUndecodable = kept.contains { $0.code == .undecodableBytes && $0.field == column.field }
            // No text, but no empty column either: a currency that cannot be read is not that of those who name none.
            let value: [UInt8] = isUndecodable ? [0xFF] : []
            raw.appendValue(value.span)
        }
        raw.stated = stated(by: texts, amended)
        let fieldsWithoutColumn = texts.fields.filter { form.index(of: $0) == nil && texts[$0]?.isEmpty == false }
        for field in fieldsWithoutColumn {
            raw.add(
                RecordFinding(
                    code: .wrongColumnCount,
                    field: field,
                    value: texts[field] ?? "",
                    mend: "leave the value out: the layout has no column for it"
                )
            )
        }
        return judge(raw)
    }

    /// The same, with what it comes to.
    package mutating func judgement(of record: AmendedRecord) -> AmendedJudgement {
        let isOrder = judge(record)
        return AmendedJudgement(
            isOrder: isOrder,
            merchantOrderNumber: values.merchantOrderNumber.map(values.text),
            accountNumber: values.accountNumber.map(values.text),
            amount: amount,
            reasons: reasons
        )
    }

    /// The texts of a record as they are sealed, what it says of forms included; nil where its columns cannot be told
    /// apart.
    ///
    /// A column whose bytes are no text of the charset is left out.
    package mutating func texts(of record: borrowing RawRecord) -> [UInt8]? {
        guard record.fault == nil, record.fieldCount == form.columns.count else { return nil }
        var writer = StringMembersWriter()
        var text: [UInt8] = []
        for (index, column) in form.columns.enumerated() {
            guard let field = column.field else { continue }
            text.removeAll(keepingCapacity: true)
            let place = record.fields[index]
            if place.hasDoubledQuotes {
                var single: [UInt8] = []
                record.appendSingled(place, to: &single)
                guard decoder.decode(single.span, appendingTo: &text) else { continue }
            } else {
                let bytes = record.storage.span.extracting(record.bounds(of: place))
                guard bytes.isEmpty || decoder.decode(bytes, appendingTo: &text) else { continue }
            }
            writer.append(field.rawValue, text.span)
        }
        FieldTexts.append(record.stated, to: &writer)
        return writer.end()
    }

    /// Whether a reason still holds that is not found again by looking at the texts.
    private func stays(_ reason: RecordReason, in record: AmendedRecord, _ amended: Set<RecordField>) -> Bool {
        switch reason.code.origin {
        case .registry: return false
        case .form: return record.texts == nil
        case .file: return reason.field.map { !amended.contains($0) } ?? true
        case .value:
            // What is wrong in a column that has no text here is seen by nobody but the reader of the file.
            guard record.sent != nil else { return record.texts == nil }
            guard let field = reason.field else { return true }
            return record.texts?[field] == nil && form.index(of: field) != nil
        }
    }

    /// Whether nothing is known of what stands in a column but that the record's reasons say what is wrong with it.
    private func isUnknown(_ column: LayoutColumn, in record: AmendedRecord) -> Bool {
        guard let field = column.field else { return true }
        guard record.sent != nil else { return false }
        return !field.isMandatory || kept.contains { $0.field == field && !$0.code.canBeWeakened }
    }

    /// What the record says of forms, as far as an amended value can still have them: an element for IBANs holds one,
    /// but a merchant who has agreed on none is to be given the number of the account.
    private func stated(by texts: FieldTexts, _ amended: Set<RecordField>) -> StatedForms {
        var stated = texts.stated
        if amended.contains(.accountNumber), rules.accountForm == .digits { stated.account = nil }
        if amended.contains(.bankCode), rules.bankCodeForm == .cnaps || rules.bankCodeForm == .aba {
            stated.bankCode = nil
        }
        return stated
    }
}

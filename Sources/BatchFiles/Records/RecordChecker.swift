import PaymentCore
import Transcoding

/// Checks records against the form of their layout and the rules of a merchant, and makes drafts of them.
///
/// Finds every reason, not only the first. What only the loader can see, a number that is taken, is added by it
/// (`OrderDraft.quarantined(for:)`).
package struct RecordChecker: ~Copyable {
    let rules: RecordRules
    let context: RecordContext
    let carriage: TextCarriage
    private let form: RecordForm
    private let recordAmount: RecordAmount
    private let luhn: Severity
    private var decoder: TextDecoder
    private var reasons: [RecordReason] = []
    /// What the record in work says of the form of its values.
    private(set) var stated = StatedForms()
    private var earlier: EarlierRecords

    /// Whether a text may be kept in the clear although it may stand in the wrong column: not what looks personal, and
    /// no twelve or more digits alone, which may be an account (R15).
    private static func isNumberForSure(_ text: String) -> Bool {
        let isAccount = text.utf8.count >= 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return !isAccount && PersonalLook(text) == nil
    }

    /// What the fields of the record in work say, as far as they could be read.
    struct Texts {
        var merchantOrderNumber: String?
        var accountNumber: String?
        var accountName: String?
        var bankCode: String?
        var purpose: String?
        var amount: String?
    }

    /// `tellsWarnings`: whether warnings are wanted that take memory to find.
    package init(
        form: RecordForm,
        rules: RecordRules,
        context: RecordContext = RecordContext(),
        tellsWarnings: Bool = true
    ) {
        self.form = form
        self.rules = rules
        self.context = context
        self.carriage = TextCarriage(context.channels.map(\.text))
        self.earlier = EarlierRecords(rules: rules, tellsWarnings: tellsWarnings)
        self.recordAmount = RecordAmount(form: form)
        self.luhn = rules.severity(of: .accountCheckDigit)
        self.decoder = TextDecoder(charset: form.charset)
    }

    /// Whether a record may be set aside for what records before it say, so that none of them may be left out.
    package var setsRepeatsAside: Bool { rules.severity(of: .samePayment) >= .quarantine }

    /// The order that the record makes, or the record with the reasons why it makes none.
    package mutating func check(_ record: borrowing RawRecord) -> CheckedRecord {
        reasons.removeAll(keepingCapacity: true)
        stated = record.stated
        var texts = Texts()
        var amount: Money?
        if checkForm(record) {
            for index in form.columns.indices { checkField(record, index, &texts) }
            amount = checkAmount(record, texts)
            checkCountries(texts)
            checkChannels(texts, amount)
        } else if record.fieldCount >= 2, form.columns[0].field == .merchantOrderNumber {
            // Columns may have slipped: the first is the number still, unless the number itself is what is missing.
            checkField(record, 0, &texts)
            if let number = texts.merchantOrderNumber, !Self.isNumberForSure(number) { texts.merchantOrderNumber = nil }
        }
        for finding in record.findings {
            let shown =
                finding.isPersonal ? Self.shown(finding.value, finding.field) : Masked.visible(finding.value)
            add(finding.code, finding.field, shown, mend: finding.mend)
        }
        if let number = texts.merchantOrderNumber, let line = earlier.line(of: number, in: record.ordinal) {
            add(.duplicateInFile, .merchantOrderNumber, Self.shown(number, .merchantOrderNumber), after: line)
        }
        let source = RecordSource(
            line: record.ordinal,
            physicalLine: record.physicalLine,
            byteRange: record.byteRange,
            raw: record.copyBytes(),
            charsetName: record.charsetName
        )
        guard !isBad else { return .quarantined(quarantined(source, texts, amount)) }
        guard let number = texts.merchantOrderNumber, let accountNumber = texts.accountNumber, let amount,
            amount.minor > 0
        else { preconditionFailure("a record without number, account or amount passed the rules") }
        let fields = OrderFields(
            merchantOrderNumber: number,
            amount: amount,
            accountNumber: accountNumber,
            accountName: texts.accountName,
            bankCode: texts.bankCode,
            purpose: texts.purpose
        )
        if let line = earlier.line(of: fields, in: record.ordinal) {
            add(.samePayment, .accountNumber, Self.shown(accountNumber, .accountNumber), after: line)
            guard !isBad else { return .quarantined(quarantined(source, texts, amount)) }
        }
        return .order(OrderDraft(source: source, fields: fields, warnings: reasons))
    }

    /// Whether the reasons found so far keep the record from becoming an order.
    private var isBad: Bool { reasons.contains { $0.severity >= .quarantine } }

    private func quarantined(_ source: RecordSource, _ texts: Texts, _ amount: Money?) -> QuarantineDraft {
        QuarantineDraft(
            source: source,
            merchantOrderNumber: texts.merchantOrderNumber,
            amount: amount,
            reasons: reasons
        )
    }

    /// Whether the record has the columns of the layout, so that its fields mean what the layout says.
    private mutating func checkForm(_ record: borrowing RawRecord) -> Bool {
        let isMiscounted = record.fieldCount != form.columns.count
        switch record.fault {
        case .unclosedQuote: add(.quoteUnclosed, nil, "")
        case .garbledQuote: add(.quoteGarbled, nil, "")
        case .wrongLength: add(.wrongRecordLength, nil, "\(record.count) bytes")
        case nil:
            if isMiscounted {
                let counts = "\(record.fieldCount) instead of \(form.columns.count)"
                add(.wrongColumnCount, nil, counts)
            }
        }
        return record.fault == nil && !isMiscounted
    }

    private mutating func checkField(_ record: borrowing RawRecord, _ index: Int, _ texts: inout Texts) {
        let field = record.fields[index]
        if field.hasDoubledQuotes {
            var single: [UInt8] = []
            record.appendSingled(field, to: &single)
            checkValue(single.span, form.columns[index], &texts)
        } else {
            checkValue(record.storage.span.extracting(record.bounds(of: field)), form.columns[index], &texts)
        }
    }

    private mutating func checkValue(
        _ bytes: Span<UInt8>,
        _ column: LayoutColumn,
        _ texts: inout Texts
    ) {
        let field = column.field
        guard !bytes.isEmpty else {
            let isCurrencyOpen = field == .currency && form.defaultCurrency == nil
            if column.isRequired || isCurrencyOpen { add(.missingField, field, "") }
            return
        }
        guard let text = decoder.decode(bytes) else {
            add(.undecodableBytes, field, "\(bytes.count) bytes")
            return
        }
        let findings = TextFindings(bytes, text)
        guard !findings.isBlank || !column.isRequired else {
            add(.missingField, field, "")
            return
        }
        if findings.hasControl { add(.controlCharacter, field, Self.shown(text, field)) }
        if findings.hasInvisible { add(.invisibleCharacter, field, Self.shown(text, field)) }
        if findings.hasReplacement { add(.replacementCharacter, field, Self.shown(text, field)) }
        if findings.length > column.lengthMax {
            add(.fieldTooLong, field, "\(findings.length) characters instead of \(column.lengthMax)")
        }
        switch field {
        case .merchantOrderNumber:
            // A number with line ends or of any length cannot stand in a registry or a report.
            guard !findings.hasControl, findings.length <= column.lengthMax else { return }
            // Nor can one that a person may take for another.
            guard checkNumber(bytes, text) else { return }
            texts.merchantOrderNumber = text
        case .accountNumber:
            checkAccount(bytes, text)
            texts.accountNumber = text
        case .accountName, .purpose:
            if findings.hasSurroundingSpace { add(.surroundingSpace, field, Self.shown(text, field)) }
            // Nothing but spaces says nothing.
            guard !findings.isBlank else { return }
            if field == .accountName { texts.accountName = text } else { texts.purpose = text }
        case .bankCode:
            checkBank(bytes, text)
            texts.bankCode = text
        case .currency: checkCurrency(bytes, text)
        case .amount: texts.amount = text
        case .idNumber: checkIdentity(bytes, text)
        case .executionDate: checkDate(text)
        case nil: break
        }
    }

    private mutating func checkAccount(_ bytes: Span<UInt8>, _ text: String) {
        if let mend = mendOfAccount(bytes) {
            add(.accountMalformed, .accountNumber, Self.shown(text, .accountNumber), mend: mend)
            return
        }
        guard luhn != .off, CardNumber.lengths.contains(bytes.count), AccountForm.digits.admits(bytes),
            !CardNumber.passesLuhn(bytes)
        else { return }
        add(.accountCheckDigit, .accountNumber, Self.shown(text, .accountNumber))
    }

    private mutating func checkBank(_ bytes: Span<UInt8>, _ text: String) {
        if let mend = mendOfBank(bytes) {
            add(.bankMalformed, .bankCode, Self.shown(text, .bankCode), mend: mend)
        } else if let banks = rules.banks, !banks.contains(bytes) {
            add(.bankUnknown, .bankCode, Self.shown(text, .bankCode))
        }
    }

    private mutating func checkCurrency(_ bytes: Span<UInt8>, _ text: String) {
        if Currency(bytes: bytes) == nil { add(.currencyUnknown, .currency, Self.shown(text, .currency)) }
    }

    /// The amount of a record that has all its columns, as far as it can be read; reasons for what is wrong with it.
    private mutating func checkAmount(_ record: borrowing RawRecord, _ texts: Texts) -> Money? {
        let currency = recordAmount.currency(of: record)
        if let currency, let agreed = rules.currencies, !agreed.contains(currency) {
            add(.currencyNotAllowed, .currency, currency.code)
        }
        // An empty amount is a missing field, and said so already.
        guard let text = texts.amount else { return nil }
        let found = recordAmount.amount(of: record, in: currency)
        if found == .malformed { add(.amountMalformed, .amount, Self.shown(text, .amount)) }
        guard let currency else { return nil }
        switch found {
        case .malformed: return nil
        case .tooManyDecimals:
            add(.amountTooManyDecimals, .amount, Self.shown(text, .amount))
            return nil
        case .outOfRange:
            add(.amountOverLimit, .amount, Self.shown(text, .amount))
            return nil
        case .value(let minor):
            if minor <= 0 { add(.amountNotPositive, .amount, Self.shown(text, .amount)) }
            if let limit = rules.amountMinorMax[currency], minor > limit {
                add(.amountOverLimit, .amount, Self.shown(text, .amount))
            }
            return Money(minor: minor, currency: currency)
        }
    }

    /// Notes a reason, unless the rules have it off; `mend` says more than the code alone can.
    mutating func add(
        _ code: ReasonCode,
        _ field: RecordField?,
        _ maskedValue: @autoclosure () -> String,
        mend: @autoclosure () -> String? = nil
    ) {
        let severity = rules.severity(of: code)
        guard severity != .off else { return }
        let reason = RecordReason(
            code: code,
            severity: severity,
            field: field,
            maskedValue: maskedValue(),
            mend: mend()
        )
        reasons.append(reason)
    }

    /// Notes that an earlier record of the file says the same.
    private mutating func add(
        _ code: ReasonCode,
        _ field: RecordField,
        _ maskedValue: String,
        after line: LineNumber
    ) {
        add(code, field, maskedValue, mend: "record \(line) of this file has the same: \(code.mend)")
    }

    /// A value in a form that may be shown; what a column without a meaning holds is not known, so it is starred.
    static func shown(_ text: String, _ field: RecordField?) -> String {
        field?.masked(text) ?? Masked.hidden(text)
    }
}

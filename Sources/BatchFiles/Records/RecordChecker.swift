package import PaymentCore
import Transcoding

/// Checks records against the form of their layout and the rules of a merchant, and makes drafts of them.
///
/// Finds every reason, not only the first. What only the loader can see, a number that is taken, is added by it
/// (`OrderDraft.quarantined(for:)`).
package struct RecordChecker: ~Copyable {
    let rules: RecordRules
    let context: RecordContext
    let carriage: TextCarriage
    let form: RecordForm
    private let recordAmount: RecordAmount
    private let luhn: Severity
    var decoder: TextDecoder
    /// What the record judged last says.
    package private(set) var values = RecordValues()
    /// Its amount, as far as it could be read; that of an order is positive.
    package private(set) var amount: Money?
    /// Everything that is wrong with it, warnings included.
    package private(set) var reasons: [RecordReason] = []
    /// What the record in work says of the form of its values.
    private(set) var stated = StatedForms()
    /// What is wrong with the record in work that its bytes do not say any more, and columns that they leave open.
    var kept: [RecordReason] = []
    var unknownColumns: Set<Int> = []
    private var earlier: EarlierRecords
    /// Of the currency looked up last.
    private(set) var terms = CurrencyTerms()
    /// The date read last: mostly all records of a file have one.
    private var lastDate: (text: [UInt8], date: BusinessDate?) = ([], nil)

    /// Whether a text may be kept in the clear although it may stand in the wrong column: not what looks personal, and
    /// no twelve or more digits alone, which may be an account (R15).
    private static func isNumberForSure(_ text: String) -> Bool {
        let isAccount = text.utf8.count >= 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return !isAccount && PersonalLook(text) == nil
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
        draft(of: record, isOrder: judge(record))
    }

    /// Whether the record makes an order; `values`, `amount` and `reasons` say what it says.
    ///
    /// Makes no draft: this is what each record of a file pays for.
    package mutating func judge(_ record: borrowing RawRecord) -> Bool {
        reasons.removeAll(keepingCapacity: true)
        stated = record.stated
        amount = nil
        // Taken out meanwhile, so that the checks may add reasons while they look at it.
        var values = RecordValues()
        swap(&values, &self.values)
        values.removeAll()
        if checkForm(record) {
            for index in form.columns.indices { checkField(record, index, &values) }
            amount = checkAmount(record, values)
            checkCountries(values)
            checkChannels(values, amount)
        } else if record.fieldCount >= 2, form.columns[0].field == .merchantOrderNumber {
            // Columns may have slipped: the first is the number still, unless the number itself is what is missing.
            checkField(record, 0, &values)
            if let number = values.merchantOrderNumber, !Self.isNumberForSure(values.text(number)) {
                values.dropMerchantOrderNumber()
            }
        }
        for finding in record.findings {
            let shown =
                finding.isPersonal ? Self.shown(finding.value, finding.field) : Masked.visible(finding.value)
            add(finding.code, finding.field, shown, mend: finding.mend)
        }
        for reason in kept { add(reason.code, reason.field, reason.maskedValue, mend: reason.mend) }
        compareWithEarlier(values, in: record.ordinal)
        swap(&values, &self.values)
        return !isBad
    }

    /// Judges a record whose columns nobody knows, by what is kept of its reasons: it makes no order.
    mutating func judgeWithoutColumns() -> Bool {
        reasons.removeAll(keepingCapacity: true)
        values.removeAll()
        amount = nil
        for reason in kept { add(reason.code, reason.field, reason.maskedValue, mend: reason.mend) }
        if !isBad { for field in form.fields where field.isMandatory { add(.missingField, field, "") } }
        return false
    }

    /// Takes the values and the amount of a record that makes an order, as `judge` would, and looks at nothing else:
    /// the same bytes were judged before, by the same rules.
    package mutating func take(_ record: borrowing RawRecord) {
        precondition(
            record.fault == nil && record.fieldCount == form.columns.count,
            "a record without the columns of its layout was judged to be an order"
        )
        reasons.removeAll(keepingCapacity: true)
        var values = RecordValues()
        swap(&values, &self.values)
        values.removeAll()
        for index in form.columns.indices {
            let column = form.columns[index]
            guard let range = decode(record, index, into: &values) else { continue }
            if !TextFindings.isBlank(values.bytes.span.extracting(range)) || Self.keepsBlank(column) {
                values.keep(range, as: column.field)
            }
        }
        swap(&values, &self.values)
        amount = recordAmount.money(of: record)
    }

    /// Whether an earlier record has the number, and, of a record that is good so far, whether one has all the rest.
    private mutating func compareWithEarlier(_ values: RecordValues, in ordinal: LineNumber) {
        if let number = values.merchantOrderNumber,
            let line = earlier.line(of: values.bytes.span.extracting(number), in: ordinal)
        {
            add(.duplicateInFile, .merchantOrderNumber, values.text(number), after: line)
        }
        guard !isBad else { return }
        guard values.merchantOrderNumber != nil, let account = values.accountNumber, let amount, amount.minor > 0
        else { preconditionFailure("a record without number, account or amount passed the rules") }
        let line = earlier.line(
            ofPaymentTo: values.bytes.span.extracting(account),
            of: amount,
            for: values.bytes.span.extracting(values.purpose ?? 0..<0),
            in: ordinal
        )
        if let line { add(.samePayment, .accountNumber, values.text(account), after: line) }
    }

    /// The draft of the record judged last.
    func draft(of record: borrowing RawRecord, isOrder: Bool) -> CheckedRecord {
        isOrder ? .order(order(record)) : .quarantined(quarantined(record))
    }

    /// The order that the record judged last makes.
    private func order(_ record: borrowing RawRecord) -> OrderDraft {
        guard let number = values.merchantOrderNumber, let account = values.accountNumber, let amount else {
            preconditionFailure("an order is asked for of a record that makes none")
        }
        let fields = OrderFields(
            merchantOrderNumber: values.text(number),
            amount: amount,
            accountNumber: values.text(account),
            accountName: values.accountName.map(values.text),
            bankCode: values.bankCode.map(values.text),
            purpose: values.purpose.map(values.text)
        )
        return OrderDraft(source: RecordSource(record), fields: fields, warnings: reasons)
    }

    /// The record judged last, with the reasons why it makes no order.
    func quarantined(_ record: borrowing RawRecord) -> QuarantineDraft {
        QuarantineDraft(
            source: RecordSource(record),
            merchantOrderNumber: values.merchantOrderNumber.map(values.text),
            amount: amount,
            reasons: reasons
        )
    }

    /// Whether the reasons found so far keep the record from becoming an order.
    private var isBad: Bool { reasons.contains { $0.severity >= .quarantine } }

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

    private mutating func checkField(_ record: borrowing RawRecord, _ index: Int, _ values: inout RecordValues) {
        let column = form.columns[index]
        let byteCount = record.bounds(of: record.fields[index]).count
        guard byteCount > 0 else {
            let isCurrencyOpen = column.field == .currency && form.defaultCurrency == nil
            if column.isRequired || isCurrencyOpen, !unknownColumns.contains(index) {
                add(.missingField, column.field, "")
            }
            return
        }
        guard let range = decode(record, index, into: &values) else {
            if unknownColumns.contains(index) { return }
            add(.undecodableBytes, column.field, "\(byteCount) bytes")
            return
        }
        if checkText(values.bytes.span.extracting(range), column) { values.keep(range, as: column.field) }
    }

    /// Appends a field's value in UTF-8; nil where it has none, or cannot be read.
    private mutating func decode(
        _ record: borrowing RawRecord,
        _ index: Int,
        into values: inout RecordValues
    ) -> Range<Int>? {
        let field = record.fields[index]
        guard field.hasDoubledQuotes else {
            let bytes = record.storage.span.extracting(record.bounds(of: field))
            return bytes.isEmpty ? nil : values.append { decoder.decode(bytes, appendingTo: &$0) }
        }
        var single: [UInt8] = []
        record.appendSingled(field, to: &single)
        return values.append { decoder.decode(single.span, appendingTo: &$0) }
    }

    /// Whether the text may stand for its field.
    private mutating func checkText(_ text: Span<UInt8>, _ column: LayoutColumn) -> Bool {
        let field = column.field
        let findings = TextFindings(text)
        guard !findings.isBlank || !column.isRequired else {
            add(.missingField, field, "")
            return false
        }
        if findings.hasControl { add(.controlCharacter, field, text) }
        if findings.hasInvisible { add(.invisibleCharacter, field, text) }
        if findings.hasReplacement { add(.replacementCharacter, field, text) }
        if findings.length > column.lengthMax {
            add(.fieldTooLong, field, "\(findings.length) characters instead of \(column.lengthMax)")
        }
        switch field {
        case .merchantOrderNumber:
            // A number with line ends or of any length cannot stand in a registry or a report, nor one that a person
            // may take for another.
            return !findings.hasControl && findings.length <= column.lengthMax && checkNumber(text)
        case .accountName, .purpose:
            if findings.hasSurroundingSpace { add(.surroundingSpace, field, text) }
            // Nothing but spaces says nothing.
            return !findings.isBlank
        case .accountNumber: checkAccount(text)
        case .bankCode: checkBank(text)
        case .currency: if Currency(bytes: text) == nil { add(.currencyUnknown, .currency, text) }
        case .idNumber: checkIdentity(text)
        case .executionDate: checkDate(text)
        case .amount, nil: break
        }
        return true
    }

    /// Whether a value of nothing but spaces is one: names and purposes say nothing so.
    private static func keepsBlank(_ column: LayoutColumn) -> Bool {
        !column.isRequired && column.field != .accountName && column.field != .purpose
    }

    private mutating func checkAccount(_ text: Span<UInt8>) {
        if let mend = mendOfAccount(text) {
            add(.accountMalformed, .accountNumber, text, mend: mend)
            return
        }
        guard luhn != .off, CardNumber.lengths.contains(text.count), AccountForm.digits.admits(text),
            !CardNumber.passesLuhn(text)
        else { return }
        add(.accountCheckDigit, .accountNumber, text)
    }

    private mutating func checkBank(_ text: Span<UInt8>) {
        if let mend = mendOfBank(text) {
            add(.bankMalformed, .bankCode, text, mend: mend)
        } else if let banks = rules.banks, !banks.contains(text) {
            add(.bankUnknown, .bankCode, text)
        }
    }

    /// The amount of a record that has all its columns, as far as it can be read; reasons for what is wrong with it.
    private mutating func checkAmount(_ record: borrowing RawRecord, _ values: RecordValues) -> Money? {
        let currency = recordAmount.currency(of: record)
        if let currency {
            lookUpTerms(of: currency)
            if !terms.isAgreed { add(.currencyNotAllowed, .currency, currency.code) }
        }
        // An empty amount is a missing field, and said so already.
        guard let range = values.amount else { return nil }
        let text = values.bytes.span.extracting(range)
        let found = recordAmount.amount(of: record, in: currency)
        if found == .malformed { add(.amountMalformed, .amount, text) }
        guard let currency else { return nil }
        switch found {
        case .malformed: return nil
        case .tooManyDecimals:
            add(.amountTooManyDecimals, .amount, text)
            return nil
        case .outOfRange:
            add(.amountOverLimit, .amount, text)
            return nil
        case .value(let minor):
            if minor <= 0 { add(.amountNotPositive, .amount, text) }
            if let limit = terms.amountMinorMax, minor > limit { add(.amountOverLimit, .amount, text) }
            return Money(minor: minor, currency: currency)
        }
    }

    /// Mostly a file has one currency, and what is agreed on it is looked up once.
    private mutating func lookUpTerms(of currency: Currency) {
        guard terms.currency != currency else { return }
        terms = CurrencyTerms(
            currency: currency,
            isAgreed: rules.currencies?.contains(currency) ?? true,
            amountMinorMax: rules.amountMinorMax[currency],
            channels: context.channels.filter { $0.currencies.contains(currency) }
        )
    }

    /// The day that a text says; nil if it says none.
    mutating func date(_ text: Span<UInt8>) -> BusinessDate? {
        let isKnown = text.withUnsafeBufferPointer { $0.elementsEqual(lastDate.text) }
        if !isKnown {
            let text = String(copying: UTF8Span(unchecked: text))
            lastDate = (Array(text.utf8), BusinessDate(text))
        }
        return lastDate.date
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

    /// Notes a reason that a value gives; it is masked after its field.
    mutating func add(
        _ code: ReasonCode,
        _ field: RecordField?,
        _ value: Span<UInt8>,
        mend: String? = nil
    ) {
        guard rules.severity(of: code) != .off else { return }
        add(code, field, Self.shown(String(copying: UTF8Span(unchecked: value)), field), mend: mend)
    }

    /// Notes that an earlier record of the file says the same.
    private mutating func add(
        _ code: ReasonCode,
        _ field: RecordField,
        _ value: String,
        after line: LineNumber
    ) {
        add(code, field, Self.shown(value, field), mend: "record \(line) of this file has the same: \(code.mend)")
    }

    /// A value in a form that may be shown; what a column without a meaning holds is not known, so it is starred.
    static func shown(_ text: String, _ field: RecordField?) -> String {
        field?.masked(text) ?? Masked.hidden(text)
    }
}

/// What the rules and the channels say of one currency.
struct CurrencyTerms {
    var currency: Currency?
    var isAgreed = true
    /// Minor units of one order.
    var amountMinorMax: Int64?
    /// Those that carry it.
    var channels: [ChannelReach] = []
}

import PaymentCore

extension RecordChecker {
    /// The country of the bank beside that of the account, where the rules or the record say that they are an IBAN and
    /// a BIC.
    mutating func checkCountries(_ values: RecordValues) {
        guard rules.accountForm == .iban || stated.account == .iban,
            rules.bankCodeForm == .bic || stated.bankCode == .bic, let accountRange = values.accountNumber,
            let bankRange = values.bankCode
        else { return }
        let account = values.bytes.span.extracting(accountRange)
        let bank = values.bytes.span.extracting(bankRange)
        let isComparable = IBAN.isValid(account) && BIC.hasShape(bank)
        guard isComparable, !BIC.fits(bank, iban: account) else { return }
        add(.bankCountryDiffers, .bankCode, Self.shown(values.text(bankRange), .bankCode))
    }

    /// Whether the number may stand in a registry: one that differs from another in what nobody sees may not, unless
    /// the rules let it pass.
    ///
    /// One space between two characters is part of a number: messages of ISO 20022 have such.
    mutating func checkNumber(_ text: Span<UInt8>) -> Bool {
        var isPlain = true
        // As if a space stood before the first character.
        var last: UInt8 = 0x20
        for index in 0..<text.count {
            let byte = text[index]
            if byte < 0x20 || byte > 0x7E || (byte == 0x20 && last == 0x20) { isPlain = false }
            last = byte
        }
        if isPlain, last != 0x20 { return true }
        add(.numberNotPlain, .merchantOrderNumber, text)
        return rules.severity(of: .numberNotPlain) < .quarantine
    }

    /// The identity number of the account's holder.
    mutating func checkIdentity(_ text: Span<UInt8>) {
        switch rules.identityForm.defect(of: text, today: context.businessDate) {
        case .form: add(.idNumberMalformed, .idNumber, text)
        case .checkDigit: add(.idNumberCheckDigit, .idNumber, text)
        case nil: break
        }
    }

    /// The day on which the order is to be worked: no order is kept for a later one, so it is the file's own.
    mutating func checkDate(_ text: Span<UInt8>) {
        guard let date = date(text) else {
            add(.dateMalformed, .executionDate, text)
            return
        }
        if let today = context.businessDate, date != today {
            add(date < today ? .dateInPast : .dateInFuture, .executionDate, text)
        }
        do throws(WorkingCalendar.UncoveredDay) {
            guard try rules.calendar?.isWorkingDay(date) == false else { return }
            add(.dateNotWorkingDay, .executionDate, text)
        } catch {
            add(.dateNotWorkingDay, .executionDate, text, mend: error.description)
        }
    }

    /// Whether some channel that the record could go to carries its texts; if none does, what the nearest one lacks.
    ///
    /// A channel that takes neither its currency nor its amount is none that it could go to.
    mutating func checkChannels(_ values: RecordValues, _ amount: Money?) {
        var nearest: [TextProblem]?
        // An amount has the currency that was looked up for it.
        for channel in amount == nil ? context.channels : terms.channels {
            if let amount, amount.minor > channel.amountMinorMax { continue }
            let problems = problems(of: values, channel.text)
            if problems.isEmpty { return }
            if nearest.map({ problems.count < $0.count }) ?? true { nearest = problems }
        }
        for problem in nearest ?? [] {
            let shown = Self.shown(problem.text, problem.field)
            switch problem.obstacle {
            case .repertoire:
                let why = "\(problem.repertoire.words) cannot hold this \(problem.field.rawValue)"
                add(.notInRepertoire, problem.field, shown, mend: "\(why): \(ReasonCode.notInRepertoire.mend)")
            case .length(let found, let max, let unit):
                let why = "\(found) \(unit.words) instead of \(max)"
                add(.tooLongForChannels, problem.field, shown, mend: "\(why): \(ReasonCode.tooLongForChannels.mend)")
            }
        }
    }

    private struct TextProblem {
        let field: RecordField
        let text: String
        let obstacle: TextCarriage.Obstacle
        let repertoire: TextProfile.Repertoire
    }

    private func problems(of values: RecordValues, _ profile: TextProfile) -> [TextProblem] {
        var problems: [TextProblem] = []
        func look(_ range: Range<Int>?, _ part: TextProfile.Field, _ field: RecordField) {
            guard let range else { return }
            for obstacle in carriage.obstacles(to: values.bytes.span.extracting(range), in: part, of: profile) {
                let text = values.text(range)
                problems.append(
                    TextProblem(field: field, text: text, obstacle: obstacle, repertoire: profile.repertoire)
                )
            }
        }
        look(values.accountNumber, .accountNumber, .accountNumber)
        look(values.accountName, .accountName, .accountName)
        look(values.bankCode, .bankCode, .bankCode)
        look(values.purpose, .purpose, .purpose)
        return problems
    }
}

extension TextProfile.Repertoire {
    fileprivate var words: String {
        switch self {
        case .ascii: "ASCII"
        case .sepa: "the basic character set of SEPA"
        case .gbk: "GBK"
        case .gb18030: "GB 18030"
        case .utf8: "UTF-8"
        }
    }
}

extension TextProfile.LengthUnit {
    fileprivate var words: String {
        switch self {
        case .characters: "characters"
        case .gbkBytes: "bytes of GBK"
        case .utf8Bytes: "bytes of UTF-8"
        }
    }
}

/// The stable name of what is wrong with a record.
package enum ReasonCode: String, Sendable, Hashable, CaseIterable {
    case wrongColumnCount = "wrong_column_count"
    case wrongRecordLength = "wrong_record_length"
    case quoteUnclosed = "quote_unclosed"
    case quoteGarbled = "quote_garbled"
    case schemaViolation = "schema_violation"
    case missingField = "missing_field"
    case undecodableBytes = "undecodable_bytes"
    case controlCharacter = "control_character"
    case invisibleCharacter = "invisible_character"
    case replacementCharacter = "replacement_character"
    case surroundingSpace = "surrounding_space"
    case numberNotPlain = "number_not_plain"
    case fieldTooLong = "field_too_long"
    case amountMalformed = "amount_malformed"
    case amountNotPositive = "amount_not_positive"
    case amountTooManyDecimals = "amount_too_many_decimals"
    case amountOverLimit = "amount_over_limit"
    case currencyUnknown = "currency_unknown"
    case currencyNotAllowed = "currency_not_allowed"
    case accountMalformed = "account_malformed"
    case accountCheckDigit = "account_check_digit"
    case bankMalformed = "bank_malformed"
    case bankUnknown = "bank_unknown"
    case bankCountryDiffers = "bank_country_differs"
    case idNumberMalformed = "id_number_malformed"
    case idNumberCheckDigit = "id_number_check_digit"
    case dateMalformed = "date_malformed"
    case dateInPast = "date_in_past"
    case dateInFuture = "date_in_future"
    case dateNotWorkingDay = "date_not_working_day"
    case notInRepertoire = "not_in_repertoire"
    case tooLongForChannels = "too_long_for_channels"
    case samePayment = "same_payment"
    case paymentMethodNotSupported = "payment_method_not_supported"
    case orderingAccountMalformed = "ordering_account_malformed"
    case currencyMixed = "currency_mixed"
    case instructionRepeated = "instruction_repeated"
    case mandateMissing = "mandate_missing"
    case mandateSignedLate = "mandate_signed_late"
    case creditorIdentifierMalformed = "creditor_identifier_malformed"
    case bankCheckDigit = "bank_check_digit"
    case notASCII = "not_ascii"
    case transactionCodeUnknown = "transaction_code_unknown"
    case transactionCodeDirection = "transaction_code_direction"
    case notALiveEntry = "not_a_live_entry"
    case addendaIndicatorWrong = "addenda_indicator_wrong"
    case addendaMalformed = "addenda_malformed"
    case traceNumberMalformed = "trace_number_malformed"
    case traceNumberForeign = "trace_number_foreign"
    case traceNumberOrder = "trace_number_order"
    case duplicateInFile = "duplicate_in_file"
    case duplicateOfEarlierFile = "duplicate_of_earlier_file"
    case duplicateOfQuarantined = "duplicate_of_quarantined"

    /// What the merchant, or a reviewer, can do.
    package var mend: String {
        switch self {
        case .wrongColumnCount: "write every column of the layout, empty ones too, and no separator inside a value"
        case .wrongRecordLength: "write every record with all of its bytes, padded with spaces"
        case .quoteUnclosed: "close the quote before the line ends, and double a quote that is part of a value"
        case .quoteGarbled: "end the field after its closing quote, and double a quote that is part of a value"
        case .schemaViolation: "write the record as the schema of its message asks"
        case .missingField: "fill the column"
        case .undecodableBytes: "write the file in the charset of its layout"
        case .controlCharacter: "remove line ends, tabs, NUL and other control characters from the value"
        case .invisibleCharacter: "remove zero-width and direction marks from the value"
        case .replacementCharacter: "write the character that an earlier conversion lost"
        case .surroundingSpace: "remove the spaces before and after the value"
        case .numberNotPlain: "write the number in printable ASCII, without spaces around it and without two in a row"
        case .fieldTooLong: "shorten the value to the length of its column"
        case .amountMalformed: "write digits with at most one decimal point; no signs, spaces or thousands separators"
        case .amountNotPositive: "write an amount above zero"
        case .amountTooManyDecimals: "write no more decimals than the currency has"
        case .amountOverLimit: "split the order, or have the limit raised"
        case .currencyUnknown: "write an ISO 4217 code in capital letters"
        case .currencyNotAllowed: "use a currency agreed for this merchant"
        case .accountMalformed: "write the account number alone, without spaces or other characters"
        case .accountCheckDigit: "check the account number: its check digit does not fit"
        case .bankMalformed: "write the bank code in the agreed form"
        case .bankUnknown: "use the code of a bank that can be reached"
        case .bankCountryDiffers: "check that the bank keeps this account: they are of different countries"
        case .idNumberMalformed: "write the identity number with all of its characters, letters as capitals"
        case .idNumberCheckDigit: "check the identity number: its check digit does not fit"
        case .dateMalformed: "write a day that exists as YYYY-MM-DD or YYYYMMDD"
        case .dateInPast: "write the day on which the file is worked, or leave the column empty"
        case .dateInFuture: "send the record with a file of that day: orders are not kept for later"
        case .dateNotWorkingDay: "choose a working day of the merchant's calendar"
        case .notInRepertoire: "write the value in characters that a channel carries"
        case .tooLongForChannels: "shorten the value to what a channel carries"
        case .samePayment: "if it is not meant twice, have one of the two cancelled"
        case .paymentMethodNotSupported: "write TRF for transfers and DD for debits; cheques and advices are not made"
        case .orderingAccountMalformed: "check the IBAN of the account that orders: its form or check digits do not fit"
        case .currencyMixed: "put transactions of another currency into a payment information of their own"
        case .instructionRepeated: "give each instruction of an ordering account an identification of its own"
        case .mandateMissing: "write the identification of the mandate and the day of its signature"
        case .mandateSignedLate: "check the day of the mandate's signature: it lies after the collection"
        case .creditorIdentifierMalformed: "write the creditor identifier of the scheme, with its right check digits"
        case .bankCheckDigit: "check the routing number: its ninth digit does not fit the first eight"
        case .notASCII: "write printable ASCII only, one byte a character"
        case .transactionCodeUnknown: "write 22, 32, 42 or 52 for a credit, 27, 37, 47 or 55 for a debit"
        case .transactionCodeDirection: "send credits as payout and debits as withhold, in files of their own"
        case .notALiveEntry: "leave out prenotifications, entries without money, returns and notices of change"
        case .addendaIndicatorWrong: "write 1 in column 79 if an addenda record follows, else 0"
        case .addendaMalformed: "write one addenda record: 705, sequence 0001, the last 7 digits of the trace number"
        case .traceNumberMalformed: "write a trace number of 15 digits in columns 80-94"
        case .traceNumberForeign: "begin trace numbers with the originating bank of the batch header"
        case .traceNumberOrder: "number the entries of a batch in ascending order"
        case .duplicateInFile: "give each order a number of its own"
        case .duplicateOfEarlierFile: "do not send an order twice; a new order needs a new number"
        case .duplicateOfQuarantined: "wait for the review of the record with this number, or have it rejected"
        }
    }

    /// What happens to the record when a merchant's rules do not say.
    package var severityDefault: Severity {
        switch self {
        // Some old domestic cards do not pass Luhn, and a name may hold a joiner. Some banks keep accounts abroad, and
        // two payments may be the same on purpose. Spaces around a name or a purpose change nobody's money.
        case .accountCheckDigit, .invisibleCharacter, .surroundingSpace, .bankCountryDiffers, .samePayment: .warn
        default: .quarantine
        }
    }

    /// Whether an order can be made in spite of it, so that rules may say `warn` or `off`.
    package var canBeWeakened: Bool {
        switch self {
        case .accountCheckDigit, .bankMalformed, .bankUnknown, .bankCountryDiffers, .invisibleCharacter,
            .replacementCharacter, .surroundingSpace, .numberNotPlain, .idNumberMalformed, .idNumberCheckDigit,
            .dateInPast, .dateInFuture,
            .dateNotWorkingDay, .notInRepertoire, .tooLongForChannels, .samePayment, .bankCheckDigit, .notASCII,
            .traceNumberForeign, .traceNumberOrder, .orderingAccountMalformed, .currencyMixed, .instructionRepeated,
            .mandateMissing, .mandateSignedLate, .creditorIdentifierMalformed:
            true
        default: false
        }
    }

    /// Whether it is found before the file is let pass, so that rules may say `refuse_file`.
    package var canRefuseFile: Bool {
        switch self {
        case .duplicateOfEarlierFile, .duplicateOfQuarantined: false
        default: true
        }
    }

    /// Where a reason is found, and so whether it is found again once a person has given values in place of bytes.
    package enum Origin: Sendable, Hashable, CaseIterable {
        /// In the form of the record: its columns cannot be told apart. Given values are told apart.
        case form
        /// In a value: it is found again in every value that is judged.
        case value
        /// In the bytes of a value, or in what stands around the record in its file: only a reader of the file sees it.
        case file
        /// In the registry of numbers: the loader looks each time.
        case registry
    }

    /// Where it is found.
    package var origin: Origin {
        switch self {
        case .wrongColumnCount, .wrongRecordLength, .quoteUnclosed, .quoteGarbled: .form
        case .missingField, .controlCharacter, .invisibleCharacter, .replacementCharacter, .surroundingSpace,
            .numberNotPlain, .fieldTooLong, .amountMalformed, .amountNotPositive, .amountTooManyDecimals,
            .amountOverLimit, .currencyUnknown, .currencyNotAllowed, .accountMalformed, .accountCheckDigit,
            .bankMalformed, .bankUnknown, .bankCountryDiffers, .idNumberMalformed, .idNumberCheckDigit,
            .dateMalformed, .dateInPast, .dateInFuture, .dateNotWorkingDay, .notInRepertoire, .tooLongForChannels:
            .value
        case .schemaViolation, .undecodableBytes, .samePayment, .paymentMethodNotSupported,
            .orderingAccountMalformed, .currencyMixed, .instructionRepeated, .mandateMissing, .mandateSignedLate,
            .creditorIdentifierMalformed, .bankCheckDigit, .notASCII, .transactionCodeUnknown,
            .transactionCodeDirection, .notALiveEntry, .addendaIndicatorWrong, .addendaMalformed,
            .traceNumberMalformed, .traceNumberForeign, .traceNumberOrder:
            .file
        case .duplicateInFile, .duplicateOfEarlierFile, .duplicateOfQuarantined: .registry
        }
    }
}

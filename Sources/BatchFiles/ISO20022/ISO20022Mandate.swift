import PaymentCore

/// The mandate under which a direct debit is made.
struct ISO20022Mandate: Sendable {
    private var isNamed = false
    /// The day of signature, as it is written, without a time zone.
    private var signedOn: [UInt8] = []

    mutating func take(_ element: ISO20022Element, _ text: Span<UInt8>) {
        switch element {
        case .mandate: isNamed = !XMLDay.trimmed(text).isEmpty && !ISO20022Transaction.isNotProvided(text)
        case .mandateDate: signedOn = XMLDay.digits(text)
        default: break
        }
    }

    /// What is wrong with it; `day`: that of the collection, as it is written.
    func findings(collectedOn day: [UInt8]) -> [RecordFinding] {
        guard isNamed, !signedOn.isEmpty else { return [RecordFinding(code: .mandateMissing, field: nil, value: "")] }
        let signed = String(decoding: signedOn, as: UTF8.self)
        guard let signature = BusinessDate(signed), let collection = BusinessDate(String(decoding: day, as: UTF8.self)),
            signature > collection
        else { return [] }
        return [RecordFinding(code: .mandateSignedLate, field: .executionDate, value: signed)]
    }
}

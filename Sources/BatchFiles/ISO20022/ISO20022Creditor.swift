import PaymentCore

/// Who collects a direct debit, as the scheme knows it.
struct ISO20022Creditor: Sendable {
    private static let sepa = "SEPA"

    private var identifier: [UInt8] = []
    private var scheme = ""
    private var serviceLevel = ""

    mutating func take(_ element: ISO20022Element, _ text: Span<UInt8>) {
        switch element {
        case .creditorIdentifier: identifier = text.withUnsafeBufferPointer { Array($0) }
        case .creditorScheme: scheme = text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        case .serviceLevel: serviceLevel = text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        default: break
        }
    }

    /// What is said of a transaction, where it says nothing itself, by what is said for all.
    func filled(from payment: ISO20022Creditor) -> ISO20022Creditor {
        var filled = self
        if identifier.isEmpty { (filled.identifier, filled.scheme) = (payment.identifier, payment.scheme) }
        if serviceLevel.isEmpty { filled.serviceLevel = payment.serviceLevel }
        return filled
    }

    /// Identifiers of other schemes have rules of their own, which are not known here.
    var findings: [RecordFinding] {
        let isOfSEPA = scheme == Self.sepa || (scheme.isEmpty && serviceLevel == Self.sepa)
        guard isOfSEPA, !CreditorIdentifier.isValid(identifier.span) else { return [] }
        let shown = Masked.account(String(decoding: identifier, as: UTF8.self))
        return [RecordFinding(code: .creditorIdentifierMalformed, field: nil, value: shown, isPersonal: false)]
    }
}

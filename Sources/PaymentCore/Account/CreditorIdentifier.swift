/// Identifiers of creditors in the SEPA direct debit schemes (EPC262-08, AT-02).
package enum CreditorIdentifier {
    /// Whether the identifier has its form and check digits: country, two check digits, three letters or digits of the
    /// business code, then up to 28 of the national identifier.
    ///
    /// The check digits are those of the national identifier and the country alone (mod 97): the creditor chooses the
    /// business code as it likes. Spaces and hyphens inside are no part of the electronic form.
    package static func isValid(_ identifier: Span<UInt8>) -> Bool {
        guard (8...35).contains(identifier.count), identifier[0].isASCIICapital, identifier[1].isASCIICapital,
            identifier[2].isASCIIDigit, identifier[3].isASCIIDigit
        else { return false }
        for index in 4..<identifier.count where !identifier[index].isASCIILetterOrDigit { return false }
        var remainder = 0
        // The national identifier, then the country and the check digits; the business code (4 to 6) is left out.
        for index in 7..<identifier.count { append(identifier[index], to: &remainder) }
        for index in 0..<4 { append(identifier[index], to: &remainder) }
        return remainder == 1
    }

    /// A letter counts as 10 to 35, small ones like their capitals.
    private static func append(_ byte: UInt8, to remainder: inout Int) {
        remainder =
            byte.isASCIIDigit
            ? (remainder * 10 + Int(byte) - 0x30) % 97
            : (remainder * 100 + Int(byte & 0xDF) - 0x41 + 10) % 97
    }
}

/// Business identifier codes (ISO 9362).
package enum BIC {
    /// The editions of the standard, which differ in what the first characters may be.
    package enum Edition: Sendable, Hashable {
        /// `BICIdentifier` of older schemas: `[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?`.
        case iso2009
        /// `BICFIDec2014Identifier`: `[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?`.
        case iso2014
    }

    /// Whether the code has the shape of the edition: 8 or 11 capital letters and digits.
    ///
    /// Whether such a code exists needs a directory.
    package static func hasShape(_ code: Span<UInt8>, edition: Edition = .iso2014) -> Bool {
        guard code.count == 8 || code.count == 11 else { return false }
        for index in 0..<code.count {
            let byte = code[index]
            let isCountry = index == 4 || index == 5
            guard byte.isASCIICapital || (byte.isASCIIDigit && !isCountry) else { return false }
        }
        switch edition {
        case .iso2014: return true
        case .iso2009:
            for index in 0..<4 where !code[index].isASCIICapital { return false }
            // Neither 0 nor 1 begins the location, and the letter O does not end it.
            return code[6] != 0x30 && code[6] != 0x31 && code[7] != 0x4F
        }
    }

    /// Whether the bank of a code may keep the accounts of an IBAN: its country is that of the number, or one that the
    /// IBAN registry lists under the same code.
    ///
    /// True where either is too short to say. Banks keep accounts under the code of another country seldom, but they
    /// do: a difference is a warning, not an error.
    package static func fits(_ code: Span<UInt8>, iban: Span<UInt8>) -> Bool {
        guard code.count >= 6, iban.count >= 2 else { return true }
        let bank = UInt16(code[4]) << 8 | UInt16(code[5])
        let account = UInt16(iban[0]) << 8 | UInt16(iban[1])
        return bank == account || sharedCodes.contains { $0.contains(bank) && $0.contains(account) }
    }

    /// Countries and territories that share a code in the IBAN registry: of France, of the British Crown, of Finland.
    private static let sharedCodes: [Set<UInt16>] = [
        "FR GF GP MQ RE PF TF YT NC BL MF PM WF", "GB GG IM JE", "FI AX",
    ].map { codes in
        Set(
            codes.utf8.split(separator: 0x20).map {
                UInt16($0[$0.startIndex]) << 8 | UInt16($0[$0.index(after: $0.startIndex)])
            }
        )
    }
}

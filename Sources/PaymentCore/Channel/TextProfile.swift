/// What text a channel carries: its characters, and how long each field may be.
package struct TextProfile: Sendable, Hashable {
    /// The characters that a channel carries.
    package enum Repertoire: String, Sendable, Hashable, CaseIterable {
        /// The printable characters of ASCII.
        case ascii
        /// The basic set of the SEPA schemes: letters, digits, `/-?:().,'+` and the space.
        case sepa
        /// GBK without the euro sign at 0x80, which only CP936 has.
        case gbk
        /// GB 18030: all of Unicode.
        case gb18030
        /// UTF-8: all of Unicode.
        case utf8
    }

    /// What a channel counts when it limits a length.
    package enum LengthUnit: String, Sendable, Hashable, CaseIterable {
        /// Unicode scalars as they are sent: nothing is composed or decomposed.
        case characters
        /// Bytes in GBK, and in GB 18030 for what GBK lacks.
        case gbkBytes = "gbk_bytes"
        case utf8Bytes = "utf8_bytes"
    }

    /// The fields of an order that hold text of a merchant.
    package enum Field: String, Sendable, Hashable, CaseIterable {
        case accountNumber = "account_number"
        case accountName = "account_name"
        case bankCode = "bank_code"
        case purpose

        /// The most UTF-8 bytes that any channel's message carries.
        package var messageBytesMax: Int {
            switch self {
            case .accountNumber: 64
            case .accountName: 512
            case .bankCode: 32
            case .purpose: 1_024
            }
        }
    }

    package let repertoire: Repertoire
    package let lengthUnit: LengthUnit
    /// The most of `lengthUnit` of a field; nothing for one that only the message bounds.
    package let lengthMax: [Field: Int]

    /// A profile; without arguments that of a channel which takes whatever its message holds.
    package init(repertoire: Repertoire = .utf8, lengthUnit: LengthUnit = .characters, lengthMax: [Field: Int] = [:]) {
        self.repertoire = repertoire
        self.lengthUnit = lengthUnit
        self.lengthMax = lengthMax
    }
}

extension TextProfile.Repertoire {
    /// Whether the repertoire of single bytes below 0x80 holds one, control characters never.
    package func holds(ascii byte: UInt8) -> Bool {
        guard byte >= 0x20, byte < 0x7F else { return false }
        return self != .sepa || byte.isASCIILetterOrDigit || Self.sepaMarks.contains(byte)
    }

    private static let sepaMarks = Array("/-?:().,'+ ".utf8)
}

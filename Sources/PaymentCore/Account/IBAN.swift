/// International bank account numbers (ISO 13616), in their electronic form: capital letters and digits, no spaces.
package enum IBAN {
    /// What is wrong with a number that is no IBAN.
    package enum Defect: String, Sendable, Hashable {
        /// A character other than a capital letter or a digit, or a wrong one for its place.
        case character
        /// The country has no structure in the registry.
        case country
        /// Longer or shorter than the country's numbers are.
        case length
        /// The check digits are not those of the number (mod 97).
        case checkDigits
    }

    /// The defect of `number`; nil when its country, length, structure and check digits are right.
    ///
    /// National check digits inside the account part are not looked at: no originator is asked for them.
    package static func defect(of number: Span<UInt8>) -> Defect? {
        guard number.count >= 4 else { return .length }
        guard number[0].isASCIICapital, number[1].isASCIICapital else { return .country }
        let country = Int(number[0] - 0x41) * 26 + Int(number[1] - 0x41)
        guard let structure = structures[country] else { return .country }
        guard number.count == 4 + structure.length else { return .length }
        guard number[2].isASCIIDigit, number[3].isASCIIDigit else { return .character }
        var index = 4
        for run in structure.runs {
            for _ in 0..<run.count {
                guard run.kind.admits(number[index]) else { return .character }
                index += 1
            }
        }
        return remainder(of: number) == 1 ? nil : .checkDigits
    }

    /// Whether `number` is a right IBAN.
    package static func isValid(_ number: Span<UInt8>) -> Bool { defect(of: number) == nil }

    /// The number, its first four characters moved to the end and letters read as 10 to 35, modulo 97.
    private static func remainder(of number: Span<UInt8>) -> Int {
        var remainder = 0
        for offset in 0..<number.count {
            let byte = number[(offset + 4) % number.count]
            remainder =
                byte.isASCIIDigit
                ? (remainder * 10 + Int(byte) - 0x30) % 97
                : (remainder * 100 + Int(byte) - 0x41 + 10) % 97
        }
        return remainder
    }

    private enum Kind: UInt8 {
        case digit = 0x6E
        case letter = 0x61
        case either = 0x63

        func admits(_ byte: UInt8) -> Bool {
            switch self {
            case .digit: byte.isASCIIDigit
            case .letter: byte.isASCIICapital
            case .either: byte.isASCIIDigit || byte.isASCIICapital
            }
        }
    }

    private struct Structure {
        var runs: [(count: Int, kind: Kind)] = []
        var length = 0
    }

    /// One slot for each pair of letters.
    private static let structures: [Structure?] = {
        var slots = [Structure?](repeating: nil, count: 26 * 26)
        for line in IBANTable.structures.utf8.split(separator: 0x0A) {
            var structure = Structure()
            var count = 0
            for byte in line.dropFirst(3) {
                if byte.isASCIIDigit {
                    count = count * 10 + Int(byte) - 0x30
                    continue
                }
                guard let kind = Kind(rawValue: byte) else {
                    preconditionFailure("the table of IBAN structures holds an unknown class")
                }
                structure.runs.append((count, kind))
                structure.length += count
                count = 0
            }
            let letters = Array(line.prefix(2))
            slots[Int(letters[0] - 0x41) * 26 + Int(letters[1] - 0x41)] = structure
        }
        return slots
    }()
}

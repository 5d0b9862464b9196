/// What a text may be that ought to be a merchant's number for an order.
///
/// Columns slip, and some merchants number orders by whom they pay. Numbers of letters, digits and marks that begin
/// with a year, a day or a word look like nothing else and stay legible.
package enum PersonalLook: Sendable, Hashable {
    /// A card, an IBAN or an identity number.
    case accountNumber
    /// A name, an address of mail, a mobile number, or words with one of these.
    case nameOrContact

    /// The look of `text`; nil for one that can be shown and kept in the clear.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return nil }
        // A number has a digit; spaces, an @ and other scripts are those of names and addresses.
        guard bytes.contains(where: \.isASCIIDigit), bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x40 }) else {
            self = .nameOrContact
            return
        }
        let runs = bytes.split(whereSeparator: { !$0.isASCIIDigit })
        guard !runs.contains(where: Self.isMobile), !Self.isGroupedMobile(runs) else {
            self = .nameOrContact
            return
        }
        let isAccount =
            runs.contains { Self.isCard($0) || Self.isIdentity($0, in: bytes) } || Self.isGroupedCard(runs)
            || Self.isIBAN(bytes)
        guard isAccount else { return nil }
        self = .accountNumber
    }

    /// Eleven digits from 13 to 19 on, also behind the code of the country.
    private static func isMobile(_ run: ArraySlice<UInt8>) -> Bool {
        let digits = run.count == 13 && run.starts(with: "86".utf8) ? run.dropFirst(2) : run
        guard digits.count == 11, let first = digits.first else { return false }
        return first == 0x31 && digits[digits.startIndex + 1] >= 0x33
    }

    /// So many digits as a card has at least, from 3 to 6 or 9 on; years, days and serials with zeros begin otherwise.
    ///
    /// Cards of the series 2221 to 2720 begin like days, so their check digit must fit.
    private static func isCard(_ run: ArraySlice<UInt8>) -> Bool {
        guard run.count >= CardNumber.lengths.lowerBound, let first = run.first else { return false }
        if (0x33...0x36).contains(first) || first == 0x39 { return true }
        guard run.count == 16, first == 0x32 else { return false }
        let series = run.prefix(4).reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard (2_221...2_720).contains(series) else { return false }
        let digits = Array(run)
        return CardNumber.passesLuhn(digits.span)
    }

    private static func isIBAN(_ bytes: [UInt8]) -> Bool {
        let number = bytes.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }
        return IBAN.isValid(number.span)
    }

    /// The shape of a resident identity number of 18 or 15 characters: a region, and a day of birth that exists.
    private static func isIdentity(_ run: ArraySlice<UInt8>, in bytes: [UInt8]) -> Bool {
        func number(_ digits: Range<Int>) -> Int {
            run[run.startIndex + digits.lowerBound..<run.startIndex + digits.upperBound]
                .reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        let hasX = run.count == 17 && run.endIndex < bytes.endIndex && bytes[run.endIndex] | 0x20 == 0x78
        guard run.count == 18 || run.count == 15 || hasX else { return false }
        let region = number(0..<2)
        let isRegion =
            (11...15).contains(region) || (21...23).contains(region) || (31...37).contains(region)
            || (41...46).contains(region) || (50...54).contains(region) || (61...65).contains(region)
            || (81...83).contains(region) || region == 71 || region == 91
        if run.count == 15 {
            return isRegion
                && BusinessDate(year: 1_900 + number(6..<8), month: number(8..<10), day: number(10..<12)) != nil
        }
        let year = number(6..<10)
        return isRegion && (1_900...2_099).contains(year)
            && BusinessDate(year: year, month: number(10..<12), day: number(12..<14)) != nil
    }

    /// A mobile number written in its groups: 138-0013-8000.
    private static func isGroupedMobile(_ runs: [ArraySlice<UInt8>]) -> Bool {
        guard runs.count >= 3 else { return false }
        return runs.indices.dropLast(2).contains { index in
            let group = runs[index...index + 2]
            return group.map(\.count) == [3, 4, 4] && areTogether(group) && isMobile(group.flatMap(\.self)[...])
        }
    }

    /// A card written in groups of four, with its check digit: 6228-4800-4010-6028-109.
    private static func isGroupedCard(_ runs: [ArraySlice<UInt8>]) -> Bool {
        let groups = runs.drop { $0.count != 4 }
        guard groups.count >= 4, groups.dropLast().allSatisfy({ $0.count == 4 }), areTogether(groups) else {
            return false
        }
        let digits = groups.flatMap(\.self)
        return CardNumber.lengths.contains(digits.count) && isCard(digits[...]) && CardNumber.passesLuhn(digits.span)
    }

    /// Whether one character stands between each two groups.
    private static func areTogether(_ groups: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        zip(groups, groups.dropFirst()).allSatisfy { $0.endIndex + 1 == $1.startIndex }
    }
}

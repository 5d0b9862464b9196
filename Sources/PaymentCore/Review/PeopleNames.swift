/// What somebody logs in with; a person may have several.
package struct LoginName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: String

    /// Nil for anything but 1 to 40 of small letters, digits, dot, hyphen and underscore, the first one a letter.
    package init?(_ value: String) {
        let bytes = value.utf8
        guard (1...40).contains(bytes.count), let first = bytes.first, (0x61...0x7A).contains(first),
            bytes.allSatisfy({ (0x61...0x7A).contains($0) || PeopleNames.isOther($0) })
        else { return nil }
        self.value = value
    }

    package var description: String { value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The number that the company gave a person: it says who is one human being, whatever they log in with.
package struct StaffNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// In capitals, so that one number cannot stand for two people.
    package let value: String

    /// Nil for anything but 1 to 40 of letters, digits, dot, hyphen and underscore, the first a letter or digit.
    package init?(_ value: String) {
        let capitals = value.utf8.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
        guard (1...40).contains(capitals.count), let first = capitals.first, first != 0x2E, first != 0x2D,
            first != 0x5F, capitals.allSatisfy({ (0x41...0x5A).contains($0) || PeopleNames.isOther($0) })
        else { return nil }
        self.value = String(decoding: capitals, as: UTF8.self)
    }

    package var description: String { value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

private enum PeopleNames {
    /// Digits, dot, hyphen, underscore.
    static func isOther(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == 0x2E || byte == 0x2D || byte == 0x5F
    }
}

package import PaymentCore

/// A version of a message of ISO 20022, such as `pain.001.001.09`.
package struct ISO20022Message: Sendable, Hashable {
    /// The kinds of messages that are read.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A customer's credit transfers: payout.
        case creditTransfer = "pain.001"
        /// A customer's direct debits: withhold.
        case directDebit = "pain.008"

        /// What the messages ask for.
        package var direction: Direction {
            switch self {
            case .creditTransfer: .payout
            case .directDebit: .withhold
            }
        }

        /// The kind that asks for a direction.
        package init(direction: Direction) {
            switch direction {
            case .payout: self = .creditTransfer
            case .withhold: self = .directDebit
            }
        }
    }

    /// Its identifier; national variants say so at the end, as in `pain.001.001.03.ch.02`.
    package let name: String

    /// A message by its identifier; nil for a text that is none.
    package init?(name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.count <= 6, parts[0].count == 4,
            parts[0].utf8.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A }),
            parts.dropFirst().allSatisfy({ part in
                (2...3).contains(part.utf8.count)
                    && part.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x7A) }
            })
        else { return nil }
        self.name = name
    }

    /// The message that a namespace names at its end; nil when it names none.
    package init?(namespace: String) {
        guard let end = namespace.split(whereSeparator: { $0 == ":" || $0 == "/" }).last else { return nil }
        self.init(name: end.hasSuffix(".xsd") ? String(end.dropLast(4)) : String(end))
    }

    /// Its kind; nil for a message that is not read as a batch file.
    package var kind: Kind? { Kind.allCases.first { name.hasPrefix($0.rawValue + ".") } }
}

extension ISO20022Message: CustomStringConvertible {
    package var description: String { name }
}

extension ISO20022Message: Comparable {
    /// By name, so that reports list messages in a fixed order.
    package static func < (left: Self, right: Self) -> Bool { left.name < right.name }
}

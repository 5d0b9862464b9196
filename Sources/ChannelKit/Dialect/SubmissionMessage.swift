package import PaymentCore

/// The business content of one submission, whatever the dialect: what an envelope is made from (R1).
///
/// Every field is checked when the message is made, so that no dialect can fail to write it down, nor exceed 4 MiB.
package struct SubmissionMessage: Hashable, Sendable {
    /// Most items that any dialect takes; a channel's own limit is in its specification.
    package static let itemsMax = 1_000

    /// One order of the submission.
    package struct Item: Hashable, Sendable {
        /// Beyond it no item is written down: ten million million units of a currency with two decimals, and a
        /// thousand of it still add up in 64 bits.
        package static let amountMinorMax: Int64 = 1_000_000_000_000_000

        /// The item's number in the submission, from 1.
        package let item: Int32
        /// Our own reference, `<batch>-<line>`: 1–40 of `[A-Za-z0-9-]`.
        package let reference: String
        /// 1–64 bytes.
        package let accountNumber: String
        /// 1–512 bytes.
        package let accountName: String
        /// 0–32 bytes.
        package let bankCode: String
        /// From 1 to `amountMinorMax`, in minor units of the submission's currency.
        package let amountMinor: Int64
        /// 0–1,024 bytes.
        package let purpose: String

        /// Takes one order in.
        ///
        /// Throws `SubmissionMessageDefect` for a field that no channel message can carry: intake lets none pass, so
        /// the order belongs to a person, not to another try.
        package init(
            item: Int32,
            reference: String,
            accountNumber: String,
            accountName: String,
            bankCode: String,
            amountMinor: Int64,
            purpose: String
        ) throws(SubmissionMessageDefect) {
            precondition(item >= 1, "items are numbered from 1")
            func check(
                _ text: String,
                _ field: SubmissionMessageDefect.Field,
                _ range: ClosedRange<Int>
            )
                throws(SubmissionMessageDefect)
            {
                guard range.contains(text.utf8.count), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                    throw SubmissionMessageDefect(item: item, field: field)
                }
            }
            guard ChannelText.isNumber(reference, bytesMax: 40) else {
                throw SubmissionMessageDefect(item: item, field: .reference)
            }
            try check(accountNumber, .accountNumber, 1...TextProfile.Field.accountNumber.messageBytesMax)
            try check(accountName, .accountName, 1...TextProfile.Field.accountName.messageBytesMax)
            try check(bankCode, .bankCode, 0...TextProfile.Field.bankCode.messageBytesMax)
            try check(purpose, .purpose, 0...TextProfile.Field.purpose.messageBytesMax)
            guard (1...Self.amountMinorMax).contains(amountMinor) else {
                throw SubmissionMessageDefect(item: item, field: .amount)
            }
            self.item = item
            self.reference = reference
            self.accountNumber = accountNumber
            self.accountName = accountName
            self.bankCode = bankCode
            self.amountMinor = amountMinor
            self.purpose = purpose
        }
    }

    /// The channel number: 1–32 of `[A-Za-z0-9-]`.
    package let number: String
    /// In the channel's zone, as first sent.
    package let tradeDate: BusinessDate
    package let direction: Direction
    /// ISO 4217.
    package let currency: String
    package let items: [Item]

    /// Puts a submission together; its items are numbered 1…count, in order, 1–1,000 of them.
    package init(
        number: String,
        tradeDate: BusinessDate,
        direction: Direction,
        currency: String,
        items: [Item]
    ) {
        precondition(ChannelText.isNumber(number, bytesMax: 32), "a channel number is 1 to 32 of [A-Za-z0-9-]")
        precondition(ChannelText.isCurrency(currency), "a currency is three capital letters")
        precondition((1...Self.itemsMax).contains(items.count), "a submission has 1 to \(Self.itemsMax) items")
        precondition(
            items.enumerated().allSatisfy { $1.item == Int32($0 + 1) },
            "items are numbered 1 to count, in order"
        )
        self.number = number
        self.tradeDate = tradeDate
        self.direction = direction
        self.currency = currency
        self.items = items
    }

    /// The sum of the items, in minor units; it cannot overflow.
    package var totalAmountMinor: Int64 { items.reduce(0) { $0 + $1.amountMinor } }
}

/// An order that no channel message can carry: which item and which field, never its value.
package struct SubmissionMessageDefect: Error, Hashable, Sendable, CustomStringConvertible {
    /// The fields that are checked.
    package enum Field: String, CaseIterable, Sendable, Hashable {
        case reference
        case accountNumber = "account number"
        case accountName = "account name"
        case bankCode = "bank code"
        case amount
        case purpose
    }

    /// The item's number in the submission, from 1.
    package let item: Int32
    package let field: Field

    package var description: String {
        "the \(field.rawValue) of item \(item) is empty, too long, out of range or holds control characters: "
            + "take the order out of the submission and let a person look at its record"
    }
}

package import PaymentCore
import Transcoding

/// How a merchant writes its files of ISO 20022: which kind of message, in which versions.
///
/// A value of this type has passed its checks, so readers rely on it.
package struct ISO20022Layout: Sendable {
    package let name: String
    package let kind: ISO20022Message.Kind
    /// The messages taken, in order.
    package let messages: [ISO20022Message]
    package let schemas: ISO20022Schemas
    package let limits: DelimitedLayout.Limits
    /// What its records hold: the columns are `columns`.
    package let form: RecordForm
    /// The layout of delimited result files: the same columns, with commas.
    package let resultLayout: DelimitedLayout

    /// What is taken out of each transaction, in this order, titled by the element that it comes from.
    ///
    /// `PmtInfId` and `InstrId` mean nothing to an order; a result message repeats them.
    package static let columns: [LayoutColumn] = [
        LayoutColumn(title: "EndToEndId", field: .merchantOrderNumber, lengthMax: 35),
        LayoutColumn(title: "Acct", field: .accountNumber),
        LayoutColumn(title: "Nm", field: .accountName),
        LayoutColumn(title: "Agt", field: .bankCode),
        LayoutColumn(title: "InstdAmt", field: .amount, lengthMax: 40),
        LayoutColumn(title: "Ccy", field: .currency),
        // One line of remittance information has 140 characters at most, and there may be several.
        LayoutColumn(title: "RmtInf", field: .purpose, lengthMax: 1_000),
        LayoutColumn(title: "PmtInfId", lengthMax: 35),
        LayoutColumn(title: "InstrId", lengthMax: 35),
        LayoutColumn(title: "ReqdDt", field: .executionDate, lengthMax: 35),
    ]

    /// A layout of the messages that ask for `direction`; of all that have a schema, unless `messages` names some.
    package init(
        name: String,
        direction: Direction,
        messages: [String]? = nil,
        schemas: ISO20022Schemas,
        limits: DelimitedLayout.Limits = DelimitedLayout.Limits()
    ) throws(LayoutDefect) {
        let kind = ISO20022Message.Kind(direction: direction)
        let known = schemas.messages(of: kind)
        var taken = known
        if let messages {
            taken = []
            for name in messages {
                guard let message = known.first(where: { $0.name == name }) else {
                    throw LayoutDefect(
                        key: "messages",
                        what: "‘\(name)’ is no message for \(direction.rawValue) that has a schema",
                        mend: "take from \(known.map(\.name).joined(separator: ", ")), or add the schema"
                    )
                }
                taken.append(message)
            }
        }
        guard !taken.isEmpty else {
            throw LayoutDefect(
                key: "messages",
                what: "there is no message for \(direction.rawValue)",
                mend: "name one, and put schemas of \(kind.rawValue) into schemas/iso20022"
            )
        }
        self.name = name
        self.kind = kind
        self.messages = taken.sorted()
        self.schemas = schemas
        self.limits = limits
        self.form = RecordForm(
            layout: name,
            columns: Self.columns,
            charset: .utf8,
            amountUnit: .major,
            defaultCurrency: nil
        )
        self.resultLayout = try DelimitedLayout(of: form, limits: limits)
    }
}

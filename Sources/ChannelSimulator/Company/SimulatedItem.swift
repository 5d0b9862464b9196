/// One order as the company took it, with what becomes of it.
///
/// Its fate is decided when the batch is taken, so that a crash in between changes nothing.
package struct SimulatedItem: Sendable, Equatable {
    package let reference: String
    package let accountNumber: String
    /// Minor units.
    package let amount: Int64
    package let fate: Fate
    package let mask: Mask

    package enum Fate: Sendable, Equatable {
        /// The money moves at a time, in milliseconds since 1970.
        case paid(at: Int64)
        case refused(ItemCode, at: Int64)
        case refusedAtSubmit(ItemCode)
        /// In process for ever; no money moves.
        case neverFinished
    }

    /// What queries show instead of the code of a finished item.
    package enum Mask: String, Sendable {
        case honest = ""
        case unknown
        case unknownTwice = "unknown_twice"
    }

    package init(reference: String, accountNumber: String, amount: Int64, fate: Fate, mask: Mask) {
        self.reference = reference
        self.accountNumber = accountNumber
        self.amount = amount
        self.fate = fate
        self.mask = mask
    }

    /// Whether queries at `now` no longer find it in process.
    func isFinished(at now: Int64) -> Bool {
        switch fate {
        case .paid(let at), .refused(_, let at): at <= now
        case .refusedAtSubmit: true
        case .neverFinished: false
        }
    }

    /// The true code and its words, once finished.
    var finalCode: (code: String, message: String) {
        switch fate {
        case .paid: ("S000", "")
        case .refused(let code, _), .refusedAtSubmit(let code): (code.rawValue, code.message)
        case .neverFinished: ("P001", "")
        }
    }
}

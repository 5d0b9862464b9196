import PaymentCore

/// The two digits that say what an entry does to which kind of account.
///
/// The first digit is the kind of account (2 checking, 3 savings, 4 general ledger, 5 loan), the second what is done.
struct NACHATransactionCode: Sendable, Hashable {
    /// What an entry is there for.
    enum Purpose: Sendable, Hashable {
        /// It moves money.
        case live
        /// It tries out an account, or carries words only: no money moves.
        case withoutMoney
        /// It comes back, or notifies of a change.
        case returned
    }

    /// Credits pay out, debits withhold.
    let direction: Direction
    let purpose: Purpose
    private let kind: UInt8

    /// Nil for what the rulebook does not list.
    init?(_ line: NACHALine) {
        let kind = line[2]
        switch (kind, line[3]) {
        case (0x32...0x35, 0x31): self.init(kind, .payout, .returned)
        case (0x32...0x35, 0x32): self.init(kind, .payout, .live)
        case (0x32...0x35, 0x33), (0x32...0x35, 0x34): self.init(kind, .payout, .withoutMoney)
        // Loans are debited only to reverse.
        case (0x35, 0x35): self.init(kind, .withhold, .live)
        case (0x32...0x35, 0x36): self.init(kind, .withhold, .returned)
        case (0x32...0x34, 0x37): self.init(kind, .withhold, .live)
        case (0x32...0x34, 0x38), (0x32...0x34, 0x39): self.init(kind, .withhold, .withoutMoney)
        default: return nil
        }
    }

    private init(_ kind: UInt8, _ direction: Direction, _ purpose: Purpose) {
        self.kind = kind
        self.direction = direction
        self.purpose = purpose
    }

    /// The code with which such an entry comes back.
    var returning: [UInt8] { [kind] + Self.returning(direction).suffix(1) }

    /// The code with which an entry comes back whose own cannot be read: as one of a checking account.
    static func returning(_ direction: Direction) -> [UInt8] { [0x32, direction == .payout ? 0x31 : 0x36] }
}

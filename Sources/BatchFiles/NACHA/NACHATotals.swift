import PaymentCore

/// What the entries of a batch or of a file add up to, as its control record must say.
struct NACHATotals: Sendable {
    /// The hash keeps ten digits.
    private static let hashModulus: Int64 = 10_000_000_000
    /// The most that a routing number adds to it.
    private static let routingMax: Int64 = 99_999_999

    private(set) var entries: Int64 = 0
    private(set) var addenda: Int64 = 0
    private(set) var credits: Int64 = 0
    private(set) var debits: Int64 = 0
    /// Amounts under a transaction code that says no direction.
    private var undirected: Int64 = 0
    /// Entries whose amount is not ten digits.
    private var unreadableAmounts: Int64 = 0
    private var routingSum: Int64 = 0
    /// Entries whose routing number is not eight digits.
    private var unreadableRoutings: Int64 = 0

    mutating func addEntry(_ line: NACHALine) {
        entries += 1
        if let routing = line.digits(4...11) { routingSum += routing } else { unreadableRoutings += 1 }
        guard let amount = line.digits(30...39) else {
            unreadableAmounts += 1
            return
        }
        switch NACHATransactionCode(line)?.direction {
        case .payout: credits += amount
        case .withhold: debits += amount
        case nil: undirected += amount
        }
    }

    mutating func addAddenda() { addenda += 1 }

    mutating func add(_ other: NACHATotals) {
        entries += other.entries
        addenda += other.addenda
        credits += other.credits
        debits += other.debits
        undirected += other.undirected
        unreadableAmounts += other.unreadableAmounts
        routingSum += other.routingSum
        unreadableRoutings += other.unreadableRoutings
    }

    var entriesAndAddenda: Int64 { entries + addenda }
    /// The sum of the first eight digits of all routing numbers, its last ten digits.
    var entryHash: Int64 { routingSum % Self.hashModulus }

    /// Whether a declared hash can be right.
    ///
    /// Each routing number that cannot be read, and costs its record, explains as much as eight digits can say, and no
    /// more: the first hundred leave most wrong hashes without an excuse.
    func admits(hash: Int64) -> Bool {
        let difference = (hash - entryHash + Self.hashModulus) % Self.hashModulus
        return difference <= unreadableRoutings * Self.routingMax
    }

    /// Whether a declared total can be that of the entries, all of which should move in `direction`.
    ///
    /// Entries that will be set aside leave room: an amount that cannot be read for more, one under the code of another
    /// direction, or of none, for less, as its sender may have added it or not.
    func admits(total: Int64, in direction: Direction) -> Bool {
        let certain = direction == .payout ? credits : debits
        guard total >= certain else { return false }
        return unreadableAmounts > 0 || total <= credits + debits + undirected
    }

    /// Whether both totals are exactly those of the entries, each of which can be read.
    func admits(credits: Int64, debits: Int64) -> Bool {
        unreadableAmounts == 0 && undirected == 0 && credits == self.credits && debits == self.debits
    }
}

/// What the amounts of a file are held against before its orders may move by themselves (pitfall A3).
///
/// Minor units by currency; a currency without an entry has no ceiling.
package struct AmountCeilings: Sendable, Hashable {
    /// What an amount is summed up over; the raw value is the code of the orders that it holds.
    package enum Scope: String, CaseIterable, Sendable, Hashable {
        /// One file.
        case file = "ceiling_file"
        /// All files of one merchant and business date, in both directions.
        case merchantDay = "ceiling_merchant_day"
        /// All files of one business date.
        case deploymentDay = "ceiling_deployment_day"

        /// For people: `the ceiling of …`.
        package var words: String {
            switch self {
            case .file: "a file"
            case .merchantDay: "the merchant's day"
            case .deploymentDay: "the day of all merchants"
            }
        }
    }

    package var file: [Currency: Int64]
    package var merchantDay: [Currency: Int64]
    package var deploymentDay: [Currency: Int64]

    package init(
        file: [Currency: Int64] = [:],
        merchantDay: [Currency: Int64] = [:],
        deploymentDay: [Currency: Int64] = [:]
    ) {
        self.file = file
        self.merchantDay = merchantDay
        self.deploymentDay = deploymentDay
    }

    /// The first ceiling that a file goes beyond: the narrowest scope, then the first currency; nil if it keeps all.
    ///
    /// A sum that reaches a ceiling keeps it.
    ///
    /// `accepted`: what the file would add.
    ///
    /// `counted`: what other files count already, by scope.
    package func breach(
        by accepted: [Currency: Int128],
        beside counted: [Scope: [Currency: Int128]]
    ) -> CeilingBreach? {
        for scope in Scope.allCases {
            for (currency, ceiling) in self[scope].sorted(by: { $0.key < $1.key }) {
                guard let added = accepted[currency], added > 0 else { continue }
                let sum = added + (counted[scope]?[currency] ?? 0)
                if sum > Int128(ceiling) {
                    return CeilingBreach(scope: scope, currency: currency, sumMinor: sum, ceilingMinor: ceiling)
                }
            }
        }
        return nil
    }

    /// The ceilings of one scope.
    package subscript(scope: Scope) -> [Currency: Int64] {
        switch scope {
        case .file: file
        case .merchantDay: merchantDay
        case .deploymentDay: deploymentDay
        }
    }
}

/// A file found above a ceiling.
package struct CeilingBreach: Sendable, Hashable {
    package let scope: AmountCeilings.Scope
    package let currency: Currency
    /// With what other files of the scope count.
    package let sumMinor: Int128
    package let ceilingMinor: Int64

    package init(scope: AmountCeilings.Scope, currency: Currency, sumMinor: Int128, ceilingMinor: Int64) {
        self.scope = scope
        self.currency = currency
        self.sumMinor = sumMinor
        self.ceilingMinor = ceilingMinor
    }

    /// For the person who is called: nothing personal.
    package func message(batch: BatchIdentifier) -> String {
        let sum =
            Int64(exactly: sumMinor).map { Money(minor: $0, currency: currency).description }
            ?? "\(sumMinor) minor units of \(currency.code)"
        return "batch \(batch) brings the sum to \(sum), above the ceiling of \(scope.words), "
            + "\(Money(minor: ceilingMinor, currency: currency)); all of its orders are held. Approve or cancel them: "
            + "sluice review list"
    }
}

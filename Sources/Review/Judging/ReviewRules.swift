package import BatchFiles
package import PaymentCore

/// What quarantined records are judged by: the same layouts, rules and channels that intake has.
package struct ReviewRules: Sendable {
    /// What surrounds the records of a merchant's file of a direction and a day.
    package typealias Context = @Sendable (MerchantNumber, Direction, BusinessDate) -> RecordContext

    /// By the name of the layout.
    let forms: [String: RecordForm]
    let rules: [MerchantNumber: RecordRules]
    let context: Context

    package init(
        forms: [String: RecordForm],
        rules: [MerchantNumber: RecordRules],
        context: @escaping Context
    ) {
        (self.forms, self.rules, self.context) = (forms, rules, context)
    }
}

/// The account rules of a plan, in the order in which they are looked at.
struct AccountRules: Sendable {
    // Two suffixes of one length never fit the same account, so that the order among them does not matter.
    private let rules: [(suffix: [UInt8], rule: BehaviourPlan.AccountRule)]

    init(_ rules: [String: BehaviourPlan.AccountRule]) {
        self.rules = rules.map { (suffix: Array($0.key.utf8), rule: $0.value) }
            .sorted { $0.suffix.count > $1.suffix.count }
    }

    /// The rule of the longest suffix of `accountNumber`, if there is one.
    func rule(for accountNumber: String) -> BehaviourPlan.AccountRule? {
        rules.first { accountNumber.utf8.suffix($0.suffix.count).elementsEqual($0.suffix) }?.rule
    }

    /// The first value that a rule of these accounts gives, in the order of the items.
    func first<Value>(
        for accountNumbers: some Sequence<String>,
        _ value: (BehaviourPlan.AccountRule) -> Value?
    ) -> Value? {
        guard !rules.isEmpty else { return nil }
        for accountNumber in accountNumbers {
            if let rule = rule(for: accountNumber), let value = value(rule) { return value }
        }
        return nil
    }
}

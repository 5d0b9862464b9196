import Yams

extension BehaviourPlan {
    /// Reads `settle`, `behaviours`, `items` and `accounts` of a channel of the configuration.
    init(_ fields: inout YAMLFields) throws(SimulatorError) {
        self.init()
        if let settle = try fields.optional("settle", YAMLFields.range) { self.settle = settle }
        if let behaviours = try fields.optional("behaviours", YAMLFields.init) { try read(behaviours) }
        if let items = try fields.optional("items", ItemShares.init(_:file:)) { self.items = items }
        guard let accounts = try fields.optional("accounts", YAMLFields.init) else { return }
        var rules = accounts
        for suffix in try accounts.keys() {
            guard (1...32).contains(suffix.utf8.count) else {
                throw SimulatorError(
                    .configuration,
                    "\(accounts.file): an account rule's key has 1 to 32 last digits; shorten it"
                )
            }
            self.accounts[suffix] = try rules.required(suffix, AccountRule.init(_:file:))
        }
    }

    private mutating func read(_ behaviours: YAMLFields) throws(SimulatorError) {
        var fields = behaviours
        for fault in SubmitFault.allCases {
            submitFaults[fault] = try fields.optional(fault.rawValue, YAMLFields.perMille)
        }
        for fault in QueryFault.allCases {
            queryFaults[fault] = try fields.optional(fault.rawValue, YAMLFields.perMille)
        }
        notFoundFor = try fields.optional("not_found_for", Delay.init(_:file:))
        finishLate = try fields.optional("finish_late", Delay.init(_:file:))
        takeSlowly = try fields.optional("take_slowly", Delay.init(_:file:))
        try fields.finish()
        try Self.limit(submitFaults.values, "submit faults", file: fields.file)
        try Self.limit(queryFaults.values, "query faults", file: fields.file)
    }

    fileprivate static func limit(
        _ shares: some Sequence<Int>,
        _ what: String,
        file: String
    ) throws(SimulatorError) {
        guard shares.reduce(0, +) <= 1_000 else {
            throw SimulatorError(.configuration, "\(file): the \(what) add up to more than 1000 per mille; lower them")
        }
    }
}

extension BehaviourPlan.Delay {
    fileprivate init(_ node: Node, file: String) throws(SimulatorError) {
        var fields = try YAMLFields(node, file: file)
        self.init(
            perMille: try fields.required("per_mille", YAMLFields.perMille),
            milliseconds: try fields.required("time", YAMLFields.milliseconds)
        )
        try fields.finish()
    }
}

extension BehaviourPlan.ItemShares {
    fileprivate init(_ node: Node, file: String) throws(SimulatorError) {
        var fields = try YAMLFields(node, file: file)
        refuse = try fields.optional("refuse", Self.shares) ?? [:]
        refuseAtSubmit = try fields.optional("refuse_at_submit", Self.shares) ?? [:]
        unknownCode = try fields.optional("unknown_code", YAMLFields.perMille) ?? 0
        unknownCodeThenFinal = try fields.optional("unknown_code_then_final", YAMLFields.perMille) ?? 0
        neverFinish = try fields.optional("never_finish", YAMLFields.perMille) ?? 0
        try fields.finish()
        try BehaviourPlan.limit(
            Array(refuse.values) + Array(refuseAtSubmit.values) + [neverFinish],
            "outcomes of items",
            file: file
        )
        try BehaviourPlan.limit([unknownCode, unknownCodeThenFinal], "unknown codes of items", file: file)
    }

    private static func shares(_ node: Node, file: String) throws(SimulatorError) -> [ItemCode: Int] {
        var fields = try YAMLFields(node, file: file)
        var shares: [ItemCode: Int] = [:]
        for code in ItemCode.allCases {
            shares[code] = try fields.optional(code.rawValue, YAMLFields.perMille)
        }
        try fields.finish()
        return shares
    }
}

extension BehaviourPlan.AccountRule {
    fileprivate init(_ node: Node, file: String) throws(SimulatorError) {
        var fields = try YAMLFields(node, file: file)
        let outcomes: [Outcome?] = [
            try fields.optional("refuse", YAMLFields.itemCode).map(Outcome.refuse),
            try fields.optional("refuse_at_submit", YAMLFields.itemCode).map(Outcome.refuseAtSubmit),
            try Self.isSet("never_finish", &fields) ? .neverFinish : nil,
        ]
        outcome = try Self.only(outcomes, "outcome", node, file: file)
        let masks: [SimulatedItem.Mask?] = [
            try Self.isSet("unknown_code", &fields) ? .unknown : nil,
            try Self.isSet("unknown_code_then_final", &fields) ? .unknownTwice : nil,
        ]
        mask = try Self.only(masks, "unknown code", node, file: file)
        var submitFaults: [SubmitFault?] = []
        for fault in SubmitFault.allCases {
            if try Self.isSet(fault.rawValue, &fields) { submitFaults.append(fault) }
        }
        submitFault = try Self.only(submitFaults, "submit fault", node, file: file)
        var queryFaults: [QueryFault?] = []
        for fault in QueryFault.allCases {
            if try Self.isSet(fault.rawValue, &fields) { queryFaults.append(fault) }
        }
        queryFault = try Self.only(queryFaults, "query fault", node, file: file)
        notFoundFor = try fields.optional("not_found_for", YAMLFields.milliseconds)
        finishLate = try fields.optional("finish_late", YAMLFields.milliseconds)
        takeSlowly = try fields.optional("take_slowly", YAMLFields.milliseconds)
        try fields.finish()
    }

    private static func isSet(_ key: String, _ fields: inout YAMLFields) throws(SimulatorError) -> Bool {
        try fields.optional(key, YAMLFields.boolean) ?? false
    }

    private static func only<Value>(
        _ values: [Value?],
        _ what: String,
        _ node: Node,
        file: String
    ) throws(SimulatorError) -> Value? {
        let given = values.compactMap { $0 }
        guard given.count <= 1 else {
            throw YAMLFields.error(node, file: file, "an account rule has at most one \(what); keep one")
        }
        return given.first
    }
}

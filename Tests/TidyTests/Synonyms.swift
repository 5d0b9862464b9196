/// Words that compete with those of the architecture's section 1, and the word that is right instead.
///
/// A phrase is matched against the words inside identifiers, string literals and SQL, whatever their case:
/// `retry count` finds `retryCount`, `retry_count` and `RetryCounts`. Comments may explain with other people's words.
enum Synonyms {
    /// The targets that speak of payments; bindings speak the words of their libraries.
    static let domain: Set<String> = [
        "PaymentCore", "BatchFiles", "ChannelKit", "Store", "Pipeline", "Review", "PostgresStore", "Console", "sluice",
    ]

    static let phrases: [Synonym] = [
        Synonym("debit batch", "withhold file"), Synonym("debit file", "withhold file"),
        Synonym("credit batch", "payout file"), Synonym("credit file", "payout file"),
        Synonym("remittance", "payout"), Synonym("disbursement", "payout"),
        Synonym("transaction row", "record or order"), Synonym("payment row", "order"),
        Synonym("payment record", "order"), Synonym("payment transaction", "order"),
        Synonym("supplier", "channel"), Synonym("acquirer", "channel"), Synonym("payment gateway", "channel"),
        Synonym("provider", "channel", in: domain.subtracting(["sluice"])),
        Synonym("tenant", "merchant"), Synonym("business client", "merchant"),
        Synonym("client number", "merchant number"),
        Synonym("client file", "batch file"), Synonym("customer file", "batch file"),
        Synonym("input file", "batch file"),
        Synonym("rejected row", "quarantined record"), Synonym("error record", "quarantined record"),
        Synonym("dead letter", "quarantined record"),
        Synonym("retry file", "supplement"), Synonym("resubmission file", "supplement"),
        Synonym("retry count", "poll count or attempt number"), Synonym("poll attempt", "poll"),
        Synonym("query attempt", "poll"),
        Synonym("job execution", "run"), Synonym("job instance", "run"), Synonym("daemon", "worker"),
        Synonym("bulk", "batch"), Synonym("work unit", "chunk"), Synonym("work packet", "chunk"),
        Synonym("pause queue", "lane"), Synonym("channel queue", "lane"), Synonym("submit queue", "submit lane"),
        Synonym("query queue", "query lane"),
        Synonym("fencing token", "epoch"), Synonym("lease token", "epoch"),
        Synonym("request log", "exchange"), Synonym("message log", "exchange"),
        Synonym("chargeback", "return"), Synonym("payment adjustment", "correction"),
        Synonym("reconciliation file", "statement"), Synonym("discrepancy", "break"),
        Synonym("ticket", "review item"), Synonym("alert", "alarm"),
    ]

    /// Places where such a word belongs to somebody else's format; each must still be in use.
    static let exceptions: [BanException] = [
        BanException(
            file: "Sources/sluice/Schedule/SystemdText.swift",
            word: "daemon",
            reason: "systemd's own command"
        )
    ]
}

/// One phrase and the word that is right.
struct Synonym {
    let phrase: [String]
    let right: String
    let targets: Set<String>

    init(_ phrase: String, _ right: String, in targets: Set<String> = Synonyms.domain) {
        self.phrase = phrase.split(separator: " ").map(String.init)
        self.right = right
        self.targets = targets
    }

    var text: String { phrase.joined(separator: " ") }
}

import PaymentCore
import StrictYAML

/// Reads the keys of a specification, each within bounds and all of them against one another.
struct SpecificationReader {
    /// A dead worker's chunks come free only after the lease.
    private static let leaseMax = TimeSpan.minutes(5)

    let root: YAMLMapping

    func specification(sha256: [UInt8]) throws(YAMLError) -> ChannelSpecification {
        let dialect = try root.enumeration("dialect", as: DialectName.self)
        let environmentClass = try root.enumeration("class", as: EnvironmentClass.self)
        let directions = try self.directions()
        let deadlines = try self.deadlines()
        let pace = PaceReader(root: root)
        let specification = ChannelSpecification(
            name: try name(),
            title: try title(),
            dialect: dialect,
            environmentClass: environmentClass,
            directions: directions,
            currencies: try currencies(),
            zone: try zone(),
            endpoint: try endpoint(environmentClass),
            deadlines: deadlines,
            limits: try limits(),
            text: try TextReader(root: root).profile(),
            concurrency: try concurrency(),
            rate: try pace.rate(),
            breaker: try pace.breaker(),
            numberRule: try numberRule(dialect),
            codes: try CodeTableReader(codes: try root.mapping("codes")).table(),
            sha256: sha256,
            policies: try PolicyReader(root: root, deadlines: deadlines).policies(for: directions)
        )
        try root.finish()
        return specification
    }

    private func name() throws(YAMLError) -> ChannelName {
        let name = try root.string("channel")
        guard (1...32).contains(name.utf8.count), name.utf8.first != UInt8(ascii: "-"),
            name.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D })
        else {
            throw root.error(
                at: "channel",
                what: "not a channel's name",
                mend: "write 1 to 32 of small letters, digits and hyphens"
            )
        }
        return ChannelName(name)
    }

    private func title() throws(YAMLError) -> String {
        let title = try root.string("title")
        guard (1...100).contains(title.utf8.count) else {
            throw root.error(at: "title", what: "the title is empty or too long", mend: "write 1 to 100 bytes")
        }
        return title
    }

    private func directions() throws(YAMLError) -> Set<Direction> {
        let words = Dictionary(uniqueKeysWithValues: Direction.allCases.map { ($0.rawValue, $0) })
        var directions: Set<Direction> = []
        for element in try root.node("directions").elements() {
            guard directions.insert(try element.enumeration(words)).inserted else {
                throw element.error(what: "a direction is listed twice", mend: "remove one of them")
            }
        }
        guard !directions.isEmpty else {
            throw root.error(at: "directions", what: "no direction is listed", mend: "list payout, withhold or both")
        }
        return directions
    }

    private func currencies() throws(YAMLError) -> Set<String> {
        var currencies: Set<String> = []
        for element in try root.node("currencies").elements() {
            let currency = try element.string()
            guard ChannelText.isCurrency(currency) else {
                throw element.error(what: "not an ISO 4217 code", mend: "write three capital letters, as in CNY")
            }
            guard currencies.insert(currency).inserted else {
                throw element.error(what: "a currency is listed twice", mend: "remove one of them")
            }
        }
        guard !currencies.isEmpty else {
            throw root.error(at: "currencies", what: "no currency is listed", mend: "list at least one, as in [CNY]")
        }
        return currencies
    }

    private func zone() throws(YAMLError) -> TradeZone {
        guard let zone = TradeZone(identifier: try root.string("time_zone")) else {
            throw root.error(
                at: "time_zone",
                what: "not a time zone of this machine's database",
                mend: "write an IANA name, as in Asia/Shanghai, or UTC"
            )
        }
        return zone
    }

    private func endpoint(_ environmentClass: EnvironmentClass) throws(YAMLError) -> ChannelSpecification.Endpoint {
        let mapping = try root.mapping("endpoint")
        let merchantID = try mapping.string("merchant_id")
        guard ChannelText.isNumber(merchantID, bytesMax: 64) else {
            throw mapping.error(
                at: "merchant_id",
                what: "not a merchant id",
                mend: "write 1 to 64 of letters, digits and hyphens"
            )
        }
        guard let secret = Reference(try mapping.string("secret")) else {
            throw mapping.error(
                at: "secret",
                what: "a secret never stands in a file",
                mend: "write env:NAME or file:/PATH, and change the secret if it was one"
            )
        }
        return ChannelSpecification.Endpoint(
            url: try address(mapping, environmentClass),
            merchantID: merchantID,
            secret: secret,
            certificates: try certificates(mapping)
        )
    }

    private func certificates(_ mapping: YAMLMapping) throws(YAMLError) -> String? {
        guard let text = try mapping.optionalString("certificates") else { return nil }
        guard case .file(let path)? = Reference(text) else {
            throw mapping.error(
                at: "certificates",
                what: "not the name of a PEM file",
                mend: "write file:/PATH, or leave it out to trust the operating system's authorities"
            )
        }
        return path
    }

    private func address(
        _ mapping: YAMLMapping,
        _ environmentClass: EnvironmentClass
    ) throws(YAMLError) -> ChannelSpecification.Endpoint.Address {
        let text = try mapping.string("url")
        if let reference = Reference(text) { return .reference(reference) }
        do {
            return .literal(try BaseURL(text, environmentClass: environmentClass))
        } catch {
            switch error {
            case .notAnAddress:
                throw mapping.error(
                    at: "url",
                    what: "neither a reference nor an address",
                    mend: "write env:NAME, file:/PATH or https://HOST[:PORT], without a path"
                )
            case .plainText:
                throw mapping.error(
                    at: "url",
                    what: "class production speaks https only (R13)",
                    mend: "write https://"
                )
            case .plainTextBeyondLoopback:
                throw mapping.error(
                    at: "url",
                    what: "plain HTTP never leaves this machine (R13)",
                    mend: "write https://, or a loopback address"
                )
            }
        }
    }

    private func deadlines() throws(YAMLError) -> ChannelDeadlines {
        let mapping = try root.mapping("deadlines")
        let range = Duration.milliseconds(10)...Duration.seconds(300)
        let connect = TimeSpan(try mapping.duration("connect", in: range))
        let total = TimeSpan(try mapping.duration("total", in: range))
        let stall = TimeSpan(try mapping.duration("stall", in: range))
        let sendBy = TimeSpan(try mapping.duration("send_by", in: range))
        guard connect <= total else {
            throw mapping.error(at: "connect", what: "longer than `total`", mend: "choose at most the total deadline")
        }
        guard stall <= total else {
            throw mapping.error(at: "stall", what: "longer than `total`", mend: "choose at most the total deadline")
        }
        let deadlines = ChannelDeadlines(connect: connect, total: total, stall: stall, sendBy: sendBy)
        guard deadlines.lease <= Self.leaseMax else {
            throw mapping.error(
                at: "total",
                what: "`send_by` and `total` need a lease beyond 5 minutes (R10)",
                mend: "keep their sum, and 5 seconds, within 5 minutes"
            )
        }
        return deadlines
    }

    private func limits() throws(YAMLError) -> ChannelSpecification.Limits {
        let mapping = try root.mapping("limits")
        return ChannelSpecification.Limits(
            itemsPerSubmission: try mapping.int("items_per_submission", in: 1...SubmissionMessage.itemsMax),
            amountMinorMax: Int64(
                try mapping.int("amount_max", in: 1...Int(SubmissionMessage.Item.amountMinorMax))
            ),
            responseBytesMax: try mapping.int("response_bytes", in: 1_024...JSONBatchCodec.bodyBytesMax)
        )
    }

    private func concurrency() throws(YAMLError) -> ChannelSpecification.Concurrency {
        let mapping = try root.mapping("concurrency")
        return ChannelSpecification.Concurrency(
            submit: try mapping.int("submit", in: 1...1_000),
            query: try mapping.int("query", in: 1...1_000)
        )
    }

    private func numberRule(_ dialect: DialectName) throws(YAMLError) -> NumberRule {
        let mapping = try root.mapping("number")
        let prefix = try mapping.string("prefix")
        guard prefix.utf8.allSatisfy({ (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) }), !prefix.isEmpty
        else {
            throw mapping.error(
                at: "prefix",
                what: "not a prefix of numbers",
                mend: "write capital letters and digits only"
            )
        }
        let bytesMax = NumberRule.prefixBytesMax(dialect)
        guard prefix.utf8.count <= bytesMax else {
            throw mapping.error(
                at: "prefix",
                what: "with it a number may exceed the dialect's \(dialect.numberBytesMax) bytes",
                mend: "choose at most \(bytesMax)"
            )
        }
        return NumberRule(prefix: prefix, scope: try mapping.enumeration("scope"))
    }
}

extension TimeSpan {
    /// A duration of a file, whose smallest unit is the millisecond.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
}

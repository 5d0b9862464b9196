import BatchFiles
import ChannelKit
import PaymentCore
import Pipeline
import Store
import StrictYAML

/// Whether payments that look like one payment twice are told of.
private enum SamePaymentRule: String, CaseIterable {
    case off
    case warn
}

/// Reads `Config/merchants/NAME.yaml`: how a merchant's files are judged and where its orders go.
enum MerchantFile {
    static func load(
        _ path: String,
        channels: [ChannelName: ChannelSpecification],
        calendars: [String: WorkingCalendar]
    ) throws(YAMLError) -> MerchantProfile {
        try profile(try YAMLMapping.load(file: path), channels: channels, calendars: calendars)
    }

    /// `channels`: those that routes may name; `calendars`: those that records may keep to.
    static func profile(
        _ root: YAMLMapping,
        channels: [ChannelName: ChannelSpecification],
        calendars: [String: WorkingCalendar]
    ) throws(YAMLError) -> MerchantProfile {
        let number = try ConfigurationFolder.name("merchant", of: root)
        guard (1...40).contains(number.utf8.count), number.utf8.allSatisfy(isPartOfNumber) else {
            throw root.error(
                at: "merchant",
                what: "not a merchant number",
                mend: "write 1 to 40 of letters, digits, hyphens and underscores"
            )
        }
        let title = try root.string("title")
        guard (1...200).contains(title.utf8.count) else {
            throw root.error(at: "title", what: "the title is empty or too long", mend: "write 1 to 200 bytes")
        }
        let role = try root.optionalString("database_role")
        guard role.map({ (1...63).contains($0.utf8.count) }) ?? true else {
            throw root.error(at: "database_role", what: "not a role's name", mend: "write 1 to 63 bytes")
        }
        let records = try root.mapping("records")
        let profile = MerchantProfile(
            number: MerchantNumber(number),
            title: title,
            databaseRole: role,
            resultDueAfter: TimeSpan(try root.duration("result_due_after", in: .seconds(1) ... .seconds(2_678_400))),
            rules: try rules(records, calendars: calendars),
            tolerance: try tolerance(try root.optionalMapping("tolerance")),
            routes: try routes(try root.mapping("routes"), channels: channels),
            attempts: try attempts(try root.optionalMapping("attempts")),
            ceilings: try ceilings(try root.optionalMapping("ceilings")),
            duplicates: try duplicates(try root.optionalMapping("files"), records),
            results: try root.optionalEnumeration("results") ?? .same
        )
        try root.finish()
        return profile
    }

    private static func duplicates(_ files: YAMLMapping?, _ records: YAMLMapping) throws(YAMLError) -> DuplicateRules {
        let standard = DuplicateRules()
        let isWarning = try records.optionalEnumeration("same_payment", as: SamePaymentRule.self) != .off
        let days = try records.optionalInt("same_payment_days", in: 0...31)
        if let days, !isWarning {
            throw records.error(
                at: "same_payment_days",
                what: "\(days) days are given for what is not looked for",
                mend: "leave the key out, or write same_payment: warn"
            )
        }
        return DuplicateRules(
            sameName: try files?.optionalEnumeration("same_name", as: DuplicateRules.SameName.self)
                ?? standard.sameName,
            isSuperseding: try records.bool("superseding", default: standard.isSuperseding),
            samePaymentDays: isWarning ? days ?? standard.samePaymentDays : nil
        )
    }

    private static func attempts(_ mapping: YAMLMapping?) throws(YAMLError) -> AttemptRule {
        guard let mapping else { return AttemptRule() }
        let standard = AttemptRule()
        return AttemptRule(
            attemptsMax: Int16(try mapping.optionalInt("max", in: 1...9) ?? Int(standard.attemptsMax)),
            limitDelay: try mapping.optionalDuration("limit_after", in: .seconds(1) ... .seconds(2_678_400))
                .map { TimeSpan($0) }
        )
    }

    private static func rules(
        _ records: YAMLMapping,
        calendars: [String: WorkingCalendar]
    ) throws(YAMLError) -> RecordRules {
        let accountForm = try records.enumeration("account_form", as: AccountForm.self)
        let bankCodeForm = try records.enumeration("bank_code_form", as: BankCodeForm.self)
        var banks: KnownBanks?
        if let prefixes = try records.optionalStrings("banks") {
            guard !prefixes.isEmpty, let known = KnownBanks(prefixes: prefixes) else {
                throw records.error(
                    at: "banks",
                    what: "the list is empty, or a beginning has not 1 to 15 bytes",
                    mend: "list how the codes of known banks begin, as in \"102\", or leave the key out"
                )
            }
            banks = known
        }
        var currencies: Set<Currency>?
        if let node = records.optionalNode("currencies") {
            var agreed: Set<Currency> = []
            for element in try node.elements() { agreed.insert(try LayoutFile.currency(element)) }
            guard !agreed.isEmpty else {
                throw node.error(
                    what: "the list is empty, so that no record could pass",
                    mend: "list at least one currency, or leave the key out to agree to every one"
                )
            }
            currencies = agreed
        }
        let identityForm = try records.optionalEnumeration("id_number_form", as: IdentityForm.self) ?? .either
        let calendar = try calendar(records, of: calendars)
        let amounts = try amounts(try records.optionalMapping("amount_max"))
        let severities = try self.severities(try records.optionalMapping("severities"))
        do throws(RecordRules.Defect) {
            return try RecordRules(
                accountForm: accountForm,
                bankCodeForm: bankCodeForm,
                banks: banks,
                currencies: currencies,
                identityForm: identityForm,
                calendar: calendar,
                amountMinorMax: amounts,
                severities: severities
            )
        } catch {
            throw records.error(at: "severities", what: error.what, mend: error.mend)
        }
    }

    private static func calendar(
        _ records: YAMLMapping,
        of calendars: [String: WorkingCalendar]
    ) throws(YAMLError) -> WorkingCalendar? {
        guard let name = try records.optionalString("calendar") else { return nil }
        guard let calendar = calendars[name] else {
            let known = calendars.keys.sorted().joined(separator: ", ")
            throw records.error(
                at: "calendar",
                what: "there is no calendar `\(name)`",
                mend: known.isEmpty ? "add one to the calendars folder" : "name one of: \(known)"
            )
        }
        return calendar
    }

    /// Minor units by currency.
    static func amounts(_ table: YAMLMapping?) throws(YAMLError) -> [Currency: Int64] {
        var amounts: [Currency: Int64] = [:]
        for (code, node) in table?.entries() ?? [] {
            guard let currency = Currency(code: code) else {
                throw node.error(what: "`\(code)` is no currency of ISO 4217", mend: "write it as in CNY: 500000000")
            }
            amounts[currency] = Int64(try node.int(in: 1...Int.max))
        }
        return amounts
    }

    private static func ceilings(_ mapping: YAMLMapping?) throws(YAMLError) -> MerchantCeilings {
        MerchantCeilings(
            file: try amounts(try mapping?.optionalMapping("file")),
            day: try amounts(try mapping?.optionalMapping("day"))
        )
    }

    private static func severities(_ table: YAMLMapping?) throws(YAMLError) -> [ReasonCode: Severity] {
        let words = Dictionary(uniqueKeysWithValues: Severity.allCases.map { ($0.rawValue, $0) })
        var severities: [ReasonCode: Severity] = [:]
        for (key, node) in table?.entries() ?? [] {
            guard let code = ReasonCode(rawValue: key) else {
                let known = ReasonCode.allCases.map(\.rawValue).joined(separator: ", ")
                throw node.error(what: "`\(key)` is no reason", mend: "known: \(known)")
            }
            severities[code] = try node.enumeration(words)
        }
        return severities
    }

    private static func tolerance(_ mapping: YAMLMapping?) throws(YAMLError) -> FileTolerance {
        let standard = FileTolerance()
        guard let mapping else { return standard }
        func bound(_ key: String, _ max: Int, _ fallback: Int64) throws(YAMLError) -> Int64 {
            try mapping.optionalInt(key, in: 0...max).map(Int64.init) ?? fallback
        }
        let badMax = try bound("bad_per_ten_thousand_max", 10_000, standard.badPerTenThousandMax)
        let badLimit = try bound("bad_per_ten_thousand_limit", 10_000, standard.badPerTenThousandLimit)
        guard badMax <= badLimit else {
            throw mapping.error(
                at: "bad_per_ten_thousand_limit",
                what: "files would be refused for fewer bad records than they are held for (\(badMax))",
                mend: "write at least bad_per_ten_thousand_max"
            )
        }
        return FileTolerance(
            countDifferenceMax: try bound("count_difference_max", .max, standard.countDifferenceMax),
            amountMinorDifferenceMax: try bound("amount_difference_max", .max, standard.amountMinorDifferenceMax),
            differencePerTenThousandMax: try bound(
                "difference_per_ten_thousand_max",
                10_000,
                standard.differencePerTenThousandMax
            ),
            badPerTenThousandMax: badMax,
            badRecordsFree: try bound("bad_records_free", .max, standard.badRecordsFree),
            badPerTenThousandLimit: badLimit
        )
    }

    private static func routes(
        _ mapping: YAMLMapping,
        channels: [ChannelName: ChannelSpecification]
    ) throws(YAMLError) -> [Direction: [Route]] {
        var routes: [Direction: [Route]] = [:]
        for direction in Direction.allCases {
            guard let node = mapping.optionalNode(direction.rawValue) else { continue }
            var ways: [Route] = []
            for way in try node.mappings() {
                let channel = ChannelName(try way.string("channel"))
                guard let specification = channels[channel], specification.directions.contains(direction) else {
                    let serving = channels.values.filter { $0.directions.contains(direction) }.map(\.name.value)
                        .sorted()
                    throw way.error(
                        at: "channel",
                        what: "no channel of this name serves \(direction.rawValue)",
                        mend: serving.isEmpty
                            ? "add one to the channels folder" : "name one of: \(serving.joined(separator: ", "))"
                    )
                }
                guard !ways.contains(where: { $0.channel == channel }) else {
                    throw way.error(at: "channel", what: "the channel is listed twice", mend: "keep it once")
                }
                ways.append(Route(channel: channel, weight: try way.int("weight", in: 1...1_000)))
            }
            guard !ways.isEmpty else {
                throw mapping.error(at: direction.rawValue, what: "no way is listed", mend: "list at least one channel")
            }
            routes[direction] = ways
        }
        guard !routes.isEmpty else {
            throw mapping.error(what: "no direction is listed", mend: "write `withhold:`, `payout:` or both")
        }
        return routes
    }

    private static func isPartOfNumber(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
    }
}

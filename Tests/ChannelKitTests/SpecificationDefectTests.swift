import ChannelKit
import Foundation
import StrictYAML
import Testing

/// One defect put into the shipped file: the place where the error must stand, and words that it must say.
struct SpecificationDefect: Sendable, CustomTestStringConvertible {
    let old: String
    let new: String
    /// The error stands where this text begins in the changed file.
    let place: String
    let what: String

    init(_ old: String, _ new: String, at place: String, _ what: String) {
        self.old = old
        self.new = new
        self.place = place
        self.what = what
    }

    var testDescription: String { "\(new.isEmpty ? "without \(old)" : new)" }

    static let all: [SpecificationDefect] = general + texts + waits + codes

    private static let general = [
        Self("channel: harbor\n", "", at: "title:", "`channel` is missing"),
        Self("channel: harbor\n", "channel: Harbor Pay\n", at: "Harbor Pay\n", "not a channel's name"),
        Self("title: Harbor Pay (simulated)", #"title: """#, at: #""""#, "the title is empty"),
        Self("dialect: json-batch", "dialect: jsonbatch", at: "jsonbatch", "`dialect` cannot be"),
        Self("class: test", "class: staging", at: "staging", "`class` cannot be"),
        Self("directions: [payout, withhold]", "directions: [payout, payout]", at: "payout]", "listed twice"),
        Self("directions: [payout, withhold]", "directions: []", at: "directions", "no direction"),
        Self("directions: [payout, withhold]", "directions: [payout, refund]", at: "refund]", "cannot be"),
        Self("directions: [payout, withhold]", "directions: [payout]", at: "withhold:", "unknown key `withhold`"),
        Self("currencies: [CNY]", "currencies: [cny]", at: "cny]", "not an ISO 4217 code"),
        Self("currencies: [CNY]", "currencies: [CNY, CNY]", at: "CNY]", "listed twice"),
        Self("currencies: [CNY]", "currencies: []", at: "currencies", "no currency"),
        Self("Asia/Shanghai ", "CST ", at: "CST ", "not a time zone"),
        Self("url: env:SLUICE_CHANNEL_HARBOR_URL", "url: pay.example", at: "pay.example", "neither a reference"),
        Self(
            "url: env:SLUICE_CHANNEL_HARBOR_URL",
            "url: https://pay.example/v2",
            at: "https://pay",
            "neither a reference"
        ),
        Self(
            "url: env:SLUICE_CHANNEL_HARBOR_URL",
            "url: https://u:p@pay.example",
            at: "https://u:p",
            "neither a reference"
        ),
        Self(
            "url: env:SLUICE_CHANNEL_HARBOR_URL",
            "url: http://pay.example",
            at: "http://pay",
            "plain HTTP never leaves"
        ),
        Self("merchant_id: M10001", "merchant_id: M 10001", at: "M 10001", "not a merchant id"),
        Self("secret: env:SLUICE_CHANNEL_HARBOR_SECRET", "secret: hunter2", at: "hunter2", "never stands in a file"),
        Self(
            "secret: env:SLUICE_CHANNEL_HARBOR_SECRET",
            "secret: env:lower",
            at: "env:lower",
            "never stands in a file"
        ),
        Self(
            "secret: env:SLUICE_CHANNEL_HARBOR_SECRET",
            "secret: file:keys/h",
            at: "file:keys",
            "never stands in a file"
        ),
        Self(
            "  merchant_id: M10001\n",
            "  merchant_id: M10001\n  certificates: env:PEM\n",
            at: "env:PEM",
            "not the name of a PEM file"
        ),
        Self("items_per_submission: 500", "items_per_submission: 1001", at: "1001", "out of range"),
        Self("items_per_submission: 500", "items_per_submission: 0", at: "0\n  amount_max", "out of range"),
        Self("amount_max: 500000000 ", "amount_max: 5000.00 ", at: "5000.00", "must be an integer"),
        Self("response_bytes: 4194304", "response_bytes: 4194305", at: "4194305", "out of range"),
        Self("  submit: 4\n", "  submit: 0\n", at: "0\n  query: 4", "out of range"),
        Self("prefix: SL", "prefix: SLUICE", at: "SLUICE\n", "may exceed the dialect's 32 bytes"),
        Self("prefix: SL", "prefix: s-l", at: "s-l", "not a prefix"),
        Self("scope: forever", "scope: month", at: "month", "`scope` cannot be"),
        Self("concurrency:\n", "pace: 5\nconcurrency:\n", at: "pace: 5", "unknown key `pace`"),
        Self("submit: 20/s", "submit: 20", at: "20 ", "not a rate"),
        Self("submit: 20/s", "submit: 20/d", at: "20/d", "not a rate"),
        Self("submit: 20/s", "submit: 0/s", at: "0/s", "not a rate"),
        Self("submit: 20/s", "submit: 1001/s", at: "1001/s", "faster than 1000 calls a second"),
        Self("query: 50/s", "poll: 50/s", at: "poll: 50/s", "unknown key `poll`"),
        Self("failures: 5 ", "failures: 0 ", at: "0                     # failed", "out of range"),
        Self("open_max: 5m", "open_max: 5s", at: "5s\nnumber", "shorter than `open`"),
        Self("  stall: 5s\n", "  stall: 5s\n  read: 5s\n", at: "read: 5s", "unknown key `read`"),
    ]

    private static func text(_ keys: String, at place: String, _ what: String) -> Self {
        Self("concurrency:\n", "text: \(keys)\nconcurrency:\n", at: place, what)
    }

    private static let texts = [
        text("{repertoire: latin1}", at: "latin1", "`repertoire` cannot be"),
        text("{length_max: {purpose: 30}}", at: "text:", "`repertoire` is missing"),
        text("{repertoire: gbk, length_max: {purpose: 30}}", at: "text:", "`counted_in` is missing"),
        text("{repertoire: gbk, counted_in: gbk_bytes}", at: "counted_in", "unknown key `counted_in`"),
        text("{repertoire: gbk, counted_in: bytes, length_max: {purpose: 30}}", at: "bytes", "`counted_in` cannot be"),
        text("{repertoire: gbk, counted_in: gbk_bytes, length_max: {}}", at: "length_max:", "no field is listed"),
        text("{repertoire: gbk, counted_in: gbk_bytes, length_max: {purpose: 0}}", at: "0}}", "out of range"),
        text(
            "{repertoire: gbk, counted_in: gbk_bytes, length_max: {name: 30}}",
            at: "length_max:",
            "no field is listed"
        ),
        text(
            "{repertoire: gbk, counted_in: gbk_bytes, length_max: {amount: 30, purpose: 30}}",
            at: "amount: 30",
            "unknown key `amount`"
        ),
    ]

    private static let waits = [
        Self("  total: 10s\n", "", at: "deadlines:", "`total` is missing"),
        Self("  connect: 3s\n", "", at: "deadlines:", "`connect` is missing"),
        Self("  stall: 5s\n", "", at: "deadlines:", "`stall` is missing"),
        Self("connect: 3s", "connect: 11s", at: "11s", "longer than `total`"),
        Self("stall: 5s", "stall: 11s", at: "11s", "longer than `total`"),
        Self("total: 10s", "total: 285s", at: "285s", "need a lease beyond 5 minutes"),
        Self("total: 10s", "total: 10", at: "10\n  stall", "must be a duration"),
        Self(
            "ask: 3, spacing: 30s, then: resend}\n  withhold",
            "ask: 1, spacing: 30s, then: resend}\n  withhold",
            at: "1, spacing",
            "out of range"
        ),
        Self("then: resend}\n  withhold", "then: fail}\n  withhold", at: "fail}", "`then` cannot be"),
        Self(
            Sample.duplicateCheck,
            "",
            at: "withhold: {",
            "without `duplicate_check` could pay twice"
        ),
        Self("margin: 1h", "margin: 24h", at: "24h\n  # warning", "not shorter than `window`"),
        Self("# warning: 3h", "warning: 1h", at: "1h  ", "not longer than `margin`"),
        Self("window: 24h", "window: 62m", at: "withhold: {", "could never resend"),
        Self("count_max: 60", "count_max: 2", at: "withhold: {", "could never be reached"),
        Self("cap: 30m", "cap: 5s", at: "5s\n  jitter", "shorter than `first`"),
        Self("cap: 5m", "cap: 1s", at: "1s\n  # sends_max", "shorter than `first`"),
        Self("growth_percent: 160", "growth_percent: 99", at: "99\n", "out of range"),
        Self("jitter_percent: 20", "jitter_percent: 101", at: "101", "out of range"),
    ]

    private static let codes = [
        Self(
            #""9999": unknown"# + "\n    item:\n      \"P001\"",
            #""else": {meaning: refused, cause: system}"# + "\n    item:\n      \"P001\"",
            at: #""else""#,
            "would give unlisted codes a meaning"
        ),
        Self(
            #""S000": done"#,
            "\"S000\": done\n      default: unknown",
            at: "unknown\n      \"P001\"",
            "would give unlisted codes a meaning"
        ),
        Self(
            #""S000": done"#,
            "\"S000\": done\n      \"*\": unknown",
            at: "unknown\n      \"P001\"",
            "would give unlisted codes a meaning"
        ),
        Self(
            #""S000": done"#,
            "\"S000\": done\n      \"\": unknown",
            at: "unknown\n      \"P001\"",
            "no code of a channel"
        ),
        Self(#""1404": not_found"#, #""1404": failed"#, at: "failed", "cannot be"),
        Self(#""1404": not_found"#, #""1404": taken"#, at: "taken\n      \"1002\": unknown", "cannot be taken"),
        Self(#""1404": not_found"#, #""1404": {meaning: refused, cause: system}"#, at: #""1404""#, "cannot be refused"),
        Self(#""1005": duplicate_same"#, #""1005": not_found"#, at: "not_found\n      \"1006\"", "cannot be not_found"),
        Self(#""1004": {meaning: refused, cause: channel}"#, #""1004": refused"#, at: "refused\n", "without a cause"),
        Self(
            #""1004": {meaning: refused, cause: channel}"#,
            #""1004": {meaning: refused, cause: weather}"#,
            at: "weather",
            "cannot be"
        ),
        Self(
            #""1004": {meaning: refused, cause: channel}"#,
            #""1004": {meaning: refused, cause: channel, final: true}"#,
            at: "final:",
            "unknown key `final`"
        ),
        Self(
            #""3028": slow_down"#,
            #""3028": {meaning: slow_down, cause: limit}"#,
            at: #""3028""#,
            "only `refused` and `not_done`"
        ),
        Self(#""S000": done"#, #""S000": taken"#, at: "taken\n      \"P001\"", "cannot be"),
        Self(#""S000": done"#, #""S000": processing"#, at: "item:\n      \"S000\"", "could ever succeed"),
        Self(
            #""0000": found"#,
            #""0000": processing"#,
            at: "header:\n      \"0000\": processing",
            "could ever succeed"
        ),
        Self(
            #""0000": taken"#,
            #""0000": processing"#,
            at: "header:\n      \"0000\": processing",
            "could ever succeed"
        ),
        Self(
            "    item:\n      \"P001\"",
            "    item:\n      \"S000\": done\n      \"P001\"",
            at: "done\n      \"P001\"",
            "cannot be done"
        ),
        Self(
            #""2001": processing"# + "\n      \"1404\"",
            "\"0000\": unknown\n      \"1404\"",
            at: "\"0000\": unknown\n      \"1404\"",
            "twice"
        ),
    ]
}

@Suite struct SpecificationDefectTests {
    @Test(arguments: SpecificationDefect.all)
    func `a defect is refused at its place with a mend`(defect: SpecificationDefect) throws {
        let text = try Sample.harborText()
        let old = try #require(text.range(of: defect.old), "the shipped file has no `\(defect.old)`")
        let changed = text.replacingCharacters(in: old, with: defect.new)
        let error = try #require(throws: YAMLError.self) {
            try ChannelSpecification.parse(Array(changed.utf8), file: "harbor.yaml")
        }
        #expect(error.what.contains(defect.what), "\(error)")
        #expect(!error.mend.isEmpty)
        #expect(error.description.hasPrefix("harbor.yaml:\(error.line):\(error.column): "))
        let places = places(of: defect.place, in: changed)
        #expect(places.contains("\(error.line):\(error.column)"), "\(error), not at \(places)")
    }

    @Test func `class production speaks https only`() throws {
        let plain = [
            ("class: test", "class: production"), ("url: env:SLUICE_CHANNEL_HARBOR_URL", "url: http://127.0.0.1"),
        ]
        let error = try #require(throws: YAMLError.self) { try Sample.harbor(plain) }
        #expect(error.what.contains("https only"))
        #expect(error.line == 11)
    }

    @Test func `a secret that was written into the file is not repeated by the error`() throws {
        let error = try #require(throws: YAMLError.self) {
            try Sample.harbor([("env:SLUICE_CHANNEL_HARBOR_SECRET", "hunter2-hunter2")])
        }
        #expect(!error.description.contains("hunter2"))
    }

    @Test(arguments: ["/nonexistent/harbor.yaml", "/dev/null/harbor.yaml", "/dev/zero", "/tmp"])
    func `what is no file is refused by its path`(path: String) throws {
        let error = try #require(throws: YAMLError.self) { try ChannelSpecification.load(file: path) }
        #expect(error.file == path)
        #expect(error.line == 0)
    }

    @Test func `bytes that are not text are refused`() {
        #expect(throws: YAMLError.self) { try ChannelSpecification.parse([0x63, 0xFF], file: "x.yaml") }
    }

    /// Line and column of every appearance; short needles may appear more than once.
    private func places(of needle: String, in text: String) -> [String] {
        var places: [String] = []
        var start = text.startIndex
        while let range = text.range(of: needle, range: start..<text.endIndex) {
            let before = text[..<range.lowerBound]
            let line = before.count { $0 == "\n" } + 1
            let column = before.unicodeScalars.reversed().prefix { $0 != "\n" }.count + 1
            places.append("\(line):\(column)")
            start = range.upperBound
        }
        return places
    }
}

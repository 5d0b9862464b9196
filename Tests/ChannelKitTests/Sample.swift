import ChannelKit
import Cryptography
import Foundation
import PaymentCore
import StrictYAML
import Testing

/// The channel that the tests speak with, and its side of the dialect as the description gives it.
enum Sample {
    static let secret = "schlüssel-1"
    static let nonce = "00112233445566778899aabbccddeeff"
    static let tradeDate = BusinessDate(year: 2026, month: 11, day: 21)!
    static let now = Timestamp(unixMicroseconds: 1_795_226_400_123_456)

    /// The lines of the shipped specification that promise a protection window.
    static let duplicateCheck = """
        duplicate_check:                  # documented protection window of a number
          window: 24h
          margin: 1h

        """

    static let packageFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func configurationFile(_ channel: String) -> String {
        packageFolder.appending(path: "Config/channels/\(channel).yaml").path(percentEncoded: false)
    }

    /// The text of the shipped specification of harbor.
    static func harborText() throws -> String {
        try String(contentsOfFile: configurationFile("harbor"), encoding: .utf8)
    }

    /// Harbor, with lines replaced.
    static func harbor(_ replacements: [(String, String)] = []) throws -> ChannelSpecification {
        var text = try harborText()
        for (old, new) in replacements {
            try #require(text.contains(old), "the shipped file has no line `\(old)`")
            text = text.replacingOccurrences(of: old, with: new)
        }
        return try ChannelSpecification.parse(Array(text.utf8), file: "harbor.yaml")
    }

    static func items(_ count: Int = 2) throws -> [SubmissionMessage.Item] {
        let all = [
            try SubmissionMessage.Item(
                item: 1,
                reference: "41-17",
                accountNumber: "6222020200112233445",
                accountName: "王小明",
                bankCode: "102100099996",
                amountMinor: 100_075,
                purpose: "工资"
            ),
            try SubmissionMessage.Item(
                item: 2,
                reference: "41-18",
                accountNumber: "6217000010001234567",
                accountName: "李\"雷\\",
                bankCode: "105100000017",
                amountMinor: 250_000,
                purpose: ""
            ),
        ]
        return Array(all.prefix(count))
    }

    static func message() throws -> SubmissionMessage {
        SubmissionMessage(
            number: "SL-41-12000",
            tradeDate: tradeDate,
            direction: .payout,
            currency: "CNY",
            items: try items()
        )
    }

    static func hmac(_ parts: [String], body: [UInt8], secret: String = secret) -> String {
        let text = (parts + [Hexadecimal.encode(SHA256.hash(body))]).joined(separator: "\n")
        return Hexadecimal.encode(HMACSHA256.authenticate(key: Array(secret.utf8), Array(text.utf8)))
    }

    /// An answer as the company signs it (§2).
    static func answer(
        _ body: [UInt8],
        status: Int32 = 200,
        nonce: String = nonce,
        secret: String = secret,
        more: [(String, String)] = []
    ) -> ChannelResponse {
        let timestamp = "1795226400999"
        let headers = [
            ("content-type", "application/json"), ("x-timestamp", timestamp), ("x-nonce", nonce),
            ("x-signature", hmac([String(status), timestamp, nonce], body: body, secret: secret)),
        ]
        return ChannelResponse(
            status: status,
            headers: (headers + more).map { Envelope.Header(name: $0.0, value: $0.1) },
            body: body
        )
    }

    /// The body of an answer about the sample's batch; `rest` follows the four members that each answer has.
    static func body(_ code: String, _ rest: String = "") -> [UInt8] {
        Array(
            #"{"code": "\#(code)", "message": "m", "batch_no": "SL-41-12000", "trade_date": "20261121"\#(rest)}"#.utf8
        )
    }

    /// Read once: some tests decode tens of thousands of answers.
    private static let harborOnce = Result { try harbor().codec }

    static func envelope(_ kind: MessageKind) throws -> Envelope {
        let codec = try harborOnce.get()
        return switch kind {
        case .submit: codec.submitEnvelope(try message())
        case .query: codec.queryEnvelope(number: "SL-41-12000", tradeDate: tradeDate)
        }
    }

    static func decode(_ response: ChannelResponse, kind: MessageKind = .query) throws -> CallOutcome {
        try harborOnce.get().decode(
            response,
            to: try envelope(kind),
            nonce: nonce,
            secret: ChannelSecret(secret)
        )
    }

    static func decode(_ body: [UInt8], kind: MessageKind = .query) throws -> CallOutcome {
        try decode(answer(body), kind: kind)
    }

    /// The folder of a corpus; nil where the corpora are not at hand.
    static func corpus(_ name: String) -> [URL]? {
        guard let root = ProcessInfo.processInfo.environment["SLUICE_CORPORA"] else { return nil }
        let folder = URL(filePath: root).appending(path: name).appending(path: "files")
        let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return files?.sorted { $0.lastPathComponent < $1.lastPathComponent }
    }
}

extension CallOutcome {
    var answer: ChannelAnswer? {
        if case .answered(let answer) = self { answer } else { nil }
    }

    var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }
}

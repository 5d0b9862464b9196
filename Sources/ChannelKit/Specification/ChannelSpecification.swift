import Cryptography
import Foundation
package import PaymentCore
package import StrictYAML

/// One version of a channel's description, as people activate it by its hash (R16); it holds no secret.
package struct ChannelSpecification: Sendable {
    /// Where the channel is and who we are to it.
    package struct Endpoint: Hashable, Sendable {
        /// An address, in the file or behind a reference.
        package enum Address: Hashable, Sendable {
            case literal(BaseURL)
            case reference(Reference)
        }

        package let url: Address
        /// Part of every envelope, so it stands in the file.
        package let merchantID: String
        package let secret: Reference
        /// The PEM file of the only authorities that may vouch for the channel; nil: those of the operating system.
        package let certificates: String?
    }

    /// What the channel takes at once.
    package struct Limits: Hashable, Sendable {
        /// From 1 to `SubmissionMessage.itemsMax`.
        package let itemsPerSubmission: Int
        /// Minor units of one order.
        package let amountMinorMax: Int64
        /// Bytes of an answer that are read; a longer one is no answer.
        package let responseBytesMax: Int
    }

    /// Slots of the channel's two lanes, in the whole fleet.
    package struct Concurrency: Hashable, Sendable {
        package let submit: Int
        package let query: Int
    }

    /// The least time between two calls of a lane, in the whole fleet; zero: concurrency alone bounds it.
    package struct Rate: Hashable, Sendable {
        package let submit: TimeSpan
        package let query: TimeSpan
    }

    package let name: ChannelName
    /// For people.
    package let title: String
    package let dialect: DialectName
    /// Whether its money is real (R13).
    package let environmentClass: EnvironmentClass
    package let directions: Set<Direction>
    /// ISO 4217 codes.
    package let currencies: Set<String>
    package let zone: TradeZone
    package let endpoint: Endpoint
    package let deadlines: ChannelDeadlines
    package let limits: Limits
    /// What text it carries.
    package let text: TextProfile
    package let concurrency: Concurrency
    package let rate: Rate
    /// Of either lane apart.
    package let breaker: LaneRules.Breaker
    package let numberRule: NumberRule
    package let codes: CodeTable
    /// SHA-256 of the file's bytes: what an activation names (R16).
    package let sha256: [UInt8]
    /// One for each of the directions.
    let policies: [Direction: ChannelPolicy]

    /// Reads a specification file; secrets are neither needed nor looked at.
    ///
    /// Refused with a `YAMLError`: the first thing that is wrong, with its place and its mend.
    package static func load(file: String) throws(YAMLError) -> ChannelSpecification {
        // First for its errors: a file that is missing, a pipe, too large or not UTF-8 is refused here, with its place.
        _ = try YAMLMapping.load(file: file)
        guard let content = FileManager.default.contents(atPath: file) else {
            throw YAMLError(file: file, line: 0, column: 0, what: "cannot be read", mend: "check the path")
        }
        return try parse(Array(content), file: file)
    }

    /// Reads a specification from its bytes: what is hashed is what is read; `file` is the name that errors show.
    package static func parse(_ bytes: [UInt8], file: String) throws(YAMLError) -> ChannelSpecification {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw YAMLError(file: file, line: 0, column: 0, what: "not UTF-8", mend: "save the file as UTF-8")
        }
        let reader = SpecificationReader(root: try YAMLMapping.parse(text, file: file))
        return try reader.specification(sha256: SHA256.hash(bytes))
    }

    /// What the submission machine needs to know, for one of `directions`.
    package func policy(for direction: Direction) -> ChannelPolicy {
        guard let policy = policies[direction] else {
            preconditionFailure("planning gives a channel only the directions that it serves")
        }
        return policy
    }

    /// The codec of its dialect; it needs no secret to make envelopes.
    package var codec: any ChannelDialect { dialect.codec(merchantID: endpoint.merchantID, codes: codes) }

    /// The channel number of a submission: `<prefix>-<batch>-<submission>` (R17).
    package func number(batch: BatchIdentifier, submission: SubmissionNumber) -> String {
        numberRule.number(batch: batch, submission: submission)
    }

    /// The scope in which the registry keeps its numbers unique: `*`, or the trade date as `YYYYMMDD`.
    package func scope(tradeDate: BusinessDate) -> String { numberRule.scope(tradeDate: tradeDate) }

    /// The day of the channel's zone.
    package func tradeDate(at instant: Timestamp) -> BusinessDate { zone.date(at: instant) }

    /// When a number of this trade date may name another submission; nil where it never may (R5).
    package func scopeEndsAt(tradeDate: BusinessDate) -> Timestamp? {
        switch numberRule.scope {
        case .forever: nil
        case .tradeDate: zone.end(of: tradeDate)
        }
    }
}

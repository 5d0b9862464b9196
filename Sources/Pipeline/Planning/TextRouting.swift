import BatchFiles
import ChannelKit
package import PaymentCore
package import Store

/// Says which channels of a route carry the texts of an order, where that makes a difference.
package struct TextRouting: Sendable {
    /// Lines asked for at a time.
    private static let linesMax = 20_000

    private let store: any OrderTextStore
    private let profiles: [ChannelName: TextProfile]

    /// Nil where all channels of the routes carry the same: intake has looked at that, and no text need be decrypted.
    package init?(routes: [Route], configuration: EngineConfiguration, store: any OrderTextStore) {
        profiles = routes.reduce(into: [:]) { $0[$1.channel] = configuration.channels[$1.channel]?.text }
        guard Set(profiles.values).count > 1 else { return nil }
        self.store = store
    }

    /// By line, the channels that carry the order's texts.
    ///
    /// An order whose texts cannot be read is not among them: the channel's lane sets it aside.
    package func channels(
        of lines: [LineNumber],
        batch: BatchIdentifier,
        businessDate: BusinessDate
    ) async throws -> [LineNumber: Set<ChannelName>] {
        precondition(lines.count <= Self.linesMax, "texts are asked for page by page")
        let texts = try await store.texts(of: lines, batch: batch, businessDate: businessDate)
        let carriage = TextCarriage(profiles.values)
        var channels: [LineNumber: Set<ChannelName>] = [:]
        channels.reserveCapacity(texts.count)
        for order in texts {
            channels[order.line] = Set(
                profiles.compactMap { carriage.carries(order, as: $0.value) ? $0.key : nil }
            )
        }
        return channels
    }
}

extension TextCarriage {
    /// Whether a channel of this profile carries all texts of an order.
    func carries(_ order: OrderTexts, as profile: TextProfile) -> Bool {
        obstacles(to: order.accountNumber, in: .accountNumber, of: profile).isEmpty
            && obstacles(to: order.accountName, in: .accountName, of: profile).isEmpty
            && obstacles(to: order.bankCode ?? "", in: .bankCode, of: profile).isEmpty
            && obstacles(to: order.purpose, in: .purpose, of: profile).isEmpty
    }
}

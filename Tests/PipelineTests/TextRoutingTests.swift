import ChannelKit
import Foundation
import PaymentCore
import Pipeline
import Store
import StoreTesting
import Testing

struct `Routing by text` {
    private static let routes = ["harbor", "meridian"].map { Route(channel: ChannelName($0), weight: 1) }

    private static func configuration(harbor: String, meridian: String) throws -> EngineConfiguration {
        var channels: [ChannelName: ChannelSpecification] = [:]
        for (name, text) in [("harbor", harbor), ("meridian", meridian)] {
            let file = "\(EngineScene.root)/Config/demo/channels/\(name).yaml"
            let specification = try ChannelSpecification.parse(
                Array((try String(contentsOfFile: file, encoding: .utf8) + text).utf8),
                file: "\(name).yaml"
            )
            channels[specification.name] = specification
        }
        return EngineConfiguration(formats: [:], merchants: [:], channels: channels)
    }

    @Test func `names the channels that carry an order's texts`() async throws {
        let store = InMemoryStore(clock: ManualClock())
        let names = ["Anna", "张三", "𠮷野", "张三丰"]
        let date = BusinessDate(daysSince1970: 20_605)
        let batch = store.addFile(
            businessDate: date,
            direction: .payout,
            orders: names.enumerated().map { index, name in
                OrderToSubmit(
                    line: LineNumber(Int32(index + 1)),
                    amountMinor: 1,
                    currency: "CNY",
                    accountNumber: "622202000000000001",
                    accountName: name,
                    bankCode: nil,
                    purpose: "",
                    attempts: 0
                )
            }
        )
        let configuration = try Self.configuration(
            harbor: "\ntext: {repertoire: gbk, counted_in: gbk_bytes, length_max: {account_name: 4}}\n",
            meridian: "\ntext: {repertoire: ascii}\n"
        )
        let routing = try #require(TextRouting(routes: Self.routes, configuration: configuration, store: store))
        let lines = (1...5).map { LineNumber($0) }
        let channels = try await routing.channels(of: lines, batch: batch, businessDate: date)
        let found = channels.mapValues { $0.map(\.value).sorted() }
        #expect(
            found == [lines[0]: ["harbor", "meridian"], lines[1]: ["harbor"], lines[2]: [], lines[3]: []]
        )
    }

    @Test func `decrypts nothing where all channels carry the same`() throws {
        let store = InMemoryStore(clock: ManualClock())
        for text in ["", "\ntext: {repertoire: gbk}\n"] {
            let same = try Self.configuration(harbor: text, meridian: text)
            let routing = TextRouting(routes: Self.routes, configuration: same, store: store)
            #expect(routing == nil)
        }
        let other = try Self.configuration(harbor: "", meridian: "\ntext: {repertoire: gbk}\n")
        let alone = TextRouting(routes: [Self.routes[0]], configuration: other, store: store)
        #expect(alone == nil)
    }
}

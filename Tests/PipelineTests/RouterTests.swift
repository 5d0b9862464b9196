import PaymentCore
import Pipeline
import Testing

struct `A router` {

    private static func router(_ weights: [(String, Int)], chunk: Int = 100, items: Int = 500) -> Router {
        Router(
            routes: weights.map { Route(channel: ChannelName($0.0), weight: $0.1) },
            capabilities: Dictionary(
                uniqueKeysWithValues: weights.map {
                    (
                        ChannelName($0.0),
                        Router.Capability(currencies: ["CNY"], amountMinorMax: 1_000, itemsPerSubmission: items)
                    )
                }
            ),
            chunkOrders: chunk
        )
    }

    @Test(arguments: [[("a", 60), ("b", 40)], [("a", 1), ("b", 1), ("c", 1)], [("a", 7)]])
    func `spreads every prefix as the weights say, and each order once`(_ weights: [(String, Int)]) {
        var router = Self.router(weights)
        for line in 1...1_000 { router.add(line: LineNumber(Int32(line)), amountMinor: 1, currency: "CNY") }
        router.finish()
        let total = weights.reduce(0) { $0 + $1.1 }
        for (name, weight) in weights {
            let count = router.chunks.filter { $0.channel.value == name }.reduce(0) { $0 + $1.lines.count }
            #expect(abs(count - 1_000 * weight / total) <= 1, "\(name)")
        }
        #expect(router.chunks.flatMap(\.lines).map(\.value).sorted() == Array(1...1_000))
        #expect(router.chunks.allSatisfy { $0.lines.count <= 100 && $0.lines == $0.lines.sorted() })
    }

    @Test func `leaves to a person what no channel can carry`() {
        var router = Self.router([("a", 1)])
        router.add(line: LineNumber(1), amountMinor: 1_001, currency: "CNY")
        router.add(line: LineNumber(2), amountMinor: 1, currency: "USD")
        router.add(line: LineNumber(3), amountMinor: 1_000, currency: "CNY")
        router.finish()
        #expect(router.unroutable.map(\.value) == [1, 2])
        #expect(router.chunks.flatMap(\.lines).map(\.value) == [3])
    }

    @Test func `takes only channels that carry the order's texts`() {
        var router = Self.router([("a", 60), ("b", 40)])
        for line in 1...100 {
            let channels: Set<ChannelName>? = line <= 50 ? [ChannelName("b")] : line <= 60 ? [] : nil
            router.add(line: LineNumber(Int32(line)), amountMinor: 1, currency: "CNY", among: channels)
        }
        router.finish()
        #expect(router.unroutable.map(\.value) == Array(51...60))
        for chunk in router.chunks where chunk.channel.value == "a" {
            #expect(chunk.lines.allSatisfy { $0.value > 60 })
        }
        let toB = router.chunks.filter { $0.channel.value == "b" }.flatMap(\.lines).map(\.value)
        #expect(Set(toB).isSuperset(of: 1...50))
        #expect(toB.count(where: { $0 > 60 }) == 16)
    }

    @Test func `cuts chunks that a channel's messages divide`() {
        var router = Self.router([("a", 1)], chunk: 500, items: 400)
        for line in 1...1_000 { router.add(line: LineNumber(Int32(line)), amountMinor: 1, currency: "CNY") }
        router.finish()
        #expect(router.chunks.map(\.lines.count) == [400, 400, 200])
    }
}

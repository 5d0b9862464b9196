import PaymentCore

/// Files for a scene that is to stay at work while faults strike.
final class Feed {
    private static let open = """
        SELECT count(*) FROM sluice.payment_order
        WHERE state IN ('ready', 'submitting', 'processing', 'unknown')
        """
    private static let unread =
        "SELECT count(*) FROM sluice.batch_file WHERE state IN ('pending', 'splitting', 'split')"

    private let scene: FaultScene
    private let orders: Int
    private(set) var files: [(batch: Int64, text: BatchText)] = []

    /// `orders`: a file.
    init(_ scene: FaultScene, orders: Int) {
        self.scene = scene
        self.orders = orders
    }

    /// Queues one more file; payouts and withholds take turns.
    func add() async throws {
        let text = BatchText(files.count % 2 == 0 ? .payout : .withhold, count: orders, series: files.count + 1)
        files.append((try await scene.submit(text, name: "file-\(files.count).txt"), text))
    }

    /// Queues a file if less than half a file is still open.
    func refill() async throws {
        guard try await scene.patientNumber(Self.unread) == 0 else { return }
        if try await scene.patientNumber(Self.open) < Int64(orders / 2) { try await add() }
    }
}

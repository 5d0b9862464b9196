import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// One row whose personal fields cannot be decrypted stops itself alone.
@Suite struct `A row that cannot be read` {
    private static func spoilFirst(_ scene: DecisionScene) async throws {
        try await scene.database.execute(
            """
            UPDATE sluice.payment_order SET personal = set_byte(personal, 0, get_byte(personal, 0) # 255)
            WHERE line_no = 1
            """
        )
    }

    @Test func `comes to submission without its account, beside the others with theirs`() async throws {
        let scene = try await DecisionScene.make()
        let lines = [LineNumber(1), LineNumber(2)]
        _ = try await scene.load(
            try await scene.verified(),
            chunks: [PlannedChunk(channel: scene.channel, lines: lines)]
        )
        try await Self.spoilFirst(scene)
        let orders = try await scene.store.ordersToSubmit(of: try await scene.claim(.submit), limit: 10)
        #expect(orders.map(\.line) == lines)
        #expect(orders.map(\.accountNumber) == ["", ContractScene.accountNumber(of: LineNumber(2))])
        #expect(orders.map(\.amountMinor) == lines.map(ContractScene.amountMinor))
        await scene.close()
    }

    @Test func `lets its submission be asked for, and is compared with nothing`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, next: .schedule(.query, after: .zero))
        try await Self.spoilFirst(scene)
        let loaded = try await scene.store.loadSubmission(of: try await scene.claim(.query))
        #expect(loaded.orders.map(\.accountNumber) == ["", ContractScene.accountNumber(of: LineNumber(2))])
        await scene.close()
    }
}

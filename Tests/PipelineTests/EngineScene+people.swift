import PaymentCore
import PeopleTesting
import PostgresStore
import Store

extension EngineScene {
    /// Anna, who asks and cancels.
    func anna() async throws -> SessionSecret { try await owner.signIn("anna", staff: "S1", role: .reviewer) }

    /// Cancels as Anna.
    @discardableResult
    func cancel(_ cancellation: RequestedCancellation) async throws -> CancelledOrders {
        try await store.cancelOrders(cancellation, by: anna(), isDry: false)
    }
}

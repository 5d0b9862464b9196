import PaymentCore
package import Store

extension Engine {
    /// What this process takes of the deployment's connections.
    package struct ConnectionShare: Sendable, Hashable {
        package let connections: Int32
        package let budget: ConnectionBudget

        package init(connections: Int32, budget: ConnectionBudget) {
            (self.connections, self.budget) = (connections, budget)
        }
    }

    /// Enters this process among those at work.
    ///
    /// A budget that is full may be so by a process that was killed just now, whose share comes free only after its
    /// silence: so long the start waits. Then it is refused, and an alarm tells of it.
    func register(stages: Set<Stage>, host: String, processIdentifier: Int32) async throws {
        let registration = WorkerRegistration(
            worker: worker,
            host: host,
            processIdentifier: processIdentifier,
            stages: stages.map(\.rawValue).sorted(),
            connections: connectionShare.connections,
            budget: connectionShare.budget
        )
        let silence = configuration.limits.silence
        let endsAt = clock.bootNanoseconds() + (silence + configuration.limits.heartbeat).microseconds * 1_000
        while true {
            do {
                return try await store.registerWorker(registration, silence: silence)
            } catch let refusal as ConnectionBudgetExceeded {
                // No other process's end makes room for more than the whole.
                guard refusal.wanted <= refusal.budget, clock.bootNanoseconds() < endsAt else {
                    try await store.raise([refusal.alarm(host: host)])
                    throw refusal
                }
                try await clock.sleep(for: configuration.limits.heartbeat)
            }
        }
    }
}

extension ConnectionBudgetExceeded {
    /// One cause a deployment: whichever process was refused, the mend is the same.
    fileprivate func alarm(host: String) -> RaisedAlarm {
        RaisedAlarm(
            kind: .budgetExceeded,
            code: "connections",
            message: "a process on \(host) was refused at its start: \(description). Work goes on in the others"
        )
    }
}

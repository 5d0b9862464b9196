package import PaymentCore

/// What a process says of itself when it begins to work.
package struct WorkerRegistration: Sendable, Hashable {
    package let worker: WorkerIdentifier
    package let host: String
    package let processIdentifier: Int32
    /// The stages that it works on.
    package let stages: [String]
    /// Its share of the deployment's connections: as many as it may open.
    package let connections: Int32
    package let budget: ConnectionBudget

    package init(
        worker: WorkerIdentifier,
        host: String,
        processIdentifier: Int32,
        stages: [String] = [],
        connections: Int32 = 0,
        budget: ConnectionBudget = .unbounded
    ) {
        precondition(connections >= 0, "a process opens no negative number of connections")
        (self.worker, self.host, self.processIdentifier) = (worker, host, processIdentifier)
        (self.stages, self.connections, self.budget) = (stages, connections, budget)
    }
}

/// How many connections all processes of the deployment may open together (pitfall A7).
package enum ConnectionBudget: Sendable, Hashable {
    case configured(Int32)
    /// What the server offers, less what it reserves and a margin for people and monitoring.
    case server
    /// Nothing is counted: behind a pooler the server's own limit says nothing of what processes may open.
    case unbounded
}

/// The connections of a deployment beside its budget.
package struct ConnectionUse: Sendable, Hashable {
    /// Nil where it is unbounded.
    package let budget: Int32?
    /// Of processes that are at work, or died so lately that nobody knows.
    package let taken: Int32
    package let processes: Int32

    package init(budget: Int32?, taken: Int32, processes: Int32) {
        (self.budget, self.taken, self.processes) = (budget, taken, processes)
    }
}

/// A process may not begin to work: with its connections the deployment would have more than its budget.
package struct ConnectionBudgetExceeded: Error, Hashable, Sendable, CustomStringConvertible {
    package let wanted: Int32
    package let taken: Int32
    package let processes: Int32
    package let budget: Int32

    package init(wanted: Int32, taken: Int32, processes: Int32, budget: Int32) {
        (self.wanted, self.taken, self.processes, self.budget) = (wanted, taken, processes, budget)
    }

    package var description: String {
        """
        this process wants \(wanted) connections, \(processes) at work have \(taken), and the budget of the deployment \
        is \(budget); lower `database.connections`, end a process, or raise `database.budget` if the server has room
        """
    }
}

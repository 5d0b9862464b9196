import CLibPQ

extension PostgresConnection {
    /// Runs `body` between BEGIN and COMMIT; rolls back and rethrows when it throws.
    func transaction<Value>(readOnly: Bool, _ body: (PostgresTransaction) throws -> Value) throws -> Value {
        try begin(readOnly: readOnly)
        let transaction = PostgresTransaction(self)
        let value: Value
        do {
            value = try body(transaction)
        } catch {
            transaction.end()
            rollBack()
            throw error
        }
        transaction.end()
        try commit()
        return value
    }

    private func begin(readOnly: Bool) throws {
        // Before the first byte, running out of time means that nothing was sent at all.
        if scope.deadline.hasPassed {
            throw PostgresError(.notSent, label: scope.label, reason: "the deadline passed before BEGIN")
        }
        try startScript(readOnly ? "BEGIN READ ONLY" : "BEGIN")
        try finish { _ in }
    }

    /// Rolls back; a connection on which that is not certain is dropped, which lets the server roll back.
    private func rollBack() {
        guard failure == nil else { return }
        scope = Scope(
            label: scope.label,
            deadline: .after(Self.graceDuration),
            signal: nil,
            isInterruptible: false
        )
        do {
            try startScript("ROLLBACK")
            try finish { _ in }
        } catch {
            fail(PostgresError(.connectionLost, label: scope.label, reason: "ROLLBACK was not confirmed"))
        }
    }

    /// Commits, and knows afterwards whether it did (R1).
    ///
    /// Only three answers are certain: the tag COMMIT without a warning; the tag ROLLBACK; an ERROR after which the
    /// same session is idle. All else is `commitUnknown`.
    private func commit() throws {
        if let failure { throw failure }
        do {
            if scope.signal?.isCancelled == true {
                throw PostgresError(.cancelled, label: scope.label)
            }
            if scope.deadline.hasPassed {
                throw PostgresError(.deadlineExceeded, label: scope.label)
            }
        } catch {
            rollBack()
            throw error
        }
        scope = Scope(label: scope.label, deadline: scope.deadline, signal: nil, isInterruptible: false)
        var tag = ""
        do {
            try startScript("COMMIT")
            try finish { tag = $0.commandTag }
        } catch let error as PostgresError {
            guard error.code == .refused, isCertain(error) else { throw unknown(error) }
            throw error
        }
        guard warningStates.isEmpty else {
            throw unknown(PostgresError(.commitUnknown, label: scope.label, reason: "COMMIT returned with a warning"))
        }
        switch tag {
        case "COMMIT": return
        case "ROLLBACK":
            throw PostgresError(.refused, label: scope.label, reason: "a statement before had failed, rolled back")
        default:
            throw unknown(PostgresError(.commitUnknown, label: scope.label, reason: "COMMIT has an unknown answer"))
        }
    }

    /// Whether an error proves that COMMIT did not happen: the server's own, with the session idle after it.
    ///
    /// A pooler may answer in the server's place when it lost it (class 08).
    private func isCertain(_ error: PostgresError) -> Bool {
        isIdle && warningStates.isEmpty && error.sqlState?.hasPrefix("08") == false
    }

    private func unknown(_ error: PostgresError) -> PostgresError {
        let unknown = error.recoded(.commitUnknown, reason: error.reason ?? "the answer to COMMIT is lost")
        fail(unknown)
        return unknown
    }

    /// Runs one statement that commits itself.
    func runWithoutTransaction(_ sql: String) throws {
        if scope.deadline.hasPassed {
            throw PostgresError(.notSent, label: scope.label, reason: "the deadline passed before the statement")
        }
        try start(sql, [])
        do {
            try finish { _ in }
        } catch let error as PostgresError {
            switch error.code {
            case .refused where isCertain(error): throw error
            // Stopped, and the server said so by an error of its own: nothing is done.
            case .cancelled where error.sqlState != nil, .deadlineExceeded where error.sqlState != nil: throw error
            default: throw unknown(error)
            }
        }
        // Class 57: the server was told to end the wait for a standby, so the commit may exist here alone (R1).
        if warningStates.contains(where: { $0.hasPrefix("57") }) {
            throw unknown(PostgresError(.commitUnknown, label: scope.label, reason: "it returned with a warning"))
        }
    }
}

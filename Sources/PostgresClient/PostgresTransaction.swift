import CLibPQ

/// An open transaction, usable only inside of the body that received it.
///
/// Its methods block the connection's own queue and throw `PostgresError`. After `refused` the transaction can only be
/// rolled back (to a savepoint, or by throwing); after any other failure the connection is gone.
package final class PostgresTransaction {
    private let connection: PostgresConnection
    private var isOver = false

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Ends the time in which the transaction may be used.
    func end() { isOver = true }

    private func statement<Value>(_ body: (PostgresConnection) throws -> Value) throws -> Value {
        precondition(!isOver, "a transaction was used outside of its body")
        let value = try body(connection)
        precondition(connection.isInTransaction, "a transaction's body must not end the transaction itself")
        return value
    }

    /// Runs a statement; returns the number of affected rows.
    ///
    /// `keepingPlan`: as for `query`.
    @discardableResult
    package func execute(
        _ sql: String,
        _ parameters: [PostgresValue] = [],
        keepingPlan: Bool = false
    ) throws -> Int {
        try statement { connection in
            var affectedRows = 0
            try Self.start(sql, parameters, keepingPlan, on: connection)
            try connection.finish { affectedRows = $0.affectedRows }
            return affectedRows
        }
    }

    private static func start(
        _ sql: String,
        _ parameters: [PostgresValue],
        _ keepingPlan: Bool,
        on connection: PostgresConnection
    ) throws {
        if keepingPlan {
            try connection.startKeepingPlan(sql, parameters)
        } else {
            try connection.start(sql, parameters)
        }
    }

    /// Runs a statement; returns its whole answer, which must fit into memory.
    ///
    /// `keepingPlan`: for statements over small tables whose planning takes longer than their work, each with one text
    /// and one list of types for ever; where sessions are a pooler's, they are planned each time all the same.
    package func query(
        _ sql: String,
        _ parameters: [PostgresValue] = [],
        keepingPlan: Bool = false
    ) throws -> PostgresRows {
        try statement { connection in
            var rows: PostgresRows?
            try Self.start(sql, parameters, keepingPlan, on: connection)
            try connection.finish { rows = PostgresRows(SharedResult($0, label: connection.scope.label)) }
            guard let rows else {
                throw PostgresError(.decoding, label: connection.scope.label, reason: "the statement is empty")
            }
            return rows
        }
    }

    /// Runs a statement and hands on each row as it comes, in bounded memory.
    ///
    /// The body may not run other statements of this transaction. When it throws, the rest is read and dropped, and its
    /// error is thrown. Rows handed on before a failure belong to a transaction that is not committed.
    package func forEachRow(
        _ sql: String,
        _ parameters: [PostgresValue] = [],
        _ body: (PostgresRow) throws -> Void
    ) throws {
        try statement { connection in
            try connection.start(sql, parameters)
            connection.useSingleRowMode()
            try connection.finish { result in
                guard result.status == PGRES_SINGLE_TUPLE else { return }
                try body(PostgresRow(SharedResult(result, label: connection.scope.label), row: 0))
            }
        }
    }

    /// Runs several statements without parameters in the simple protocol: for migrations only.
    package func executeScript(_ sql: String) throws {
        try statement { connection in
            try connection.startScript(sql)
            try connection.finish { _ in }
        }
    }

    /// Runs `COPY … FROM STDIN (FORMAT binary)` with a complete stream of `BinaryCopyBuffer`; returns the row count.
    @discardableResult
    package func copyIn(_ sql: String, _ data: [UInt8]) throws -> Int {
        try statement { connection in
            var copiedRows = 0
            var isCopying = false
            try connection.start(sql, [])
            try connection.finishCopy(PGRES_COPY_IN) {
                isCopying = true
                try Self.send(data, to: connection)
            } completion: {
                copiedRows = $0.affectedRows
            }
            guard isCopying else {
                throw PostgresError(.decoding, label: connection.scope.label, reason: "the statement is no COPY FROM")
            }
            return copiedRows
        }
    }

    /// Runs `COPY … FROM STDIN (FORMAT binary)` with the rows that `body` makes, in bounded memory; returns the row
    /// count.
    ///
    /// The body may not run other statements of this transaction. When it throws, the COPY is undone, which fails the
    /// transaction, and its error is thrown; the connection serves on.
    @discardableResult
    package func copyIn(_ sql: String, _ body: (inout BinaryCopyStream) throws -> Void) throws -> Int {
        try statement { connection in
            var copiedRows = 0
            var isCopying = false
            var bodyError: (any Error)?
            try connection.start(sql, [])
            do {
                try connection.finishCopy(PGRES_COPY_IN) {
                    isCopying = true
                    bodyError = try Self.stream(body, to: connection)
                } completion: {
                    copiedRows = $0.affectedRows
                }
            } catch let error as PostgresError where bodyError != nil && error.code == .refused {
                // The server only says that the COPY was given up.
            }
            if let bodyError { throw bodyError }
            guard isCopying else {
                throw PostgresError(.decoding, label: connection.scope.label, reason: "the statement is no COPY FROM")
            }
            return copiedRows
        }
    }

    /// Sends the rows that `body` makes, and ends the COPY; returns why the body gave it up, if it did.
    private static func stream(
        _ body: (inout BinaryCopyStream) throws -> Void,
        to connection: PostgresConnection
    ) throws -> (any Error)? {
        var stream = BinaryCopyStream(to: connection)
        var bodyError: (any Error)?
        do {
            try body(&stream)
            try stream.end()
        } catch {
            // Nothing can be sent any more, not even an end.
            if let failure = connection.failure { throw failure }
            // Where nobody takes rows any more, the end of the COPY says why.
            if !stream.isOver { bodyError = error }
        }
        let isWhole = bodyError == nil && !stream.isOver && !connection.isInterrupted
        try connection.putCopyEnd(failingWith: isWhole ? nil : "the rows are not all there")
        return bodyError
    }

    private static func send(_ data: [UInt8], to connection: PostgresConnection) throws {
        let pieceSize = 256 * 1024
        try data.withUnsafeBytes { buffer in
            for start in stride(from: 0, to: buffer.count, by: pieceSize) {
                let piece = UnsafeRawBufferPointer(rebasing: buffer[start..<min(start + pieceSize, buffer.count)])
                guard try connection.putCopyData(piece) else { break }
            }
        }
        try connection.putCopyEnd(failingWith: connection.isInterrupted ? "interrupted" : nil)
    }

    /// Runs `COPY … TO STDOUT` as text and hands on the pieces as they come, in bounded memory; a piece is a whole line
    /// or more.
    ///
    /// When the body throws, the rest is read and dropped, and its error is thrown.
    package func copyOutText(_ sql: String, _ body: (_ piece: [UInt8]) throws -> Void) throws {
        try statement { connection in
            var bodyError: (any Error)?
            var isCopying = false
            try connection.start(sql, [])
            try connection.finishCopy(PGRES_COPY_OUT) {
                isCopying = true
                while try connection.nextCopyData({ piece in
                    guard bodyError == nil, !connection.isInterrupted else { return }
                    do { try body([UInt8](piece)) } catch { bodyError = error }
                }) {}
            } completion: { _ in
            }
            if let bodyError { throw bodyError }
            guard isCopying else {
                throw PostgresError(.decoding, label: connection.scope.label, reason: "the statement is no COPY TO")
            }
        }
    }

    /// Runs `COPY … TO STDOUT (FORMAT binary)` and hands on each row as it comes, in bounded memory.
    ///
    /// When the body throws, the rest is read and dropped, and its error is thrown.
    package func copyOut(_ sql: String, _ body: (BinaryCopyRow) throws -> Void) throws {
        try statement { connection in
            let label = connection.scope.label
            var reader = BinaryCopyReader(label: label)
            var bodyError: (any Error)?
            var isCopying = false
            try connection.start(sql, [])
            try connection.finishCopy(PGRES_COPY_OUT) {
                isCopying = true
                while try connection.nextCopyData({ piece in
                    guard bodyError == nil, !connection.isInterrupted else { return }
                    do { try reader.feed(piece, body) } catch { bodyError = error }
                }) {}
            } completion: { _ in
            }
            if let bodyError { throw bodyError }
            guard isCopying else {
                throw PostgresError(.decoding, label: label, reason: "the statement is no COPY TO")
            }
            guard reader.isComplete else {
                throw PostgresError(.decoding, label: label, reason: "the COPY stream has no end")
            }
        }
    }
}

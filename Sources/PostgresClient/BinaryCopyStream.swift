/// Rows on their way into `COPY … FROM STDIN (FORMAT binary)`: each is encoded when it is made, and sent with those
/// before it in pieces, so that a COPY needs no more memory than a piece and a row.
package struct BinaryCopyStream: ~Copyable {
    /// What goes to the server at once.
    private static let pieceBytes = 64 * 1_024

    private let connection: PostgresConnection
    private var rows: BinaryCopyBuffer
    /// Whether nobody takes any more: the server was asked to stop, or is gone.
    private(set) var isOver = false

    init(to connection: PostgresConnection) {
        self.connection = connection
        rows = BinaryCopyBuffer(reserving: Self.pieceBytes + 4_096)
    }

    /// How many rows were begun.
    package var rowCount: Int { rows.rowCount }

    /// Makes a row of `columnCount` columns; traps when `body` does not append exactly so many.
    ///
    /// Throws when the deadline has passed, the task is cancelled or the server is gone; the COPY then fails for that
    /// reason, whatever becomes of this error. What the server refuses is known when all is sent.
    package mutating func row(
        columnCount: Int16,
        _ body: (inout BinaryCopyBuffer) throws -> Void
    ) throws {
        rows.beginRow(columnCount: columnCount)
        try body(&rows)
        if rows.byteCount >= Self.pieceBytes { try send() }
    }

    /// Sends what is left, and the end of the stream.
    mutating func end() throws {
        rows.end()
        try send()
    }

    private mutating func send() throws {
        guard !isOver else { throw CopyIsOver() }
        if try !rows.withBytes({ try connection.putCopyData($0) }) {
            isOver = true
            throw CopyIsOver()
        }
        rows.removeSent()
    }
}

/// Ends the making of rows that nobody takes any more.
private struct CopyIsOver: Error {}

import CLibPQ

/// One row of an answer.
package struct PostgresRow: PostgresFields {
    private let result: SharedResult
    private let row: Int32

    init(_ result: SharedResult, row: Int32) {
        self.result = result
        self.row = row
    }

    package var columnCount: Int { Int(PQnfields(result.pointer)) }

    package var label: String { result.label }

    package func isNull(_ column: Int) -> Bool {
        precondition((0..<columnCount).contains(column), "the row has no such column")
        return PQgetisnull(result.pointer, row, Int32(column)) == 1
    }

    package func withRawField<Result>(
        _ column: Int,
        _ body: (_ type: UInt32, _ bytes: UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let count = Int(PQgetlength(result.pointer, row, Int32(column)))
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(result.pointer, row, Int32(column)), count: count)
        return try withExtendedLifetime(result) {
            try body(PQftype(result.pointer, Int32(column)), bytes)
        }
    }
}

/// A whole answer, held in memory until the last reference to it goes.
package struct PostgresRows: RandomAccessCollection {
    private let result: SharedResult

    init(_ result: SharedResult) {
        self.result = result
    }

    /// Always zero.
    package var startIndex: Int { 0 }
    /// The number of rows.
    package var endIndex: Int { Int(PQntuples(result.pointer)) }

    /// The row at a position; traps when there is none.
    package subscript(position: Int) -> PostgresRow {
        precondition(indices.contains(position), "the answer has no such row")
        return PostgresRow(result, row: Int32(position))
    }
}

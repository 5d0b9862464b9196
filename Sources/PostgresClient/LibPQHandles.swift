import CLibPQ

/// Owns a connection of libpq.
struct ConnectionHandle: ~Copyable {
    let pointer: OpaquePointer

    deinit { PQfinish(pointer) }
}

/// Owns a result of libpq.
struct ResultHandle: ~Copyable {
    let pointer: OpaquePointer

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }

    var isFailure: Bool {
        status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR
    }

    /// The command tag, such as `COMMIT` or `UPDATE 3`.
    var commandTag: String { String(cString: PQcmdStatus(pointer)) }

    /// The number of affected rows in the command tag; zero where it has none.
    var affectedRows: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    /// What the server said about a failure.
    var fields: ServerFields { ServerFields(reading: pointer) }

    /// The message of server or library, which may quote row values.
    var message: String { String(cString: PQresultErrorMessage(pointer)) }
}

extension ServerFields {
    init(reading result: OpaquePointer) {
        func field(_ code: UInt8) -> String? { PQresultErrorField(result, Int32(code)).map { String(cString: $0) } }
        // The codes of libpq's macros PG_DIAG_…, which are characters and so are not imported.
        self.init(
            severity: field(UInt8(ascii: "V")),
            sqlState: field(UInt8(ascii: "C")),
            message: field(UInt8(ascii: "M")),
            hint: field(UInt8(ascii: "H")),
            constraint: field(UInt8(ascii: "n")),
            table: field(UInt8(ascii: "t")),
            column: field(UInt8(ascii: "c"))
        )
    }
}

/// A result that rows refer to; freed with the last of them.
final class SharedResult {
    private let handle: ResultHandle
    let label: String

    init(_ handle: consuming ResultHandle, label: String) {
        self.handle = handle
        self.label = label
    }

    var pointer: OpaquePointer { handle.pointer }
}

/// What it takes to ask the server to stop the running statement of a connection.
final class CancelHandle: Sendable {
    // libpq documents PGcancel as usable from any thread beside its connection; it is never changed after creation.
    nonisolated(unsafe) private let pointer: OpaquePointer

    init?(_ connection: borrowing ConnectionHandle) {
        guard let pointer = PQgetCancel(connection.pointer) else { return nil }
        self.pointer = pointer
    }

    deinit { PQfreeCancel(pointer) }

    /// Sends the request and waits until the server took it; blocks.
    func send() {
        // Its failure changes nothing: the waiting side closes the connection when no answer comes.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            _ = PQcancel(pointer, buffer.baseAddress, Int32(buffer.count))
        }
    }
}

/// Collects the warnings that the server sends beside an answer.
final class NoticeLog {
    private(set) var warningStates: [String] = []

    func clear() { warningStates.removeAll() }

    /// Keeps the SQLSTATE of a warning; plain notices are of no interest, and their text may quote values.
    func note(_ result: OpaquePointer) {
        let fields = ServerFields(reading: result)
        guard fields.severity == "WARNING", warningStates.count < 16 else { return }
        warningStates.append(fields.sqlState ?? "01000")
    }
}

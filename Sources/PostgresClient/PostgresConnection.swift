import CLibPQ
import Glibc

/// One connection to the server: synchronous, not `Sendable`, confined to the executor of its `ConnectionHost`.
///
/// Non-blocking libpq and `poll(2)` with a deadline for every wait. Once anything is in doubt (`failure`), the
/// connection is never used again.
final class PostgresConnection {
    /// The limits of what is running: a transaction, or a single statement outside of one.
    struct Scope {
        let label: String
        let deadline: Deadline
        /// Nil while nothing may interrupt: COMMIT and ROLLBACK.
        let signal: CancellationSignal?
        /// Whether a passed deadline or a cancellation asks the server to stop, rather than cutting the connection.
        let isInterruptible: Bool
    }

    /// How long the server gets to confirm that it stopped, before the socket is shut down.
    static let graceDuration = Duration.seconds(2)

    /// A session's memory is bounded.
    private static let keptPlansMax = 64

    private let handle: ConnectionHandle
    private let cancelHandle: CancelHandle
    private let notices = NoticeLog()
    private let keepsPlans: Bool
    /// The statements that the session keeps plans of, and the names that it knows them by.
    private var keptPlans: [String: String] = [:]
    var scope: Scope

    /// Why the connection may not be used again.
    private(set) var failure: PostgresError?

    /// Set once the running statement was asked to stop, with the reason; the answer is then awaited until `graceEnd`.
    private var interruption: PostgresError.Code?
    private var graceEnd: Deadline?

    /// Whether a statement is under way; rows are handed out while it is.
    private var isStatementRunning = false

    /// Connects within `scope`; every failure is `notSent` or `cancelled`.
    init(_ configuration: PostgresConfiguration, scope: Scope) throws {
        keepsPlans = configuration.keepsPlans
        handle = try Self.connect(configuration, scope: scope)
        guard let cancelHandle = CancelHandle(handle), PQsetnonblocking(handle.pointer, 1) == 0 else {
            throw PostgresError(.notSent, label: scope.label, reason: "out of memory while connecting")
        }
        self.cancelHandle = cancelHandle
        self.scope = scope
        // The log outlives the handle's last use: both belong to this object, and PQfinish receives no messages.
        PQsetNoticeReceiver(
            handle.pointer,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue().note(result)
            },
            Unmanaged.passUnretained(notices).toOpaque()
        )
    }

    private var connection: OpaquePointer { handle.pointer }

    /// Whether the server considers a transaction open, sound or failed.
    var isInTransaction: Bool {
        let status = PQtransactionStatus(connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }

    /// Whether the server considers no transaction open.
    var isIdle: Bool { PQtransactionStatus(connection) == PQTRANS_IDLE }

    /// The SQLSTATEs of the warnings since the last statement was sent.
    var warningStates: [String] { notices.warningStates }

    /// Whether an idle connection is still alive, as far as can be told without sending anything.
    func isReusable() -> Bool {
        guard failure == nil, isIdle else { return false }
        // A server that ended the connection left a farewell and then the end of the stream: look until neither is new.
        for _ in 0..<4 {
            var entry = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard entry.fd >= 0 else { return false }
            guard poll(&entry, 1, 0) > 0 else { return PQstatus(connection) == CONNECTION_OK }
            guard PQconsumeInput(connection) == 1, PQisBusy(connection) == 0 else { return false }
        }
        return false
    }

    /// Marks the connection as never to be used again.
    func fail(_ error: PostgresError) {
        if failure == nil { failure = error }
    }

    /// Cuts the connection, so that nothing waits for the server any more.
    func shutDown() {
        let socket = PQsocket(connection)
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    // MARK: Sending

    /// Starts a statement: checks the limits, sends, flushes as far as the socket takes it.
    func start(_ send: (OpaquePointer) -> Int32) throws {
        precondition(!isStatementRunning, "a statement was begun while another one still hands out its rows")
        if let failure { throw failure }
        if scope.isInterruptible {
            if scope.signal?.isCancelled == true { throw failing(.cancelled) }
            if scope.deadline.hasPassed { throw failing(.deadlineExceeded) }
        }
        notices.clear()
        guard send(connection) == 1 else {
            throw failing(.connectionLost, messageUnsafeToLog: String(cString: PQerrorMessage(connection)))
        }
        isStatementRunning = true
    }

    /// Starts a statement with parameters; the answer comes in binary.
    func start(_ sql: String, _ parameters: [PostgresValue]) throws {
        let encoded = EncodedParameters(parameters)
        try start { connection in
            encoded.withPointers { count, types, values, lengths, formats in
                PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 1)
            }
        }
    }

    /// As `start`, but the session keeps the plan under a name, where sessions are ours.
    func startKeepingPlan(_ sql: String, _ parameters: [PostgresValue]) throws {
        guard keepsPlans else { return try start(sql, parameters) }
        let encoded = EncodedParameters(parameters)
        let name: String
        if let kept = keptPlans[sql] {
            name = kept
        } else {
            name = "sluice_\(keptPlans.count + 1)"
            precondition(keptPlans.count < Self.keptPlansMax, "too many plans are kept: their texts must not vary")
            try start { connection in
                encoded.withPointers { count, types, _, _, _ in PQsendPrepare(connection, name, sql, count, types) }
            }
            try finish { _ in }
            keptPlans[sql] = name
        }
        try start { connection in
            encoded.withPointers { count, _, values, lengths, formats in
                PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1)
            }
        }
    }

    /// Starts statements of the simple protocol, without parameters.
    func startScript(_ sql: String) throws {
        try start { PQsendQuery($0, sql) }
    }

    /// Asks for one result a row; only directly after `start`.
    func useSingleRowMode() {
        let accepted = PQsetSingleRowMode(connection)
        precondition(accepted == 1, "single-row mode must be chosen directly after sending")
    }

    /// Sends a piece of COPY data; false when the server has ended the COPY by an error, which the results then tell.
    func putCopyData(_ piece: UnsafeRawBufferPointer) throws -> Bool {
        guard interruption == nil else { return false }
        checkLimits()
        let base = piece.baseAddress?.assumingMemoryBound(to: CChar.self)
        while interruption == nil {
            switch PQputCopyData(connection, base, Int32(piece.count)) {
            case 1: return try flushAll()
            case 0: guard try waitOnce(POLLIN | POLLOUT) else { return false }
            default: return false
            }
        }
        return false
    }

    /// Ends the COPY data; with a reason, the server is told to undo the COPY.
    func putCopyEnd(failingWith reason: String? = nil) throws {
        while true {
            let status =
                if let reason { PQputCopyEnd(connection, reason) } else { PQputCopyEnd(connection, nil) }
            guard status == 0 else { return }
            guard try waitOnce(POLLIN | POLLOUT) else { return }
        }
    }

    /// Writes what libpq holds back, so that a COPY needs no more memory than a piece.
    private func flushAll() throws -> Bool {
        while interruption == nil {
            switch PQflush(connection) {
            case 0: return true
            case 1: guard try waitOnce(POLLIN | POLLOUT) else { return false }
            default: return false
            }
        }
        return false
    }

    // MARK: Receiving

    /// The next result of the running statement, or nil at its end.
    func nextResult() throws -> ResultHandle? {
        while PQisBusy(connection) == 1 {
            // TLS may hold bytes that the socket shows no more: a record has up to 16 KiB, libpq reads at least 8.
            if PQsslInUse(connection) == 1 {
                guard PQconsumeInput(connection) == 1 else { break }
                if PQisBusy(connection) == 0 { break }
            }
            let isFlushed = PQflush(connection) != 1
            guard try waitOnce(isFlushed ? POLLIN : POLLIN | POLLOUT) else { break }
        }
        guard let result = PQgetResult(connection) else { return nil }
        return ResultHandle(pointer: result)
    }

    /// Hands on the next piece of `COPY … TO STDOUT`; false at its end.
    func nextCopyData(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        var isDrained = PQsslInUse(connection) != 1
        while true {
            var piece: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(connection, &piece, 1)
            defer { PQfreemem(piece) }
            if count > 0, let piece {
                try body(UnsafeRawBufferPointer(start: piece, count: Int(count)))
                return true
            }
            guard count == 0 else { return false }
            // As in nextResult: look once for what TLS still holds before the socket is asked.
            if !isDrained {
                isDrained = true
                guard PQconsumeInput(connection) == 1 else { return false }
                continue
            }
            guard try waitOnce(POLLIN) else { return false }
            isDrained = PQsslInUse(connection) != 1
        }
    }

    /// Whether the running statement was asked to stop; its rows are then of no interest.
    var isInterrupted: Bool { interruption != nil }

    /// Notices a cancellation or a passed deadline between two waits.
    private func checkLimits() {
        guard interruption == nil, scope.isInterruptible else { return }
        if scope.signal?.isCancelled == true {
            interrupt(.cancelled)
        } else if scope.deadline.hasPassed {
            interrupt(.deadlineExceeded)
        }
    }

    /// Reads the running statement to its end.
    ///
    /// Throws what the server refused, what interrupted the statement, or that the connection is lost.
    func finish(_ each: (consuming ResultHandle) throws -> Void) throws {
        var refusal: PostgresError?
        var bodyError: (any Error)?
        while let result = try nextResult() {
            if result.isFailure {
                // The first error is the cause; what follows it is only consequence.
                if refusal == nil { refusal = error(from: result) }
                continue
            }
            if result.status == PGRES_COPY_IN { try putCopyEnd(failingWith: "COPY is not expected here") }
            if result.status == PGRES_COPY_OUT { while try nextCopyData({ _ in }) {} }
            guard refusal == nil, bodyError == nil, interruption == nil else { continue }
            do { try each(result) } catch { bodyError = error }
        }
        try end(refusal: refusal)
        if let bodyError { throw bodyError }
    }

    /// Settles what the end of a statement means.
    func end(refusal: PostgresError?) throws {
        isStatementRunning = false
        defer {
            interruption = nil
            graceEnd = nil
        }
        if let interruption {
            // A cancel request may still be under way: the connection is not given to anyone else, whatever came back.
            // Only the server's own refusal is told with it: a SQLSTATE then proves that the statement did nothing.
            throw failing(interruption, refusal: refusal?.code == .refused ? refusal : nil)
        }
        if let refusal {
            if refusal.code == .connectionLost { fail(refusal) }
            throw refusal
        }
        guard PQstatus(connection) == CONNECTION_OK else { throw failing(.connectionLost) }
    }

    /// The error that a failed result means.
    func error(from result: borrowing ResultHandle) -> PostgresError {
        let fields = result.fields
        let isLost =
            PQstatus(connection) != CONNECTION_OK || fields.sqlState == nil || fields.severity == "FATAL"
            || fields.severity == "PANIC"
        return PostgresError(
            isLost ? .connectionLost : .refused,
            label: scope.label,
            fields: fields,
            messageUnsafeToLog: result.message
        )
    }

    // MARK: Waiting

    /// Waits once for the socket and reads what came; false when the connection is gone.
    private func waitOnce(_ events: Int32) throws -> Bool {
        let socket = PQsocket(connection)
        guard socket >= 0 else { return false }
        let outcome = DescriptorWait.wait(
            descriptor: socket,
            events: Int16(events),
            until: graceEnd ?? scope.deadline,
            watching: interruption == nil ? scope.signal : nil
        )
        switch outcome {
        case .ready(let ready):
            guard Int32(ready) & ~POLLOUT != 0 else { return true }
            return PQconsumeInput(connection) == 1
        case .cancelled:
            interrupt(.cancelled)
            return true
        case .deadlinePassed:
            guard interruption == nil, scope.isInterruptible else {
                shutDown()
                isStatementRunning = false
                throw failing(interruption ?? .connectionLost, reason: "no answer in time, the connection was cut")
            }
            interrupt(.deadlineExceeded)
            return true
        }
    }

    /// Asks the server to stop the running statement and gives it a little time to confirm.
    private func interrupt(_ code: PostgresError.Code) {
        let end = Deadline.after(Self.graceDuration)
        interruption = code
        graceEnd = end
        Canceller.request(cancelHandle, until: end)
    }

    private func failing(
        _ code: PostgresError.Code,
        reason: String? = nil,
        refusal: PostgresError? = nil,
        messageUnsafeToLog: String? = nil
    ) -> PostgresError {
        let error =
            refusal?.recoded(code, reason: reason)
            ?? PostgresError(code, label: scope.label, reason: reason, messageUnsafeToLog: messageUnsafeToLog)
        fail(error)
        return error
    }
}

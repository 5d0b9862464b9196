/// Why a database operation did not succeed.
///
/// `description` is safe to log: it holds the code, the SQLSTATE and its class, names of constraint, table and column,
/// and the label of the transaction, but never parameters nor the server's message, which may quote row values.
package struct PostgresError: Error, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable,
    Sendable
{
    /// What is known about the transaction.
    package enum Code: String, Sendable, Hashable {
        /// The server refused a statement: nothing of the transaction is done.
        case refused
        /// It never reached the server: no connection, the pool closed or exhausted, or the deadline passed before
        /// BEGIN was sent.
        case notSent
        /// The connection was lost before COMMIT was sent: the server rolls back.
        case connectionLost
        /// The deadline passed before COMMIT was sent: rolled back.
        case deadlineExceeded
        /// The task was cancelled before COMMIT was sent: rolled back.
        case cancelled
        /// COMMIT was sent and there is no certain answer: lost, late, or returned with a warning (R1).
        case commitUnknown
        /// The answer did not have the expected shape.
        case decoding
    }

    /// What is known about the transaction.
    package let code: Code
    /// The label that the caller gave to the transaction.
    package let label: String
    /// The five-character SQLSTATE, where the server sent one.
    package let sqlState: String?
    /// The name of the violated constraint, where the server named one.
    package let constraint: String?
    /// The name of the table concerned, where the server named one.
    package let table: String?
    /// The name of the column concerned, where the server named one.
    package let column: String?
    /// The server's message, only for SQLSTATEs of class `SL`: those are raised by this application's own functions,
    /// which never put personal data there.
    package let message: String?
    /// The server's hint, only for SQLSTATEs of class `SL`.
    package let hint: String?
    /// What happened in fixed words of this library, without any value.
    package let reason: String?
    /// The full message of server or library.
    ///
    /// It may quote row values: for a debugger, never for a log.
    package let messageUnsafeToLog: String?

    init(
        _ code: Code,
        label: String,
        reason: String? = nil,
        fields: ServerFields? = nil,
        messageUnsafeToLog: String? = nil
    ) {
        self.code = code
        self.label = label
        self.reason = reason
        sqlState = fields?.sqlState
        constraint = fields?.constraint
        table = fields?.table
        column = fields?.column
        let isOwn = fields?.sqlState?.hasPrefix("SL") == true
        message = isOwn ? fields?.message : nil
        hint = isOwn ? fields?.hint : nil
        self.messageUnsafeToLog = messageUnsafeToLog ?? fields?.message
    }

    /// The same failure under another code: what a lost answer means depends on what had been sent.
    func recoded(_ code: Code, reason: String? = nil) -> PostgresError {
        PostgresError(copying: self, code: code, reason: reason ?? self.reason)
    }

    private init(copying other: PostgresError, code: Code, reason: String?) {
        self.code = code
        self.reason = reason
        label = other.label
        sqlState = other.sqlState
        constraint = other.constraint
        table = other.table
        column = other.column
        message = other.message
        hint = other.hint
        messageUnsafeToLog = other.messageUnsafeToLog
    }

    /// Whether a unique constraint was violated (23505).
    package var isUniqueViolation: Bool { sqlState == "23505" }
    /// Whether a foreign key was violated (23503).
    package var isForeignKeyViolation: Bool { sqlState == "23503" }
    /// Whether a check constraint was violated (23514).
    package var isCheckViolation: Bool { sqlState == "23514" }
    /// Whether the server broke a deadlock (40P01); the transaction may be run again.
    package var isDeadlock: Bool { sqlState == "40P01" }
    /// Whether a lock could not be had in time (55P03).
    package var isLockTimeout: Bool { sqlState == "55P03" }
    /// Whether the server itself stopped the statement, by its own timeout or on request (57014).
    package var isQueryCanceled: Bool { sqlState == "57014" }
    /// Whether the role lacks a privilege (42501).
    package var isInsufficientPrivilege: Bool { sqlState == "42501" }

    /// Code, label, condition and names; safe to log.
    package var description: String {
        var text = "PostgreSQL transaction '\(label)': \(words)"
        if let reason { text += "; \(reason)" }
        if let sqlState { text += "; SQLSTATE \(sqlState) (\(SQLStateClass.words(of: sqlState)))" }
        if let message { text += ": \(message)" }
        if let hint { text += " (hint: \(hint))" }
        if let constraint { text += "; constraint \(constraint)" }
        if let table { text += "; table \(table)" }
        if let column { text += "; column \(column)" }
        return text
    }

    /// The same as `description`: a collection prints its elements this way, so it must be as safe.
    package var debugDescription: String { description }

    /// Shows nothing beyond `description`, so that a dump is as safe.
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }

    private var words: String {
        switch code {
        case .refused: "refused by the server, nothing is done; correct the cause before trying again"
        case .notSent: "not sent, nothing is done; it may be tried again"
        case .connectionLost: "connection lost before COMMIT, nothing is done; it may be tried again"
        case .deadlineExceeded: "deadline exceeded before COMMIT, nothing is done; it may be tried again"
        case .cancelled: "cancelled before COMMIT, nothing is done"
        case .commitUnknown: "COMMIT unknown, it may or may not be done; read the state before anything else"
        case .decoding: "the answer has not the expected shape; check the schema's version"
        }
    }
}

/// What the server says about an error, as far as it is used here.
struct ServerFields: Sendable {
    var severity: String?
    var sqlState: String?
    var message: String?
    var hint: String?
    var constraint: String?
    var table: String?
    var column: String?
}

/// The condition classes of SQLSTATE, in words.
enum SQLStateClass {
    static func words(of sqlState: String) -> String {
        switch sqlState.prefix(2) {
        case "08": "connection exception"
        case "0A": "feature not supported"
        case "21": "cardinality violation"
        case "22": "data exception"
        case "23": "integrity constraint violation"
        case "25": "invalid transaction state"
        case "28": "invalid authorization"
        case "2B", "2D": "invalid transaction end"
        case "3D", "3F": "invalid database or schema"
        case "40": "transaction rollback"
        case "42": "syntax error or access rule violation"
        case "44": "check option violation"
        case "53": "insufficient resources"
        case "54": "program limit exceeded"
        case "55": "object not in prerequisite state"
        case "57": "operator intervention"
        case "58": "system error"
        case "P0": "raised by a function"
        case "SL": "raised by the application's own rules"
        case "XX": "internal error"
        default: "other condition"
        }
    }
}

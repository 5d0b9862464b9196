import ArgumentParser

/// Why a command cannot do what it was asked; its words are for people and hold nothing personal.
package struct CommandFailure: Error, CustomStringConvertible, Sendable {
    package let what: String
    package let mend: String
    package let status: ExitStatus

    package init(_ what: String, mend: String, status: ExitStatus = .failed) {
        self.what = what
        self.mend = mend
        self.status = status
    }

    package var description: String { "\(what); \(mend)" }
}

/// How a command ended; cron and monitoring read it, so it is a contract (architecture §6).
package enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    /// Wrong usage or configuration.
    case configuration = 2
    /// Done, but something waits for a person.
    case waitsForPerson = 3
    /// Another run holds the window.
    case heldByAnother = 4
    /// The deadline was reached with due work left.
    case workLeft = 5

    /// As the parser's library wants it.
    var code: ExitCode { ExitCode(rawValue) }
}

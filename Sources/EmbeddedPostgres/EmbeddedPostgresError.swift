/// Why an embedded server could not be started or stopped; each says what to do.
package enum EmbeddedPostgresError: Error, CustomStringConvertible, Sendable, Equatable {
    /// No server binaries were found.
    case binariesMissing
    /// A tool of the operating system is missing.
    case toolMissing(name: String, package: String)
    /// The directory holds something that was not made here.
    case foreignDirectory(path: String)
    /// A system call failed.
    case system(call: String, errorNumber: Int32)
    /// The cluster could not be made; the last line of its log follows.
    case initialisationFailed(lastLine: String)
    /// The server ended while starting; the last line of its log follows.
    case startFailed(lastLine: String)
    /// The server was not ready in time; the last line of its log follows.
    case startTimedOut(lastLine: String)
    /// The server was stopped already.
    case stopped

    /// What happened and what to do.
    package var description: String {
        switch self {
        case .binariesMissing:
            "PostgreSQL's server programs were not found; install the Debian package postgresql (15 or newer)"
        case .toolMissing(let name, let package):
            "the program '\(name)' was not found; install the Debian package \(package)"
        case .foreignDirectory(let path):
            "the directory '\(path)' is not empty and was not made by this program; name an empty or a new one"
        case .system(let call, let errorNumber):
            "\(call) failed with error number \(errorNumber); check rights and space of the directory"
        case .initialisationFailed(let lastLine):
            "the database cluster could not be made; the server says: \(lastLine)"
        case .startFailed(let lastLine):
            "the server ended while starting; it says: \(lastLine)"
        case .startTimedOut(let lastLine):
            "the server was not ready in time; its last words: \(lastLine)"
        case .stopped:
            "the database server was stopped already; start a new one"
        }
    }
}

import Glibc
import PaymentCore
import Store

/// Who decides.
enum Person {
    /// Who runs this program, by the system's own books.
    static var current: String {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "uid \(getuid())" }
        return String(cString: name)
    }

    /// Refuses where one person may not decide alone (R12); the database refuses it too.
    static func requireOneSuffices(_ configuration: Configuration) throws {
        guard configuration.environment.environmentClass != .test else { return }
        throw CommandFailure(
            "nothing is decided: in class production a decision takes two people (R12)",
            mend: "the commands for two people come with the review work",
            status: .configuration
        )
    }
}

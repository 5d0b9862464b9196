import Glibc

/// The operating-system user that the server runs as: PostgreSQL refuses to run as root.
struct ServerAccount: Sendable {
    /// The words in front of a command that make it run as this user; empty when the caller's own user does.
    let stepDown: [String]
    private let owner: (user: uid_t, group: gid_t)?

    private static let userNames: [String] = ["postgres", "nobody"]
    private static let setprivPaths: [String] = ["/usr/bin/setpriv", "/bin/setpriv"]

    /// The caller, or for root the user `postgres`, or `nobody`.
    static func current() throws -> ServerAccount {
        guard geteuid() == 0 else { return ServerAccount(stepDown: [], owner: nil) }
        guard let entry = userNames.lazy.compactMap({ getpwnam($0) }).first else {
            throw EmbeddedPostgresError.toolMissing(name: "postgres", package: "postgresql")
        }
        let (user, group) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
        guard let setpriv = setprivPaths.first(where: { access($0, X_OK) == 0 }) else {
            throw EmbeddedPostgresError.toolMissing(name: "setpriv", package: "util-linux")
        }
        return ServerAccount(
            stepDown: [setpriv, "--reuid", "\(user)", "--regid", "\(group)", "--clear-groups", "--"],
            owner: (user, group)
        )
    }

    /// Gives a directory to this user and lets everyone pass through it to the socket.
    func adopt(_ path: String) throws {
        if let owner, chown(path, owner.user, owner.group) != 0 {
            throw EmbeddedPostgresError.system(call: "chown", errorNumber: errno)
        }
        guard chmod(path, 0o755) == 0 else {
            throw EmbeddedPostgresError.system(call: "chmod", errorNumber: errno)
        }
    }
}

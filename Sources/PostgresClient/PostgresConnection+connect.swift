import CLibPQ
import Glibc

extension PostgresConnection {
    /// Opens a connection under the scope's deadline; every failure is `notSent` or `cancelled`.
    static func connect(_ configuration: PostgresConfiguration, scope: Scope) throws -> ConnectionHandle {
        let parameters = try configuration.connectionParameters()
        let handle = try startConnecting(parameters, label: scope.label)
        let connection = handle.pointer
        let deadline = min(scope.deadline, Deadline.after(configuration.connectTimeout))
        var status = PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            let socket = PQsocket(connection)
            guard status != PGRES_POLLING_FAILED, PQstatus(connection) != CONNECTION_BAD, socket >= 0 else {
                let message = String(cString: PQerrorMessage(connection))
                throw PostgresError(
                    .notSent,
                    label: scope.label,
                    reason: ConnectFailure.words(for: message),
                    messageUnsafeToLog: message
                )
            }
            let outcome = DescriptorWait.wait(
                descriptor: socket,
                events: Int16(status == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                until: deadline,
                watching: scope.signal
            )
            switch outcome {
            case .ready: status = PQconnectPoll(connection)
            case .cancelled: throw PostgresError(.cancelled, label: scope.label, reason: "while connecting")
            case .deadlinePassed:
                throw PostgresError(.notSent, label: scope.label, reason: "could not connect in time")
            }
        }
        return handle
    }

    private static func startConnecting(_ parameters: [String: String], label: String) throws -> ConnectionHandle {
        let ordered = parameters.sorted { $0.key < $1.key }
        // libpq wants two parallel arrays of C strings, each with a null at its end.
        var keywords: [UnsafePointer<CChar>?] = ordered.map { UnsafePointer(strdup($0.key)) }
        var values: [UnsafePointer<CChar>?] = ordered.map { UnsafePointer(strdup($0.value)) }
        defer {
            for string in keywords + values { free(UnsafeMutablePointer(mutating: string)) }
        }
        keywords.append(nil)
        values.append(nil)
        guard let connection = PQconnectStartParams(keywords, values, 0) else {
            throw PostgresError(.notSent, label: label, reason: "out of memory while connecting")
        }
        return ConnectionHandle(pointer: connection)
    }
}

/// The usual reasons for a refused connection, in fixed words: the message itself may quote anything.
enum ConnectFailure {
    private static let known: [(part: String, words: String)] = [
        ("Connection refused", "could not connect: refused; is the server running, and host and port right?"),
        ("No such file or directory", "could not connect: no such socket; is the server running there?"),
        ("Permission denied", "could not connect: this user may not use the socket or read a certificate file"),
        ("could not translate host name", "could not connect: the host name is not known"),
        ("No route to host", "could not connect: no route to the host"),
        ("timed out", "could not connect: timed out; is the network open?"),
        ("timeout expired", "could not connect: timed out; is the network open?"),
        ("password authentication failed", "could not connect: wrong user or password"),
        ("no password supplied", "could not connect: a password is needed and none is given"),
        ("authentication failed", "could not connect: authentication failed"),
        ("no pg_hba.conf entry", "could not connect: the server's pg_hba.conf does not allow it"),
        ("too many clients", "could not connect: the server has no connection left"),
        ("too many connections", "could not connect: role or database has no connection left"),
        ("remaining connection slots", "could not connect: the server has no connection left"),
        ("starting up", "could not connect: the server is starting up"),
        ("shutting down", "could not connect: the server is shutting down"),
        ("certificate", "could not connect: the server's certificate is not accepted"),
        ("SSL", "could not connect: TLS failed or is not offered"),
        ("role \"", "could not connect: no such role, or it may not log in"),
        ("database \"", "could not connect: no such database, or it may not be used"),
    ]

    static func words(for message: String) -> String {
        known.first { message.contains($0.part) }?.words ?? "could not connect"
    }
}

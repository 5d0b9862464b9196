import CLibPQ

/// How to reach a database: a libpq URI and the limits of this client.
package struct PostgresConfiguration: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let uri: String
    private let database: String?

    /// What the server shows as `application_name`.
    package let applicationName: String
    /// The limit of one attempt to connect, all hosts together.
    ///
    /// Host names are resolved by libpq, under the resolver's own limit.
    package let connectTimeout: Duration
    /// The limit of a whole transaction, waiting for a connection included, where the caller names none.
    package let transactionDeadline: Duration
    /// Whether a connection is one session of the server, so that plans can be kept in it: not so behind a pooler.
    package let keepsPlans: Bool

    /// Takes the URI as it is; it is parsed when the first connection is opened, or by `with(database:)`.
    package init(
        uri: String,
        applicationName: String,
        connectTimeout: Duration = .seconds(10),
        transactionDeadline: Duration = .seconds(30),
        keepsPlans: Bool = false
    ) {
        self.init(
            uri: uri,
            database: nil,
            applicationName: applicationName,
            connectTimeout: connectTimeout,
            transactionDeadline: transactionDeadline,
            keepsPlans: keepsPlans
        )
    }

    private init(
        uri: String,
        database: String?,
        applicationName: String,
        connectTimeout: Duration,
        transactionDeadline: Duration,
        keepsPlans: Bool
    ) {
        self.uri = uri
        self.database = database
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
        self.transactionDeadline = transactionDeadline
        self.keepsPlans = keepsPlans
    }

    /// The same server and limits with another database.
    ///
    /// Throws `PostgresError` with code `notSent` when the URI cannot be parsed.
    package func with(database: String) throws -> PostgresConfiguration {
        _ = try parsed()
        return PostgresConfiguration(
            uri: uri,
            database: database,
            applicationName: applicationName,
            connectTimeout: connectTimeout,
            transactionDeadline: transactionDeadline,
            keepsPlans: keepsPlans
        )
    }

    /// What libpq is given: the URI's own words, and this client's defaults for what it leaves open.
    func connectionParameters() throws -> [String: String] {
        var parameters = try parsed()
        if let database { parameters["dbname"] = database }
        parameters["application_name"] = applicationName
        parameters["client_encoding"] = "UTF8"
        let seconds = max(1, connectTimeout.components.seconds)
        let defaults = [
            "connect_timeout": String(seconds),
            "keepalives": "1",
            "keepalives_idle": "15",
            "keepalives_interval": "5",
            "keepalives_count": "3",
            // Half of the connect timeout, so that a second host still gets its turn when the first is silent.
            "tcp_user_timeout": String(max(1_000, seconds * 500)),
        ]
        return parameters.merging(defaults) { own, _ in own }
    }

    private func parsed() throws -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(uri, &message) else {
            let text = message.map { String(cString: $0) }
            PQfreemem(message)
            throw PostgresError(
                .notSent,
                label: "connect",
                reason: "the database URI cannot be parsed; write postgresql://user@host:port/database",
                messageUnsafeToLog: text
            )
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parameters[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return parameters
    }

    /// Names the application only; the URI may hold a password.
    package var description: String { "PostgresConfiguration(applicationName: \(applicationName))" }

    /// The same as `description`.
    package var debugDescription: String { description }

    /// Shows nothing beyond `description`, so that a dump shows no password.
    package var customMirror: Mirror { Mirror(self, children: ["applicationName": applicationName]) }
}

import PaymentCore
package import Pipeline
import Store

/// Makes sinks of settings, following their references.
package enum AlarmSinks {
    /// The sinks in the order of the settings.
    ///
    /// Throws `ConfigurationError` for a reference that cannot be followed, or an address behind one that alarms may
    /// not go to.
    package static func make(
        _ configuration: Configuration,
        clock: any EngineClock
    ) throws(ConfigurationError) -> [any AlarmSink] {
        var sinks: [any AlarmSink] = []
        for (index, sink) in configuration.alarms.sinks.enumerated() {
            let key = "alarms.sinks[\(index)]"
            switch sink {
            case .command(let words, let timeout):
                sinks.append(
                    CommandSink(
                        name: "sink \(index + 1) (command)",
                        words: words,
                        timeout: timeout,
                        environment: configuration.environment,
                        clock: clock
                    )
                )
            case .webhook(let address, let secret, let timeout):
                sinks.append(
                    WebhookSink(
                        name: "sink \(index + 1) (webhook)",
                        url: try url(address, key: key, configuration),
                        secret: try secret?.text(for: "\(key).secret", variables: configuration.variables),
                        timeout: timeout,
                        environment: configuration.environment
                    )
                )
            }
        }
        return sinks
    }

    private static func url(
        _ address: AlarmSettings.Address,
        key: String,
        _ configuration: Configuration
    ) throws(ConfigurationError) -> String {
        switch address {
        case .literal(let text): return text
        case .reference(let reference):
            let text = try reference.text(for: "\(key).webhook", variables: configuration.variables)
            let environmentClass = configuration.environment.environmentClass
            guard let mend = AlarmSettings.refusal(ofAddress: text, environmentClass) else { return text }
            throw ConfigurationError(
                "`\(key).webhook` (\(reference)) holds no address that alarms may go to",
                mend: mend
            )
        }
    }
}

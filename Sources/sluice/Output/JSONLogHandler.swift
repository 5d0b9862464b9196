import Logging
import PaymentCore

/// Writes log entries to standard error, a line of JSON each; control characters are escaped, long values cut.
struct JSONLogHandler: LogHandler {
    private static let valueScalarsMax = 2_000

    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level

    init(level: Logger.Level) { logLevel = level }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members: [String: JSON] = [:]
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
            members[key] = Self.json(value)
        }
        if let error = event.error { members["error"] = .string(Self.cut("\(error)")) }
        members["at"] = .string(Timestamp.systemNow().iso8601)
        members["level"] = .string(event.level.rawValue)
        members["message"] = .string(Self.cut("\(event.message)"))
        // A log that cannot be written stops nothing.
        try? Terminal.line(JSON.object(members).text, to: .error)
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSON {
        switch value {
        case .string(let text): .string(cut(text))
        case .stringConvertible(let value): .string(cut("\(value)"))
        case .array(let values): .array(values.map(json))
        case .dictionary(let values): .object(values.mapValues(json))
        }
    }

    private static func cut(_ text: String) -> String {
        text.unicodeScalars.count <= valueScalarsMax ? text : String(text.prefix(valueScalarsMax)) + "…"
    }
}

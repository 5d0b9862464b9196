package import PaymentCore
import StrictYAML

/// Where alarms go beside the table: `alarms:` of `sluice.yaml`.
package struct AlarmSettings: Sendable, Equatable {
    /// One place, in the order of the file.
    package enum Sink: Sendable, Equatable {
        /// One JSON object, posted; signed if there is a secret.
        case webhook(Address, secret: SecretReference?, timeout: TimeSpan)
        /// A program with its arguments; one JSON object on its standard input, exit 0 is acceptance.
        case command([String], timeout: TimeSpan)
    }

    /// Addresses often hold a token, so they may stand elsewhere.
    package enum Address: Sendable, Equatable {
        case literal(String)
        case reference(SecretReference)
    }

    package var sinks: [Sink]

    package init(sinks: [Sink] = []) { self.sinks = sinks }

    private static let sinksMax = 8
    private static let timeouts: ClosedRange<Duration> = .milliseconds(100) ... .seconds(60)
    private static let timeoutStandard = TimeSpan.seconds(10)

    /// Reads the section; the variable writes its list as YAML does, on one line.
    static func read(_ reader: SettingsReader, environmentClass: EnvironmentClass) throws -> AlarmSettings {
        let sinks: [Sink]? = try reader.list("alarms.sinks") { node throws(YAMLError) in
            try Self.sinks(node, environmentClass)
        } variable: { text, origin in
            guard !text.contains("\n") else {
                throw ConfigurationError("\(origin) has several lines", mend: "write the list on one line")
            }
            do throws(YAMLError) {
                let root = try YAMLMapping.parse("sinks: \(text)", file: origin)
                let sinks = try Self.sinks(try root.node("sinks"), environmentClass)
                try root.finish()
                return sinks
            } catch {
                throw ConfigurationError("\(origin): \(error.what)", mend: error.mend)
            }
        }
        return AlarmSettings(sinks: sinks ?? [])
    }

    private static func sinks(_ node: YAMLNode, _ environmentClass: EnvironmentClass) throws(YAMLError) -> [Sink] {
        let elements = try node.elements()
        guard elements.count <= sinksMax else {
            throw node.error(what: "\(elements.count) sinks are too many", mend: "list at most \(sinksMax)")
        }
        var sinks: [Sink] = []
        for element in elements { sinks.append(try sink(try element.mapping(), environmentClass)) }
        return sinks
    }

    private static func sink(
        _ mapping: YAMLMapping,
        _ environmentClass: EnvironmentClass
    ) throws(YAMLError) -> Sink {
        let timeout = try mapping.optionalDuration("timeout", in: timeouts).map { TimeSpan($0) } ?? timeoutStandard
        switch (mapping.optionalNode("webhook"), mapping.optionalNode("command")) {
        case (let node?, nil):
            let address = try address(node, environmentClass)
            var secret: SecretReference?
            if let node = mapping.optionalNode("secret") { secret = try SettingsReader.reference(node) }
            return .webhook(address, secret: secret, timeout: timeout)
        case (nil, let node?): return .command(try command(node), timeout: timeout)
        case (nil, nil), (_?, _?):
            throw mapping.error(
                what: "a sink has either `webhook` or `command`",
                mend: "write one of the two, and a list element for each sink"
            )
        }
    }

    private static func address(
        _ node: YAMLNode,
        _ environmentClass: EnvironmentClass
    ) throws(YAMLError) -> Address {
        let text = try node.string()
        if let reference = SecretReference(text) { return .reference(reference) }
        guard let mend = refusal(ofAddress: text, environmentClass) else { return .literal(text) }
        throw node.error(what: "not an address that alarms may go to", mend: mend)
    }

    /// What to write instead of an address that alarms may not go to; nil if they may.
    static func refusal(ofAddress text: String, _ environmentClass: EnvironmentClass) -> String? {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.hasPrefix("https:///") else {
            return "write https://HOST/PATH without blanks"
        }
        if text.hasPrefix("https://"), text.utf8.count > 8 { return nil }
        let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        let isLoopback = loopback.contains { prefix in
            text.hasPrefix(prefix) && [nil, ":", "/"].contains(text.dropFirst(prefix.count).first)
        }
        if isLoopback, environmentClass == .test { return nil }
        return isLoopback ? "write https://: class production speaks no plain HTTP" : "write https://HOST/PATH"
    }

    private static func command(_ node: YAMLNode) throws(YAMLError) -> [String] {
        let words = try node.strings()
        guard let program = words.first, program.hasPrefix("/") else {
            throw node.error(
                what: "no program, or not by its absolute path",
                mend: "write [/path/of/program, argument, …]; no shell reads it"
            )
        }
        guard words.count <= 64, !words.contains(where: { $0.utf8.contains(0) || $0.utf8.count > 4_096 }) else {
            throw node.error(what: "too many or too long words", mend: "write at most 64 of at most 4096 bytes")
        }
        return words
    }
}

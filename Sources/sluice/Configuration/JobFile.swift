import PaymentCore
package import Pipeline
import StrictYAML

/// Reads `Jobs/NAME.yaml`: which stages a run works on, and in which window.
package enum JobFile {
    /// The job of that name; an unknown one is refused with the names that there are.
    package static func load(_ name: String, folder: String) throws -> JobDefinition {
        let jobs = ConfigurationFolder(path: folder)
        let files = try jobs.files()
        guard let path = files.first(where: { ConfigurationFolder.name(ofFile: $0) == name }) else {
            let known = try jobs.names().joined(separator: ", ")
            throw ConfigurationError(
                "there is no job \(name) in \(folder)",
                mend: known.isEmpty ? "name the folder with --jobs" : "name one of: \(known)"
            )
        }
        return try definition(try YAMLMapping.load(file: path))
    }

    static func definition(_ root: YAMLMapping) throws(YAMLError) -> JobDefinition {
        let name = try ConfigurationFolder.name("job", of: root)
        let title = try root.string("title")
        let words = Dictionary(uniqueKeysWithValues: Engine.Stage.allCases.map { ($0.rawValue, $0) })
        var stages: Set<Engine.Stage> = []
        for element in try root.node("stages").elements() {
            guard stages.insert(try element.enumeration(words)).inserted else {
                throw element.error(what: "a stage is listed twice", mend: "remove one of them")
            }
        }
        guard !stages.isEmpty else {
            throw root.error(
                at: "stages",
                what: "no stage is listed",
                mend: "list one or more of: \(words.keys.sorted())"
            )
        }
        let window = try self.window(try root.mapping("window"))
        let deadline = TimeSpan(try root.duration("deadline", in: .seconds(1) ... .seconds(86_400)))
        try root.finish()
        return JobDefinition(name: name, title: title, stages: stages, window: window, deadline: deadline)
    }

    private static func window(_ mapping: YAMLMapping) throws(YAMLError) -> JobWindow {
        let opens = try minute(try mapping.node("opens"))
        let length = TimeSpan(try mapping.duration("length", in: .seconds(60) ... .seconds(86_400)))
        let zone = try mapping.string("zone")
        let minutes = Int(length.microseconds / 60_000_000)
        guard let window = JobWindow(opensAtMinute: opens, lengthMinutes: minutes, zone: zone) else {
            throw mapping.error(
                at: "zone",
                what: "not a time zone of this machine's database",
                mend: "write it as in Asia/Shanghai"
            )
        }
        return window
    }

    /// `HH:MM`, as minutes after midnight.
    private static func minute(_ node: YAMLNode) throws(YAMLError) -> Int {
        let bytes = Array(try node.string().utf8)
        let digits = bytes.filter { (0x30...0x39).contains($0) }.map { Int($0) - 0x30 }
        guard bytes.count == 5, bytes[2] == 0x3A, digits.count == 4 else {
            throw node.error(what: "not a time of day", mend: "write it as in \"09:30\"")
        }
        let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        guard hour < 24, minute < 60 else {
            throw node.error(what: "there is no such time of day", mend: "write 00:00 to 23:59")
        }
        return hour * 60 + minute
    }
}

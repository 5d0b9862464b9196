import PaymentCore
package import Pipeline
import Store
import StrictYAML

/// Reads `Jobs/NAME.yaml`: which stages a run works on, on which lanes, and in which windows.
package enum JobFile {
    private static let windowsMax = 24

    /// The job of that name; an unknown one is refused with the names that there are.
    ///
    /// `calendars`: the folder of the calendars; nil refuses a job that names one.
    package static func load(_ name: String, folder: String, calendars: String? = nil) throws -> JobDefinition {
        let jobs = ConfigurationFolder(path: folder)
        let files = try jobs.files()
        guard let path = files.first(where: { ConfigurationFolder.name(ofFile: $0) == name }) else {
            let known = try jobs.names().joined(separator: ", ")
            throw ConfigurationError(
                "there is no job \(name) in \(folder)",
                mend: known.isEmpty ? "name the folder with --jobs" : "name one of: \(known)"
            )
        }
        return try definition(
            try YAMLMapping.load(file: path),
            calendars: try calendars.map { try CalendarFile.all(folder: $0) } ?? [:]
        )
    }

    /// All jobs of a folder, by name.
    package static func all(folder: String, calendars: String? = nil) throws -> [JobDefinition] {
        let known = try calendars.map { try CalendarFile.all(folder: $0) } ?? [:]
        return try ConfigurationFolder(path: folder).files().map { path in
            try definition(try YAMLMapping.load(file: path), calendars: known)
        }
    }

    static func definition(
        _ root: YAMLMapping,
        calendars: [String: WorkingCalendar]
    ) throws(YAMLError) -> JobDefinition {
        let name = try ConfigurationFolder.name("job", of: root)
        guard (1...40).contains(name.utf8.count), name.utf8.allSatisfy(isPartOfName) else {
            throw root.error(
                at: "job",
                what: "not a job's name",
                mend: "write 1 to 40 of small letters, digits and hyphens"
            )
        }
        let title = try root.string("title")
        guard (1...200).contains(title.utf8.count) else {
            throw root.error(at: "title", what: "the title is empty or too long", mend: "write 1 to 200 bytes")
        }
        let stages = try stages(root)
        let schedule = try schedule(root, calendars: calendars)
        let deadline = TimeSpan(try root.duration("deadline", in: .seconds(1) ... .seconds(86_400)))
        let lanes = try lanes(root, stages: stages)
        let catchesUp = try root.bool("catch_up", default: false)
        try root.finish()
        return JobDefinition(
            name: name,
            title: title,
            stages: stages,
            schedule: schedule,
            deadline: deadline,
            lanes: lanes,
            catchesUp: catchesUp
        )
    }

    private static func stages(_ root: YAMLMapping) throws(YAMLError) -> Set<Engine.Stage> {
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
                mend: "list one or more of: \(words.keys.sorted().joined(separator: ", "))"
            )
        }
        guard stages.count == 1 || !stages.contains(.archive) else {
            throw root.error(
                at: "stages",
                what: "`archive` stands beside other stages",
                mend: "make it a job of its own: its windows bound all that it does"
            )
        }
        return stages
    }

    // MARK: Lanes

    /// `CHANNEL` for both lanes of a channel, as far as the stages work them, or `CHANNEL/submit`, `CHANNEL/query`.
    private static func lanes(_ root: YAMLMapping, stages: Set<Engine.Stage>) throws(YAMLError) -> Set<LaneKey>? {
        guard let list = root.optionalNode("lanes") else { return nil }
        let worked = Lane.allCases.filter { stages.contains($0 == .submit ? .submit : .poll) }
        var lanes: Set<LaneKey> = []
        for element in try list.elements() {
            let parts = try element.string().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            let kinds = parts.count == 1 ? worked : Lane(rawValue: parts[1]).map { [$0] } ?? []
            guard parts.count <= 2, !parts[0].isEmpty, !kinds.isEmpty, kinds.allSatisfy(worked.contains) else {
                throw element.error(
                    what: "not a lane that the job's stages work",
                    mend: "write CHANNEL, CHANNEL/submit (stage submit) or CHANNEL/query (stage poll)"
                )
            }
            for kind in kinds {
                guard lanes.insert(LaneKey(channel: ChannelName(parts[0]), lane: kind)).inserted else {
                    throw element.error(what: "a lane is listed twice", mend: "remove one of them")
                }
            }
        }
        guard !lanes.isEmpty else {
            throw root.error(at: "lanes", what: "no lane is listed", mend: "list one, or leave the key out for all")
        }
        return lanes
    }

    // MARK: Windows

    private static func schedule(
        _ root: YAMLMapping,
        calendars: [String: WorkingCalendar]
    ) throws(YAMLError) -> JobSchedule {
        let list = root.optionalNode("windows")
        if let one = try root.optionalMapping("window") {
            guard list == nil else {
                throw root.error(at: "windows", what: "`window` and `windows` are both there", mend: "keep one of them")
            }
            return JobSchedule([try window(one, calendars: calendars)])
        }
        guard let list else {
            throw root.error(what: "the job has no window", mend: "add `window:`, or a list under `windows:`")
        }
        var windows: [JobWindow] = []
        for mapping in try list.mappings() {
            let window = try window(mapping, calendars: calendars)
            guard !windows.contains(window) else {
                throw mapping.error(what: "a window is listed twice", mend: "remove one of them")
            }
            windows.append(window)
        }
        guard (1...windowsMax).contains(windows.count) else {
            throw list.error(what: "the list of windows is empty or too long", mend: "list 1 to \(windowsMax)")
        }
        return JobSchedule(windows)
    }

    private static func window(
        _ mapping: YAMLMapping,
        calendars: [String: WorkingCalendar]
    ) throws(YAMLError) -> JobWindow {
        let opens = try minute(try mapping.node("opens"))
        let length = TimeSpan(try mapping.duration("length", in: .seconds(60) ... .seconds(86_400)))
        guard length.microseconds % 60_000_000 == 0 else {
            throw mapping.error(at: "length", what: "not a number of whole minutes", mend: "write it as in 90m")
        }
        let zone = try mapping.string("zone")
        let days = try mapping.optionalNode("days").map { node throws(YAMLError) in try weekdays(node) }
        let window = JobWindow(
            opensAtMinute: opens,
            lengthMinutes: Int(length.microseconds / 60_000_000),
            zone: zone,
            days: days ?? Set(Weekday.allCases),
            calendar: try calendar(mapping, calendars: calendars)
        )
        guard let window else {
            throw mapping.error(
                at: "zone",
                what: "not a time zone of this machine's database",
                mend: "write it as in Asia/Shanghai"
            )
        }
        return window
    }

    private static func calendar(
        _ mapping: YAMLMapping,
        calendars: [String: WorkingCalendar]
    ) throws(YAMLError) -> WorkingCalendar? {
        guard let name = try mapping.optionalString("calendar") else { return nil }
        guard let calendar = calendars[name] else {
            let known = calendars.keys.sorted().joined(separator: ", ")
            throw mapping.error(
                at: "calendar",
                what: "there is no calendar of this name",
                mend: known.isEmpty ? "add it to the calendars folder of the configuration" : "name one of: \(known)"
            )
        }
        return calendar
    }

    /// A list of days of the week; it is not empty, and names none twice.
    static func weekdays(_ node: YAMLNode) throws(YAMLError) -> Set<Weekday> {
        let words = Dictionary(uniqueKeysWithValues: Weekday.allCases.map { ($0.rawValue, $0) })
        var days: Set<Weekday> = []
        for element in try node.elements() {
            guard days.insert(try element.enumeration(words)).inserted else {
                throw element.error(what: "a day is listed twice", mend: "remove one of them")
            }
        }
        guard !days.isEmpty else {
            throw node.error(what: "no day is listed", mend: "list one or more of: mon, tue, wed, thu, fri, sat, sun")
        }
        return days
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

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
    }
}

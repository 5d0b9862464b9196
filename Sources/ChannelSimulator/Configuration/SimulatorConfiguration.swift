/// What `ChannelSimulatorServer` needs to start: from a YAML file, or from values in code.
package struct SimulatorConfiguration: Sendable {
    /// The same seed shows the same behaviour, whatever the timing.
    package var seed: UInt64
    /// Path of the append-only file that holds the truth; made if it does not exist.
    package var truthFile: String
    package var channels: [Channel]
    /// How long a fault may keep a connection open, in milliseconds.
    package var holdMilliseconds: Int64 = 30_000
    /// How long each answer waits; `nil` is not at all.
    package var latency: MillisecondRange?
    /// Most connections at once, of all channels; more are closed at once.
    package var connectionsMax = 256
    /// Stops by itself when the process that started this one is gone.
    package var stopsWithParent = false
    /// A port of 127.0.0.1 for control requests (`ControlHandler`); 0 is any free one, `nil` is none.
    package var controlPort: UInt16?

    /// One company, on one port.
    package struct Channel: Sendable {
        package var description: ChannelDescription
        package var secret: Secret
        /// A port of 127.0.0.1; 0 is any free one.
        package var port: UInt16
        package var plan: BehaviourPlan

        package init(
            description: ChannelDescription,
            secret: Secret,
            port: UInt16 = 0,
            plan: BehaviourPlan = BehaviourPlan()
        ) {
            self.description = description
            self.secret = secret
            self.port = port
            self.plan = plan
        }
    }

    /// Takes at least one channel; two of one name trap.
    package init(seed: UInt64, truthFile: String, channels: [Channel]) {
        precondition(
            !channels.isEmpty && Set(channels.map(\.description.name)).count == channels.count,
            "a simulator has at least one channel, and no name twice"
        )
        self.seed = seed
        self.truthFile = truthFile
        self.channels = channels
    }

    /// Reads a configuration file; paths in it are relative to the working directory.
    ///
    /// Secrets are references (`env:NAME`, `file:PATH`), looked up in `environment`. Unknown and duplicate keys are
    /// refused, with file, line and column.
    package static func load(
        path: String,
        environment: [String: String]
    ) throws(SimulatorError) -> SimulatorConfiguration {
        try read(try WholeFile.text(path), file: path, environment: environment)
    }

    /// Reads the text of a configuration file; `file` names it in errors.
    package static func read(
        _ text: String,
        file: String,
        environment: [String: String]
    ) throws(SimulatorError) -> SimulatorConfiguration {
        var fields = try YAMLFields.parse(text, file: file)
        var channels: [Channel] = []
        for node in try fields.required("channels", YAMLFields.list) {
            let channel = try Channel(try YAMLFields(node, file: file), environment: environment)
            guard !channels.contains(where: { $0.description.name == channel.description.name }) else {
                throw YAMLFields.error(node, file: file, "channel '\(channel.description.name)' is listed twice")
            }
            channels.append(channel)
        }
        var configuration = SimulatorConfiguration(
            seed: UInt64(try fields.required("seed", YAMLFields.integer)),
            truthFile: try fields.required("truth_file", YAMLFields.text),
            channels: channels
        )
        if let hold = try fields.optional("hold", YAMLFields.milliseconds) { configuration.holdMilliseconds = hold }
        configuration.latency = try fields.optional("latency", YAMLFields.range)
        if let count = try fields.optional("connections_max", YAMLFields.integer) {
            guard (1...4_096).contains(count) else {
                throw SimulatorError(.configuration, "\(file): connections_max must be 1 to 4096")
            }
            configuration.connectionsMax = Int(count)
        }
        configuration.stopsWithParent = try fields.optional("stop_with_parent", YAMLFields.boolean) ?? false
        configuration.controlPort = try fields.optional("control_port", YAMLFields.port)
        try fields.finish()
        return configuration
    }
}

extension SimulatorConfiguration.Channel {
    fileprivate init(_ channel: YAMLFields, environment: [String: String]) throws(SimulatorError) {
        var fields = channel
        description = try ChannelDescription.load(path: try fields.required("file", YAMLFields.text))
        secret = try fields.required("secret") { (node, file) throws(SimulatorError) in
            let reference = try YAMLFields.text(node, file: file)
            guard let secret = Secret.resolve(reference, environment: environment) else {
                throw YAMLFields.error(
                    node,
                    file: file,
                    "names no secret; write env:NAME or file:PATH of one that exists and is not empty"
                )
            }
            return secret
        }
        port = try fields.optional("port", YAMLFields.port) ?? 0
        plan = try BehaviourPlan(&fields)
        try fields.finish()
    }
}

import ChannelSimulator
import Testing

@Suite struct `the simulator's configuration` {
    private static let channel = """
        channel: harbor
        title: Harbor Pay (simulated)
        dialect: json-batch
        directions: [payout, withhold]
        currencies: [CNY]
        endpoint: {url: "env:URL", merchant_id: M10001, secret: "env:SECRET"}
        limits: {items_per_submission: 500, amount_max: 500000000, response_bytes: 4194304}
        duplicate_check: {window: 24h, margin: 1h}
        codes: {submit: {header: {"0000": taken}}}

        """

    private static let environment = ["SECRET": "a shared secret", "EMPTY": ""]

    private func read(_ text: String, channel: String = Self.channel) throws -> SimulatorConfiguration {
        let file = TemporaryFile()
        try file.replace(with: Array(channel.utf8))
        return try SimulatorConfiguration.read(
            text.replacing("FILE", with: file.path),
            file: "simulator.yaml",
            environment: Self.environment
        )
    }

    private static let least = """
        seed: 7
        truth_file: /tmp/truth.jsonl
        channels:
          - file: FILE
            secret: env:SECRET

        """

    @Test func `the least configuration is well behaved`() throws {
        let configuration = try read(Self.least)
        #expect(configuration.seed == 7)
        #expect(configuration.truthFile == "/tmp/truth.jsonl")
        #expect(configuration.holdMilliseconds == 30_000)
        #expect(configuration.latency == nil)
        #expect(configuration.connectionsMax == 256)
        #expect(!configuration.stopsWithParent)
        let channel = try #require(configuration.channels.first)
        #expect(channel.description == Harbor.description)
        #expect(channel.secret == Secret("a shared secret"))
        #expect(channel.port == 0)
        #expect(channel.plan == BehaviourPlan())
    }

    @Test func `every key is read`() throws {
        let faults = SubmitFault.allCases.map { "\($0.rawValue): 5" } + QueryFault.allCases.map { "\($0.rawValue): 6" }
        let configuration = try read(
            """
            seed: 8
            truth_file: t
            hold: 5s
            latency: {first: 1ms, last: 20ms}
            connections_max: 64
            stop_with_parent: true
            channels:
              - file: FILE
                secret: env:SECRET
                port: 8080
                settle: {first: 200ms, last: 2s}
                behaviours: {\(faults.joined(separator: ", ")), not_found_for: {per_mille: 50, time: 1s},
                  finish_late: {per_mille: 20, time: 5m}, take_slowly: {per_mille: 10, time: 1h}}
                items:
                  refuse: {E101: 10, E202: 1}
                  refuse_at_submit: {E101: 3}
                  unknown_code: 2
                  unknown_code_then_final: 5
                  never_finish: 1
                accounts:
                  "0001": {refuse: E101}
                  "0002": {never_finish: true}
                  "0003": {unknown_code: true, not_found_for: 2s}
                  "0004": {take_then_time_out: true, query_garbage: true, finish_late: 1s, take_slowly: 3s}
                  0005: {refuse_at_submit: E105, unknown_code_then_final: false}

            """
        )
        #expect(configuration.seed == 8)
        #expect(configuration.holdMilliseconds == 5_000)
        #expect(configuration.latency == MillisecondRange(first: 1, last: 20))
        #expect(configuration.connectionsMax == 64)
        #expect(configuration.stopsWithParent)
        let channel = try #require(configuration.channels.first)
        #expect(channel.port == 8_080)
        let plan = channel.plan
        #expect(plan.settle == MillisecondRange(first: 200, last: 2_000))
        #expect(SubmitFault.allCases.allSatisfy { plan.submitFaults[$0] == 5 })
        #expect(QueryFault.allCases.allSatisfy { plan.queryFaults[$0] == 6 })
        #expect(plan.notFoundFor == .init(perMille: 50, milliseconds: 1_000))
        #expect(plan.finishLate == .init(perMille: 20, milliseconds: 300_000))
        #expect(plan.takeSlowly == .init(perMille: 10, milliseconds: 3_600_000))
        #expect(plan.items.refuse == [.accountUnknown: 10, .ownFault: 1])
        #expect(plan.items.refuseAtSubmit == [.accountUnknown: 3])
        #expect(plan.items.unknownCode == 2)
        #expect(plan.items.unknownCodeThenFinal == 5)
        #expect(plan.items.neverFinish == 1)
        #expect(plan.accounts["0001"]?.outcome == .refuse(.accountUnknown))
        #expect(plan.accounts["0002"]?.outcome == .neverFinish)
        #expect(plan.accounts["0003"]?.mask == .unknown)
        #expect(plan.accounts["0003"]?.notFoundFor == 2_000)
        #expect(plan.accounts["0004"]?.submitFault == .takeThenTimeOut)
        #expect(plan.accounts["0004"]?.queryFault == .garbage)
        #expect(plan.accounts["0004"]?.finishLate == 1_000)
        #expect(plan.accounts["0004"]?.takeSlowly == 3_000)
        #expect(plan.accounts["0005"]?.outcome == .refuseAtSubmit(.limitExceeded))
        #expect(plan.accounts["0005"]?.mask == nil)
    }

    @Test(arguments: [
        ("", "empty"),
        ("seed: 7\nseed: 8\ntruth_file: t\nchannels: []\n", "not YAML"),
        ("- 1\n", "mapping"),
        (Self.least.replacing("seed: 7\n", with: ""), "'seed'"),
        (Self.least.replacing("seed: 7", with: "seed: -7"), "whole number"),
        (Self.least.replacing("seed: 7", with: "seed: 07"), "whole number"),
        (Self.least.replacing("truth_file", with: "truth"), "'truth_file'"),
        (Self.least + "sed: 1\n", "unknown key 'sed'"),
        (Self.least.replacing("env:SECRET", with: "env:NONE"), "names no secret"),
        (Self.least.replacing("env:SECRET", with: "env:EMPTY"), "names no secret"),
        (Self.least.replacing("env:SECRET", with: "SECRET"), "names no secret"),
        (Self.least.replacing("FILE", with: "/nonexistent/file"), "cannot open"),
        (Self.least + "    port: 65536\n", "port"),
        (Self.least + "    ports: 1\n", "unknown key 'ports'"),
        (Self.least + "    settle: {first: 2s, last: 1s}\n", "first must not be after last"),
        (Self.least + "    settle: {first: 2, last: 3s}\n", "must be a time"),
        (Self.least + "    settle: {first: 2 s, last: 3s}\n", "must be a time"),
        (Self.least + "    behaviours: {never_answer: 1001}\n", "per mille"),
        (Self.least + "    behaviours: {never_answers: 1}\n", "unknown key 'never_answers'"),
        (Self.least + "    behaviours: {never_answer: 600, drip: 401}\n", "more than 1000"),
        (Self.least + "    behaviours: {query_drip: 600, query_garbage: 401}\n", "more than 1000"),
        (Self.least + "    behaviours: {not_found_for: {per_mille: 5}}\n", "'time'"),
        (Self.least + "    items: {refuse: {E999: 1}}\n", "unknown key 'E999'"),
        (Self.least + "    items: {refuse: {E101: 600}, refuse_at_submit: {E101: 401}}\n", "more than 1000"),
        (Self.least + "    accounts: {\"0001\": {refuse: S000}}\n", "final item code"),
        (Self.least + "    accounts: {\"0001\": {refuse: E101, never_finish: true}}\n", "at most one outcome"),
        (Self.least + "    accounts: {\"0001\": {drip: true, endless: true}}\n", "at most one submit fault"),
        (Self.least + "    accounts: {\"0001\": {drip: yes}}\n", "true or false"),
        (Self.least + "    accounts: {\"0001\": {explode: true}}\n", "unknown key 'explode'"),
        (Self.least + "connections_max: 0\n", "connections_max"),
        (Self.least + "  - file: FILE\n    secret: env:SECRET\n", "listed twice"),
    ])
    func `what is wrong is refused and named`(text: String, words: String) {
        let error = #expect(throws: SimulatorError.self) { try read(text) }
        #expect(error?.code == .configuration)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        (Self.channel.replacing("json-batch", with: "xml"), "dialect"),
        (Self.channel.replacing("payout, ", with: "payin, "), "direction"),
        (Self.channel.replacing("500,", with: "1001,"), "out of range"),
        (Self.channel.replacing("500000000", with: "9223372036854775807"), "out of range"),
        (Self.channel.replacing("24h", with: "a day"), "time"),
        (Self.channel.replacing("merchant_id", with: "merchant"), "merchant_id"),
    ])
    func `a channel file that cannot be simulated is refused`(channel: String, words: String) {
        let error = #expect(throws: SimulatorError.self) { try read(Self.least, channel: channel) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func `a channel without a duplicate check protects nothing`() throws {
        let text = Self.channel.replacing("duplicate_check: {window: 24h, margin: 1h}\n", with: "")
        #expect(try ChannelDescription.read(text, file: "harbor.yaml").windowMilliseconds == 0)
    }

    @Test func `the channel of the demo can be simulated`() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        #expect(try ChannelDescription.load(path: "\(root)/Config/channels/harbor.yaml") == Harbor.description)
    }

    @Test func `a secret never describes itself`() {
        var dumped = ""
        dump(Secret("hunter2"), to: &dumped)
        for text in ["\(Secret("hunter2"))", String(reflecting: Secret("hunter2")), dumped] {
            #expect(!text.contains("hunter2") && !text.contains("104"))
        }
    }

    @Test func `a secret may come from a file`() throws {
        let file = TemporaryFile()
        try file.replace(with: Array("from a file\n".utf8))
        let configuration = try read(Self.least.replacing("env:SECRET", with: "file:\(file.path)"))
        #expect(configuration.channels.first?.secret == Secret("from a file"))
    }
}

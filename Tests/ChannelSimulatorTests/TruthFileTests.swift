import ChannelSimulator
import Testing

@Suite struct `the truth file` {
    private let secrets = ["harbor": Secret(Harbor.secret)]

    /// What a company says of itself, tallied without the truth file's code.
    private struct Tally: Equatable {
        var payments: [String: (count: Int, amount: Int64, account: String)] = [:]
        var refusals: [String: Int] = [:]
        var neverFinished: [String: Int] = [:]

        static func == (first: Tally, second: Tally) -> Bool {
            first.payments.count == second.payments.count && first.refusals == second.refusals
                && first.neverFinished == second.neverFinished
                && first.payments.allSatisfy { reference, payment in
                    second.payments[reference].map { $0 == payment } ?? false
                }
        }

        init(_ batches: [SimulatedBatch]) {
            for item in batches.flatMap(\.items) {
                switch item.fate {
                case .paid:
                    let known = payments[item.reference]
                    payments[item.reference] = (
                        (known?.count ?? 0) + 1, (known?.amount ?? 0) + item.amount,
                        known?.account ?? Truth.accountSHA256(item.accountNumber)
                    )
                case .refused, .refusedAtSubmit: refusals[item.reference, default: 0] += 1
                case .neverFinished: neverFinished[item.reference, default: 0] += 1
                }
            }
        }

        init(_ truth: Truth.Channel) {
            payments = truth.payments.mapValues { ($0.count, $0.amount, $0.accountSHA256) }
            refusals = truth.refusals.mapValues { $0.values.reduce(0, +) }
            neverFinished = truth.neverFinished
        }
    }

    @Test func `ten thousand random batches read back as they were`() throws {
        let file = TemporaryFile()
        var plan = Harbor.plan { plan in
            plan.settle = MillisecondRange(first: 0, last: 10_000)
            for fault in SubmitFault.allCases { plan.submitFaults[fault] = 40 }
            for fault in QueryFault.allCases { plan.queryFaults[fault] = 30 }
            plan.notFoundFor = .init(perMille: 100, milliseconds: 1_000)
            plan.items.refuse = [.accountUnknown: 100, .fundsInsufficient: 50]
            plan.items.refuseAtSubmit = [.nameDiffers: 30]
            plan.items.neverFinish = 20
            plan.items.unknownCode = 20
        }
        plan.accounts["007"] = BehaviourPlan.AccountRule()
        plan.accounts["007"]?.outcome = .neverFinish
        var generator = SplitMix(state: 42)
        var company = Harbor.company(plan)
        let (truthFile, memory) = try TruthFile.open(path: file.path, secrets: secrets)
        #expect(memory.isEmpty)
        var now = Harbor.start
        var events: [TruthEvent] = []
        for _ in 1...10_000 {
            now += Int64(generator.next() % Harbor.hour.magnitude)
            // Few numbers, so that many batches come again, inside the window and outside.
            let key = Harbor.key("SL-\(generator.next() % 3_000)")
            let message = SubmitMessage(
                key: key,
                direction: generator.next() % 2 == 0 ? .payout : .withhold,
                currency: "CNY",
                totalCount: 3,
                totalAmount: 6,
                items: (1...3).map { index in
                    .init(
                        reference: "\(key.number)-\(index)",
                        accountNumber: "62\(generator.next() % 1_000)",
                        amount: Int64(index)
                    )
                }
            )
            var decision = company.submit(message, bodySHA256: Harbor.digest(message), at: now)
            decision.events += company.query(key, at: now + 5).events
            _ = try truthFile.append(decision.events, channel: "harbor", isOwed: false)
            events += decision.events
        }
        truthFile.close()

        let truth = try #require(try TruthFile.read(path: file.path).channels["harbor"])
        #expect(Tally(truth) == Tally(company.batches))
        #expect(truth.payments.values.contains { $0.count > 1 })
        #expect(truth.copies.values.reduce(0) { $0 + $1.times.count } == 10_000)
        #expect(truth.copies.values.reduce(0) { $0 + $1.takenCount } == company.batches.count)
        #expect(truth.queries.values.reduce(0) { $0 + $1.count } == 10_000)
        #expect(truth.queries.values.allSatisfy { $0.earliestMilliseconds == 5 })
        #expect(SubmitFault.allCases.allSatisfy { truth.submitFaults[$0] ?? 0 > 0 })
        #expect(QueryFault.allCases.allSatisfy { truth.queryFaults[$0] ?? 0 > 0 })

        let (again, remembered) = try TruthFile.open(path: file.path, secrets: secrets)
        again.close()
        #expect(remembered["harbor"] == events)
        #expect(Harbor.company(plan, remembering: remembered["harbor"] ?? []).batches == company.batches)
    }

    /// A file with two batches, and the company that took them.
    private func twoBatches(_ file: TemporaryFile) throws -> SimulatedChannel {
        var company = Harbor.company(Harbor.plan())
        let (truthFile, _) = try TruthFile.open(path: file.path, secrets: secrets)
        for number in 1...2 {
            let message = Harbor.message(Harbor.key("SL-\(number)"))
            let events = company.submit(message, bodySHA256: Harbor.digest(message), at: Harbor.start).events
            try truthFile.waitUntilDurable(truthFile.append(events, channel: "harbor", isOwed: true))
        }
        return company
    }

    @Test func `a last line cut anywhere by a kill is left out, and the file goes on after it`() throws {
        let file = TemporaryFile()
        let company = try twoBatches(file)
        let whole = file.bytes
        let start = try #require(whole.dropLast().lastIndex(of: 0x0A)) + 1
        for end in [start + 1, start + 30, (start + whole.count) / 2, whole.count - 1] {
            try file.replace(with: Array(whole[..<end]))
            #expect(try TruthFile.read(path: file.path).channels["harbor"]?.payments.count == 2)
            let (truthFile, memory) = try TruthFile.open(path: file.path, secrets: secrets)
            #expect(Harbor.company(remembering: memory["harbor"] ?? []).batches == Array(company.batches.prefix(1)))
            _ = try truthFile.append([.taken(company.batches[1])], channel: "harbor", isOwed: true)
            truthFile.close()
            #expect(file.bytes.starts(with: whole[..<start]))
            #expect(try TruthFile.read(path: file.path).channels["harbor"]?.payments.count == 4)
        }
    }

    @Test func `a line damaged in the middle is an error that names the line`() throws {
        let file = TemporaryFile()
        _ = try twoBatches(file)
        var bytes = file.bytes
        let first = try #require(bytes.firstIndex(of: 0x0A))
        bytes[first + 5] = 0x00
        try file.replace(with: bytes)
        let error = #expect(throws: SimulatorError.self) { try TruthFile.read(path: file.path) }
        #expect(error?.code == .truthFile)
        #expect(error?.description.contains("line 2") == true)
    }

    @Test func `something else is not taken for a truth file`() throws {
        let file = TemporaryFile()
        try file.replace(with: Array("{\"kind\":\"other\"}\n".utf8))
        #expect(throws: SimulatorError.self) { try TruthFile.read(path: file.path) }
        #expect(throws: SimulatorError.self) { try TruthFile.open(path: file.path, secrets: secrets) }
        #expect(file.bytes == Array("{\"kind\":\"other\"}\n".utf8))
    }

    @Test func `another secret or an unconfigured channel is refused`() throws {
        let file = TemporaryFile()
        _ = try twoBatches(file)
        for secrets in [["harbor": Secret("another")], ["bay": Secret(Harbor.secret)]] {
            let error = #expect(throws: SimulatorError.self) { try TruthFile.open(path: file.path, secrets: secrets) }
            #expect(error?.code == .truthFile)
        }
    }

    @Test func `two simulators cannot share a file`() throws {
        let file = TemporaryFile()
        let (first, _) = try TruthFile.open(path: file.path, secrets: secrets)
        #expect(throws: SimulatorError.self) { try TruthFile.open(path: file.path, secrets: secrets) }
        first.close()
        try TruthFile.open(path: file.path, secrets: secrets).file.close()
    }

    @Test func `no account number is in the file in the clear`() throws {
        let file = TemporaryFile()
        _ = try twoBatches(file)
        let text = String(decoding: file.bytes, as: UTF8.self)
        #expect(text.contains("SL-1-r1"))
        #expect(text.contains(Truth.accountSHA256("6222020200112233445")))
        #expect(!text.contains("6222020200112233445"))
    }

    @Test func `two moves that differ are marked as mixed`() throws {
        let file = TemporaryFile()
        let (truthFile, _) = try TruthFile.open(path: file.path, secrets: secrets)
        var company = Harbor.company(Harbor.plan())
        for (reference, account, amount) in [
            ("same", "1", 5 as Int64), ("same", "1", 5), ("amount", "1", 5), ("amount", "1", 6), ("account", "1", 5),
            ("account", "2", 5),
        ] {
            let message = SubmitMessage(
                key: Harbor.key("SL-\(company.batches.count)"),
                direction: .payout,
                currency: "CNY",
                totalCount: 1,
                totalAmount: amount,
                items: [.init(reference: reference, accountNumber: account, amount: amount)]
            )
            let decision = company.submit(message, bodySHA256: Harbor.digest(message), at: Harbor.start)
            _ = try truthFile.append(decision.events, channel: "harbor", isOwed: true)
        }
        truthFile.close()
        let payments = try TruthFile.read(path: file.path).channels["harbor"]?.payments ?? [:]
        #expect(payments.mapValues(\.count) == ["same": 2, "amount": 2, "account": 2])
        #expect(payments.mapValues(\.isMixed) == ["same": false, "amount": true, "account": true])
        #expect(payments["amount"]?.amount == 11)
    }
}

/// A small generator with a seed.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

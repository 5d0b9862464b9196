import BatchFiles
import PaymentCore
import Testing

/// What holds for every NACHA file, shown on random ones.
@Suite struct NACHAReaderPropertyTests {
    private static let names = ["Jane Doe", "x", "O'Neil, A.", "Best Co. #23", "1234567890123456789012", "a  b"]

    /// A file that its sender meant well, with ascending trace numbers and exact controls.
    static func sample(_ generator: inout SeededGenerator, _ direction: Direction) -> NACHASample {
        let codes = direction == .payout ? ["22", "32", "42", "52"] : ["27", "37", "47"]
        var batchNumber: Int64 = 0
        return NACHASample(
            modifier: String(["A", "Z", "0", "9"].randomElement(using: &generator) ?? "A"),
            batches: (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                batchNumber += Int64.random(in: 1...9, using: &generator)
                var serial = Int64.random(in: 0...1_000, using: &generator)
                return NACHASample.Batch(
                    serviceClass: Bool.random(using: &generator) ? "200" : direction == .payout ? "220" : "225",
                    entryClass: Bool.random(using: &generator) ? "PPD" : "CCD",
                    origin: Int.random(in: 1_000_000...99_999_999, using: &generator),
                    number: batchNumber,
                    entries: (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                        serial += Int64.random(in: 1...3, using: &generator)
                        return NACHASample.Entry(
                            code: codes.randomElement(using: &generator) ?? codes[0],
                            routing: Int.random(in: 1_000_000...99_999_999, using: &generator),
                            account: String(Int.random(in: 100_000...99_999_999_999, using: &generator)),
                            cents: Int64.random(in: 1...9_999_999_999, using: &generator),
                            name: names.randomElement(using: &generator) ?? names[0],
                            text: Bool.random(using: &generator) ? nil : "words\\*\(serial)",
                            serial: serial
                        )
                    }
                )
            }
        )
    }

    static func expected(_ sample: NACHASample) throws -> [OrderFields] {
        let dollars = try #require(Currency(code: "USD"))
        return sample.batches.flatMap { batch in
            batch.entries.map { entry in
                let number = NACHASample.number
                return OrderFields(
                    merchantOrderNumber: sample.created + sample.modifier + number(batch.number, 7)
                        + number(Int64(batch.origin), 8) + number(entry.serial, 7),
                    amount: Money(minor: entry.cents, currency: dollars),
                    accountNumber: entry.account,
                    accountName: entry.name,
                    bankCode: number(Int64(entry.routing), 8) + "\(NACHASample.checkDigit(entry.routing))",
                    purpose: entry.text ?? batch.description
                )
            }
        }
    }

    @Test(arguments: Direction.allCases, ["\n", "\r\n", ""])
    func `what was written is read again, in parts cut anywhere`(direction: Direction, lineEnd: String) throws {
        var generator = SeededGenerator(seed: 21)
        let layout = try NACHASample.layout(direction)
        for round in 0..<60 {
            let sample = Self.sample(&generator, direction)
            let lines = sample.lines
            let bytes = NACHASample.bytes(lines, lineEnd: lineEnd)
            let whole = try SeenNACHAFile(bytes, layout)
            #expect(whole.defect == nil, "round \(round)")
            #expect(whole.orders == (try Self.expected(sample)), "round \(round)")
            #expect(whole.verdict() == .load)
            let cuts = (0..<Int.random(in: 1...8, using: &generator))
                .map { _ in Int.random(in: 0...bytes.count, using: &generator) }.sorted()
            #expect(try SeenNACHAFile(bytes, layout, cuts: cuts) == whole, "round \(round)")
            // The ranges of the records are exactly the lines of entries and addenda.
            let width = 94 + lineEnd.utf8.count
            let covered = whole.records.flatMap { Array($0.byteRange) }
            let meant = lines.indices.filter { lines[$0].hasPrefix("6") || lines[$0].hasPrefix("7") }
                .flatMap { Array(Int64($0 * width)..<Int64(($0 + 1) * width)) }
            #expect(covered == meant, "round \(round)")
        }
    }

    @Test func `a file cut at any byte gives the same records`() throws {
        let layout = try NACHASample.layout()
        for lineEnd in ["\n", "\r\n", ""] {
            var lines = NACHASample.usual().lines
            lines[2] = String(lines[2].prefix(90)) + (lineEnd.isEmpty ? "    " : "")
            let bytes = NACHASample.bytes(lines, lineEnd: lineEnd)
            let whole = try SeenNACHAFile(bytes, layout)
            #expect(whole.records.count == 4 && whole.defect == nil)
            for cut in 0...bytes.count {
                #expect(try SeenNACHAFile(bytes, layout, cuts: [cut]) == whole, "cut at \(cut)")
            }
            #expect(try SeenNACHAFile(bytes, layout, cuts: Array(0...bytes.count)) == whole)
        }
    }

    @Test func `every record is an order or quarantined, whatever bytes are changed`() throws {
        var generator = SeededGenerator(seed: 22)
        let layout = try NACHASample.layout()
        let alphabet: [UInt8] = [
            0x20, 0x30, 0x31, 0x35, 0x36, 0x37, 0x38, 0x39, 0x41, 0x0A, 0x0D, 0x00, 0x7F, 0xC3, 0xFF,
        ]
        var orders = 0
        var quarantined = 0
        var refused: Set<FileDefect.Code> = []
        for round in 0..<1_500 {
            var bytes = NACHASample.bytes(Self.sample(&generator, .payout).lines)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: place)
                default: bytes[place] = alphabet.randomElement(using: &generator) ?? 0
                }
            }
            let seen = try SeenNACHAFile(bytes, layout)
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            #expect(try SeenNACHAFile(bytes, layout, cuts: [cut]) == seen, "round \(round)")
            #expect(seen.orders.count + seen.reasons.count == seen.records.count)
            #expect(seen.totals.records == Int64(seen.records.count))
            #expect(seen.reasons.allSatisfy { !$0.isEmpty })
            for (index, record) in seen.records.enumerated() {
                #expect(record.ordinal == Int32(index + 1))
                let range = Int(record.byteRange.lowerBound)..<Int(record.byteRange.upperBound)
                #expect(bytes[range].starts(with: record.raw) && record.raw.first == 0x36, "round \(round)")
                #expect(index == 0 || record.byteRange.lowerBound >= seen.records[index - 1].byteRange.upperBound)
            }
            orders += seen.orders.count
            quarantined += seen.reasons.count
            if let defect = seen.defect { refused.insert(defect.code) }
        }
        #expect(orders > 1_000 && quarantined > 200 && refused.count > 10, "\(orders) \(quarantined) \(refused)")
    }

    @Test func `a reader started behind any record gives the rest`() throws {
        var generator = SeededGenerator(seed: 23)
        let layout = try NACHASample.layout()
        let bytes = NACHASample.bytes(Self.sample(&generator, .payout).lines)
        let whole = try SeenNACHAFile(bytes, layout)
        try #require(whole.records.count > 3)
        for (index, record) in whole.records.enumerated() {
            var reader = BatchFileReader(format: .nacha(layout), startingAt: record.next)
            #expect(reader.byteOffset == 0)
            var rest: [SeenRecord] = []
            try reader.read(bytes[...], isLast: true) { rest.append(SeenRecord($0)) }
            #expect(rest == Array(whole.records.dropFirst(index + 1)))
            #expect(reader.declared == whole.declared)
        }
    }
}

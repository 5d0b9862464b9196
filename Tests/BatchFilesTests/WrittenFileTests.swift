import BatchFiles
import PaymentCore
import Testing

/// What holds for files of every format, packed or not: what was written is read again, and no record is lost.
@Suite struct WrittenFileTests {
    /// What pass 1 made of a file that came in parts of random sizes.
    private struct Seen {
        var checked: [CheckedRecord] = []
        var totals = FileTotals()
        var refusal: FileDefect?
        var verdict: FileVerdict?

        init(_ file: WrittenFile, _ bytes: [UInt8], _ kind: Wrapping.Kind, _ generator: inout SeededGenerator) throws {
            var verification = FileVerification(
                format: DeclaredFormat(file.format, wrapping: Wrapping(kind)),
                rules: try WrittenFile.rules.get(),
                tolerance: FileTolerance()
            )
            var rest = bytes[...]
            repeat {
                let part = rest.prefix([1, 10, 100, 1_000, 100_000].one(&generator))
                rest = rest.dropFirst(part.count)
                try verification.read(part, isLast: rest.isEmpty) { checked.append($0) }
            } while !rest.isEmpty
            totals = verification.totals
            refusal = verification.refusal
            verdict = verification.verdict(submitted: nil)
        }

        var orders: [OrderFields] {
            checked.compactMap { if case .order(let draft) = $0 { draft.fields } else { nil } }
        }

        var sources: [RecordSource] {
            checked.map { record in
                switch record {
                case .order(let draft): draft.source
                case .quarantined(let draft): draft.source
                }
            }
        }
    }

    @Test(arguments: WrittenFile.kinds, Wrapping.Kind.allCases)
    func `what was written is read again, in every field`(kind: WrittenFile.Kind, wrapping: Wrapping.Kind) throws {
        var generator = SeededGenerator(seed: 31)
        for round in 0..<25 {
            let file = try kind.write(&generator)
            let packed = PackedFileTests.pack(file.bytes, wrapping)
            let seen = try Seen(file, packed, wrapping, &generator)
            try #require(seen.refusal == nil, "round \(round)")
            #expect(seen.orders == file.orders, "round \(round)")
            #expect(seen.checked.count == file.orders.count, "round \(round)")
            #expect(seen.verdict == .load, "round \(round)")
            // Each record's bytes are those of its place, whatever it came packed in.
            var end: Int64 = 0
            for source in seen.sources {
                #expect(source.byteRange.lowerBound >= end)
                end = source.byteRange.upperBound
                let bytes = file.bytes[Int(source.byteRange.lowerBound)..<Int(end)]
                #expect(bytes.starts(with: source.raw), "round \(round)")
                #expect(bytes.dropFirst(source.raw.count).allSatisfy { $0 == 0x0A || $0 == 0x0D }, "round \(round)")
            }
        }
    }

    @Test(arguments: WrittenFile.kinds.filter { $0.testDescription.hasPrefix("pain.00") })
    func `the ranges of transactions are their elements, and there are no others`(kind: WrittenFile.Kind) throws {
        var generator = SeededGenerator(seed: 32)
        for _ in 0..<25 {
            let file = try kind.write(&generator)
            let element = try #require(file.element)
            let width = file.bytes.starts(with: [0xFF, 0xFE]) ? 2 : 1
            func text(_ bytes: ArraySlice<UInt8>) -> String {
                // Tags are of ASCII in every encoding used here.
                String(
                    decoding: stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { bytes[$0] },
                    as: UTF8.self
                )
            }
            var end = width == 2 ? 2 : 0
            for source in try Seen(file, file.bytes, .none, &generator).sources {
                let range = Int(source.byteRange.lowerBound)..<Int(source.byteRange.upperBound)
                #expect(!text(file.bytes[end..<range.lowerBound]).contains(element))
                let record = text(file.bytes[range])
                #expect(record.hasPrefix("<\(element)>") && record.hasSuffix("</\(element)>"))
                #expect(record.dropFirst().firstRange(of: "<\(element)>") == nil)
                end = range.upperBound
            }
            #expect(!text(file.bytes[end...]).contains(element))
        }
    }

    @Test(arguments: WrittenFile.kinds)
    func `every record is an order or quarantined, whatever bytes are changed`(kind: WrittenFile.Kind) throws {
        var generator = SeededGenerator(seed: 33)
        var (orders, quarantined, refused) = (0, 0, 0)
        for round in 0..<150 {
            let file = try kind.write(&generator)
            var bytes = file.bytes
            // Most changes of a document's tags make it no document, so half of the changes are to its texts.
            if file.element != nil, Bool.random(using: &generator) {
                bytes[Self.textPlaces(bytes).one(&generator)] = Array("x-0".utf8).one(&generator)
            } else {
                Self.change(&bytes, &generator)
            }
            let seen = try Seen(file, bytes, .none, &generator)
            let bad = seen.checked.count - seen.orders.count
            #expect(seen.totals.records == Int64(seen.checked.count), "round \(round)")
            #expect(seen.totals.quarantined == Int64(bad), "round \(round)")
            #expect(seen.totals.accepted.values.reduce(0) { $0 + $1.count } == Int64(seen.orders.count))
            #expect(seen.sources.map(\.line.value) == seen.checked.indices.map { Int32($0 + 1) }, "round \(round)")
            var end: Int64 = 0
            for source in seen.sources {
                #expect(source.byteRange.lowerBound >= end && !source.byteRange.isEmpty, "round \(round)")
                end = source.byteRange.upperBound
                #expect(bytes[Int(source.byteRange.lowerBound)..<Int(end)].starts(with: source.raw), "round \(round)")
            }
            orders += seen.orders.count
            quarantined += bad
            if seen.refusal != nil { refused += 1 }
        }
        #expect(orders > 100 && quarantined > 10, "\(orders) orders, \(quarantined) quarantined, \(refused) refused")
    }

    private static func change(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let place = Int.random(in: bytes.indices, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(bytes.one(&generator), at: place)
            case 2: bytes[place] = UInt8.random(in: 0 ... .max, using: &generator)
            default: bytes[place] = bytes.one(&generator)
            }
        }
    }

    /// Where letters and digits of ASCII stand outside of tags.
    private static func textPlaces(_ bytes: [UInt8]) -> [Int] {
        var isText = false
        return bytes.indices.filter { index in
            let byte = bytes[index]
            if byte == UInt8(ascii: "<") { isText = false }
            if byte == UInt8(ascii: ">") { isText = true }
            return isText && (0x30...0x7A).contains(byte) && byte != UInt8(ascii: ">") && byte != UInt8(ascii: ";")
        }
    }
}

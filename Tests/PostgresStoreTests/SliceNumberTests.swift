import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

/// Numbers within a slice, between slices and between files, in every order.
@Suite(.serialized) struct `Numbers of a slice` {
    private typealias Record = NumberScene.Record

    /// Who has a number, as the registry must say it in the end.
    private struct Owner {
        let batch: BatchIdentifier
        let line: Int32
        let isBad: Bool
    }

    /// What a file's records come to, and the registry, decided one record after the other.
    private struct Model {
        var owners: [[UInt8]: Owner] = [:]

        mutating func reasons(_ records: [Record], in file: ClaimedBatchFile) -> String {
            var found: [String] = []
            for (place, record) in records.enumerated() {
                let line = Int32(place) + 1
                var codes = record.isBad ? ["account_check_digit"] : []
                if let owner = owners[Array(record.number.utf8)] {
                    let elsewhere = owner.isBad ? "duplicate_of_quarantined" : "duplicate_of_earlier_file"
                    codes.append(owner.batch == file.id ? "duplicate_in_file" : elsewhere)
                } else {
                    owners[Array(record.number.utf8)] = Owner(batch: file.id, line: line, isBad: record.isBad)
                }
                if !codes.isEmpty { found.append("\(line) \(codes.joined(separator: "+"))") }
            }
            return found.joined(separator: ", ")
        }

        var registry: String {
            owners.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { number, owner in
                let state = owner.isBad ? "quarantine" : "order"
                return "\(String(decoding: number, as: UTF8.self)) \(state) \(owner.batch)-\(owner.line)"
            }.joined(separator: ", ")
        }
    }

    /// Numbers of which some begin as others do, and some only look alike.
    private static let texts = ["A", "AA", "A0", "a", "\u{E9}", "e\u{301}", "编号", "编号1", "~", "Z"]

    private static func records(_ count: Int, seed: UInt64, rising: Bool) -> [Record] {
        var state = seed
        func next(_ limit: UInt64) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % limit)
        }
        var records = (0..<count).map { _ in
            let text = next(4) == 0 ? texts[next(10)] : "N\(next(60))"
            return Record(number: text, isBad: next(5) == 0)
        }
        guard rising else { return records }
        records.sort { $0.number.utf8.lexicographicallyPrecedes($1.number.utf8) }
        return records.enumerated().filter { place, record in
            place == 0 || !records[place - 1].number.utf8.elementsEqual(record.number.utf8)
        }.map(\.element)
    }

    private static func registry(_ scene: NumberScene) async throws -> String {
        try await scene.database.text(
            """
            SELECT coalesce(string_agg(order_no || ' ' || state || ' ' || batch_id || '-' || line_no, ', '
                ORDER BY order_no), '') FROM sluice.order_number_registry
            """
        )
    }

    /// Loads a file in slices of so many records.
    private static func load(
        _ records: [Record],
        sliceRecords: Int,
        _ scene: NumberScene
    ) async throws
        -> ClaimedBatchFile
    {
        let file = try await scene.file(records.count)
        for first in stride(from: 0, to: records.count, by: sliceRecords) {
            let part = Array(records[first..<min(first + sliceRecords, records.count)])
            let slice = NumberScene.slice(part, after: Int32(first))
            guard case .loaded = try await scene.load(slice, of: file, NumberScene.keeping) else {
                throw TestFailure("the slice is not loaded")
            }
        }
        return file
    }

    @Test(arguments: [true, false], [40, 7])
    func `are decided about one after the other, however they lie and are cut`(
        _ rising: Bool,
        _ sliceRecords: Int
    ) async throws {
        let scene = try await NumberScene.make()
        var model = Model()
        for seed in UInt64(1)...3 {
            let records = Self.records(40, seed: seed, rising: rising)
            let file = try await Self.load(records, sliceRecords: sliceRecords, scene)
            #expect(try await scene.reasons(file) == model.reasons(records, in: file))
            #expect(try await Self.registry(scene) == model.registry)
        }
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test(arguments: [["B", "A", "C"], ["A", "B", "C"], ["B", "A", "B", "C", "A"]])
    func `are written in one order, each once`(_ numbers: [String]) async throws {
        let scene = try await NumberScene.make()
        let file = try await scene.load(numbers.map { Record(number: $0) })
        let written = try await scene.database.text(
            "SELECT string_agg(order_no, '' ORDER BY ctid) FROM sluice.order_number_registry"
        )
        #expect(written == "ABC")
        let reasons = try await scene.reasons(file)
        #expect(reasons == (numbers.count == 3 ? "" : "3 duplicate_in_file, 5 duplicate_in_file"))
        await scene.close()
    }

    @Test func `are looked up one by one where more lie between them than are read`() async throws {
        let scene = try await NumberScene.make()
        let stored = (0..<600).map { Record(number: "K\(1_000 + 2 * $0)", isBad: $0 == 3) }
        let first = try await scene.load(stored)
        for numbers in [["K1001", "K1002", "K1003", "K2199"], ["K2197", "K1006", "K1005", "K2197"]] {
            let file = try await scene.load(numbers.map { Record(number: $0) })
            let expected =
                numbers[0] == "K1001"
                ? "2 duplicate_of_earlier_file" : "2 duplicate_of_quarantined, 4 duplicate_in_file"
            #expect(try await scene.reasons(file) == expected)
        }
        #expect(try await scene.owner(of: "K1002") == "order \(first.id)-2")
        await scene.close()
    }

    @Test func `that wait are superseded once, by the first good record`() async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A", isBad: true), Record(number: "B", isBad: true)])
        let newer = try await scene.load(
            [
                Record(number: "B"), Record(number: "A", isBad: true), Record(number: "A"), Record(number: "B"),
                Record(number: "A"),
            ],
            NumberScene.superseding
        )
        let reasons =
            "2 account_check_digit+duplicate_of_quarantined, 4 duplicate_in_file, 5 duplicate_in_file"
        #expect(try await scene.reasons(newer) == reasons)
        #expect(try await scene.owner(of: "A") == "order \(newer.id)-3")
        #expect(try await scene.owner(of: "B") == "order \(newer.id)-1")
        #expect(try await scene.record(first, line: 1) == "rejected superseded \(newer.id)-3")
        #expect(try await scene.record(first, line: 2) == "rejected superseded \(newer.id)-1")
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `that were given back are taken over once, by the first record`() async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A"), Record(number: "B")])
        #expect(try await scene.database.number("SELECT sluice.cancel_order($1)", [.int64(first.id.value)]) == 2)
        let newer = try await scene.load(
            [Record(number: "B", isBad: true), Record(number: "A"), Record(number: "C"), Record(number: "B")]
        )
        #expect(try await scene.reasons(newer) == "1 account_check_digit, 4 duplicate_in_file")
        #expect(try await scene.owner(of: "A") == "order \(newer.id)-2")
        #expect(try await scene.owner(of: "B") == "quarantine \(newer.id)-1")
        #expect(try await scene.owner(of: "C") == "order \(newer.id)-3")
        await scene.close()
    }

    @Test func `are none where no record has one, and there may be only bad records`() async throws {
        let scene = try await NumberScene.make()
        var slice = LoadSlice(upTo: 2)
        for line in Int32(1)...2 {
            slice.appendQuarantined(
                line: LineNumber(line),
                amount: nil,
                number: nil,
                reasons: [QuarantineReason(code: "wrong_column_count", field: nil, maskedValue: "1", mend: "look")],
                raw: "x".utf8.span,
                byteRange: 0..<2,
                physicalLine: 1,
                charset: "GB18030"
            )
        }
        let file = try await scene.file(2)
        #expect(try await scene.load(slice, of: file, NumberScene.keeping) == .loaded(duplicates: 0))
        #expect(try await scene.database.store.finishLoading(file) == .split)
        let rows = try await scene.database.text(
            """
            SELECT string_agg(concat_ws(' ', line_no, merchant_order_no, amount_minor, currency, charset, byte_to), ', '
                ORDER BY line_no) FROM sluice.quarantine_record
            """
        )
        #expect(rows == "1 GB18030 2, 2 GB18030 2")
        #expect(try await Self.registry(scene) == "")
        await scene.close()
    }
}

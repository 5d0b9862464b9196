import Cryptography
import PaymentCore
import Pipeline
import Store
import Synchronization
import Testing

/// A chain that a test may spoil.
private struct AuditChain: AuditStore {
    var rows: [AuditRow] = []
    var head = AuditHead(entryNumber: 0, hash: [UInt8](repeating: 0, count: 32))
    var now = Timestamp(unixMicroseconds: 1_780_275_600_000_000)

    init(rows count: Int = 0) { for _ in 0..<count { append("said") } }

    mutating func append(_ words: String) {
        let number = head.entryNumber + 1
        rows.append(Self.row(number, "\(words) \(number)", after: head.hash))
        head = AuditHead(entryNumber: number, hash: rows[rows.count - 1].hash)
    }

    static func row(_ number: Int64, _ words: String, after previous: [UInt8]) -> AuditRow {
        AuditRow(
            entryNumber: number,
            words: words,
            previous: previous,
            hash: SHA256.hash(previous + Array(words.utf8))
        )
    }

    /// All rows anew from one that says something else on, as a superuser could.
    mutating func rewrite(from number: Int64) {
        let words = rows.map { $0.entryNumber == number ? "lies" : $0.words }
        rows = []
        head = AuditHead(entryNumber: 0, hash: [UInt8](repeating: 0, count: 32))
        for (index, words) in words.enumerated() {
            rows.append(Self.row(Int64(index + 1), words, after: head.hash))
            head = AuditHead(entryNumber: Int64(index + 1), hash: rows[index].hash)
        }
    }

    func auditEnd() async throws -> AuditEnd {
        let numbers = rows.map(\.entryNumber).sorted()
        return AuditEnd(at: now, head: head, numbers: numbers.first.map { $0...numbers[numbers.count - 1] })
    }

    func auditRows(after number: Int64, upTo last: Int64, limit: Int) async throws -> [AuditRow] {
        let rows = rows.filter { $0.entryNumber > number && $0.entryNumber <= last }
            .sorted { $0.entryNumber < $1.entryNumber }
        guard rows.count > limit else { return rows }
        return rows.filter { $0.entryNumber <= rows[limit - 1].entryNumber }
    }

    func auditHashes(of numbers: [Int64]) async throws -> [Int64: [UInt8]] {
        var hashes: [Int64: [UInt8]] = [:]
        for row in rows where numbers.contains(row.entryNumber) { hashes[row.entryNumber] = row.hash }
        return hashes
    }
}

@Suite struct AuditVerificationTests {
    private typealias Kind = AuditReport.Breach.Kind

    private static func kinds(_ chain: AuditChain, _ written: [WrittenAuditHead] = []) async throws -> [Kind] {
        let report = try await AuditVerification(store: chain).verify(against: written)
        #expect(report.holds == report.examples.isEmpty)
        return report.examples.map(\.kind)
    }

    private static func written(_ heads: AuditHead?...) -> [WrittenAuditHead] {
        heads.enumerated().map { WrittenAuditHead(line: $0 + 1, head: $1, day: nil) }
    }

    @Test(arguments: [0, 1, 2, 1_999, 2_000, 2_001, 4_100])
    func `a chain that nobody touched holds, however long`(_ count: Int) async throws {
        let chain = AuditChain(rows: count)
        let report = try await AuditVerification(store: chain).verify()
        #expect(report.holds && report.rows == Int64(count) && report.head == chain.head)
    }

    @Test(arguments: [0, 1, 49, 98, 99]) func `a changed row is found`(_ index: Int) async throws {
        var chain = AuditChain(rows: 100)
        let row = chain.rows[index]
        chain.rows[index] = AuditRow(
            entryNumber: row.entryNumber,
            words: "\(row.words)!",
            previous: row.previous,
            hash: row.hash
        )
        #expect(try await Self.kinds(chain) == [.changed])
        // With a hash that fits, the next row, or the head, does not.
        chain.rows[index] = AuditChain.row(row.entryNumber, "\(row.words)!", after: row.previous)
        #expect(try await Self.kinds(chain) == [index == 99 ? .head : .unlinked])
    }

    @Test func `a deleted row is found, also the first one`() async throws {
        for index in [0, 1, 50, 98] {
            var chain = AuditChain(rows: 100)
            chain.rows.remove(at: index)
            let report = try await AuditVerification(store: chain).verify()
            #expect(report.examples.map(\.kind) == [.deleted])
            #expect(report.examples.first?.entryNumber == Int64(index + 1))
        }
    }

    @Test func `a row that was put between others is found, whatever number it has`() async throws {
        var twice = AuditChain(rows: 10)
        twice.rows.insert(AuditChain.row(5, "put", after: twice.rows[3].hash), at: 5)
        #expect(try await Self.kinds(twice) == [.inserted])

        var behind = AuditChain(rows: 10)
        behind.rows.append(AuditChain.row(11, "put", after: behind.head.hash))
        #expect(try await Self.kinds(behind) == [.inserted])

        var before = AuditChain(rows: 10)
        before.rows.insert(AuditChain.row(0, "put", after: []), at: 0)
        #expect(try await Self.kinds(before) == [.inserted])

        var shifted = AuditChain(rows: 10)
        let later = shifted.rows[5...].map {
            AuditRow(entryNumber: $0.entryNumber + 1, words: $0.words, previous: $0.previous, hash: $0.hash)
        }
        shifted.rows = shifted.rows[..<5] + [AuditChain.row(6, "put", after: shifted.rows[4].hash)] + later
        shifted.head = AuditHead(entryNumber: 11, hash: shifted.head.hash)
        #expect(try await Self.kinds(shifted) == [.unlinked])
    }

    @Test func `rows that changed places are found`() async throws {
        var chain = AuditChain(rows: 10)
        let (left, right) = (chain.rows[3], chain.rows[4])
        func moved(_ row: AuditRow, to number: Int64) -> AuditRow {
            // The number is among the words that are hashed.
            AuditRow(
                entryNumber: number,
                words: row.words.replacing("\(row.entryNumber)", with: "\(number)"),
                previous: row.previous,
                hash: row.hash
            )
        }
        (chain.rows[3], chain.rows[4]) = (moved(right, to: 4), moved(left, to: 5))
        let found = try await Self.kinds(chain)
        #expect(found == [.unlinked, .changed, .unlinked, .changed, .unlinked])
    }

    @Test func `a cut tail is found by the head, and with the head set back by the one outside`() async throws {
        var chain = AuditChain(rows: 10)
        let head = chain.head
        chain.rows.removeLast(3)
        #expect(try await Self.kinds(chain) == [.cut])
        chain.head = AuditHead(entryNumber: 7, hash: chain.rows[6].hash)
        #expect(try await Self.kinds(chain) == [])
        #expect(try await Self.kinds(chain, Self.written(head)) == [.cut])
        chain.rows = []
        chain.head = AuditHead(entryNumber: 0, hash: [UInt8](repeating: 0, count: 32))
        #expect(try await Self.kinds(chain, Self.written(head)) == [.cut])
    }

    @Test func `a chain that was written anew is found by the heads outside`() async throws {
        var chain = AuditChain(rows: 10)
        let early = AuditHead(entryNumber: 3, hash: chain.rows[2].hash)
        let late = chain.head
        chain.rewrite(from: 5)
        #expect(try await Self.kinds(chain) == [])
        #expect(try await Self.kinds(chain, Self.written(early)) == [])
        #expect(try await Self.kinds(chain, Self.written(early, late)) == [.rewritten])
        #expect(try await Self.kinds(chain, Self.written(early, nil)) == [.unreadable])
    }

    @Test func `a number far away is not counted to`() async throws {
        var chain = AuditChain(rows: 10)
        chain.rows.append(AuditChain.row(.max, "put", after: chain.head.hash))
        #expect(try await Self.kinds(chain) == [.inserted])
        chain.head = AuditHead(entryNumber: .max, hash: chain.rows[10].hash)
        #expect(try await Self.kinds(chain) == [.deleted])
    }

    @Test func `only the first breaches are told one by one, and all are counted`() async throws {
        var chain = AuditChain(rows: 100)
        chain.rows = chain.rows.map {
            AuditRow(entryNumber: $0.entryNumber, words: "", previous: $0.previous, hash: $0.hash)
        }
        let report = try await AuditVerification(store: chain).verify()
        #expect(report.breaches == 100 && report.examples.count == AuditVerification.examplesMax)
    }
}

@Suite struct AuditHeadKeepingTests {
    private final class Heads: AuditHeads {
        private let heads = Mutex<[WrittenAuditHead]>([])

        func written() throws -> [WrittenAuditHead] { heads.withLock { $0 } }
        func lastWritten() throws -> WrittenAuditHead? { heads.withLock { $0.last } }
        func append(_ head: AuditHead, at instant: Timestamp, force: Bool) throws -> Bool {
            heads.withLock { heads in
                let day = BusinessDate(at: instant)
                if !force, heads.last?.day == day { return false }
                heads.append(WrittenAuditHead(line: heads.count + 1, head: head, day: day))
                return true
            }
        }
    }

    @Test func `a head is written once a day, and never of a chain without a row`() async throws {
        let heads = Heads()
        var chain = AuditChain()
        #expect(try await AuditHeadKeeping(store: chain, heads: heads).keep(force: true) == .nothingToDo)
        chain.append("first")
        let first = chain.head
        #expect(try await AuditHeadKeeping(store: chain, heads: heads).keep() == .written(first))
        chain.append("second")
        #expect(try await AuditHeadKeeping(store: chain, heads: heads).keep() == .nothingToDo)
        #expect(try await AuditHeadKeeping(store: chain, heads: heads).keep(force: true) == .written(chain.head))
        chain.now = chain.now.advanced(by: .hours(24))
        chain.append("third")
        #expect(try await AuditHeadKeeping(store: chain, heads: heads).keep() == .written(chain.head))
        #expect(try heads.written().map { $0.head?.entryNumber } == [1, 2, 3])
    }

    @Test func `a head that the chain has no more raises an alarm, and is not covered by another one`() async throws {
        let heads = Heads()
        var chain = AuditChain(rows: 3)
        let head = chain.head
        #expect(try await AuditHeadKeeping(store: chain, heads: heads).keep().alarm == nil)
        chain.rewrite(from: 2)
        let rewritten = try await AuditHeadKeeping(store: chain, heads: heads).keep()
        #expect(rewritten == .broken(head))
        #expect(rewritten.alarm?.kind == .auditBroken)
        chain.now = chain.now.advanced(by: .hours(24))
        for shorter in [AuditChain(rows: 2), AuditChain(), chain] {
            #expect(try await AuditHeadKeeping(store: shorter, heads: heads).keep(force: true) == .broken(head))
        }
        #expect(try heads.written().count == 1)
    }
}

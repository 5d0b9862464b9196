import Foundation
import PaymentCore
import Pipeline
import Store
import Testing
import sluice

/// The file of heads: only added to, by several processes at once.
@Suite struct AuditHeadFileTests {
    private static let noon = Timestamp(unixMicroseconds: 1_780_315_200_000_000)

    private static func head(_ number: Int64) -> AuditHead {
        AuditHead(entryNumber: number, hash: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32))
    }

    @Test func `a line tells time, number and hash, and is read back`() throws {
        let fixture = try ConfigurationFixture()
        let file = AuditHeadFile(path: "\(fixture.folder)/heads")
        #expect(try file.written().isEmpty && file.lastWritten() == nil)
        #expect(try file.append(Self.head(17), at: Self.noon, force: false))
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
        #expect(text == "2026-06-01T12:00:00.000000Z, 17, \(String(repeating: "11", count: 32))\n")
        #expect(try file.lastWritten()?.head == Self.head(17))
        #expect(try file.lastWritten()?.day == BusinessDate("2026-06-01"))
    }

    @Test func `one a day is added, whoever comes first`() async throws {
        let fixture = try ConfigurationFixture()
        let file = AuditHeadFile(path: "\(fixture.folder)/heads")
        let added = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...20 {
                group.addTask { try file.append(Self.head(Int64(number)), at: Self.noon, force: false) }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(added == 1)
        #expect(try file.written().count == 1)
        #expect(try file.append(Self.head(30), at: Self.noon, force: true))
        #expect(try !file.append(Self.head(31), at: Self.noon.advanced(by: .hours(11)), force: false))
        #expect(try file.append(Self.head(32), at: Self.noon.advanced(by: .hours(12)), force: false))
        #expect(try file.written().map { $0.head?.entryNumber }.suffix(2) == [30, 32])
    }

    @Test func `a line that is no head keeps its place and is told as such`() throws {
        let fixture = try ConfigurationFixture()
        let file = AuditHeadFile(path: "\(fixture.folder)/heads")
        let hash = String(repeating: "11", count: 32)
        let bad = [
            "something", "2026-06-01T12:00:00.000000Z, 0, \(hash)", "2026-06-01T12:00:00.000000Z, 1, 11",
            "2026-13-01T12:00:00.000000Z, 1, \(hash)", "2026-06-01T12:00:00.000000Z, 1, \(hash), more",
        ]
        try (bad.joined(separator: "\n") + "\n2026-06-01T12:00:00.0000").write(
            toFile: file.path,
            atomically: false,
            encoding: .utf8
        )
        #expect(try file.append(Self.head(5), at: Self.noon, force: false), "a line that was cut short is no head")
        let written = try file.written()
        #expect(written.map(\.line) == Array(1...7))
        #expect(written.map { $0.head?.entryNumber } == [nil, nil, nil, nil, nil, nil, 5])
    }

    @Test func `a file that cannot be written is told of`() throws {
        let fixture = try ConfigurationFixture()
        let file = AuditHeadFile(path: "\(fixture.folder)/nowhere/heads")
        #expect(try file.written().isEmpty)
        #expect(throws: CommandFailure.self) { try file.append(Self.head(1), at: Self.noon, force: true) }
        #expect(throws: CommandFailure.self) { try AuditHeadFile(path: fixture.folder).written() }
    }
}

import Compression
import Cryptography
import Foundation
import PaymentCore
import Pipeline
import Store
import Testing
import sluice

/// Files of exported days: packed, read back, and described.
@Suite struct ExportFolderTests {
    private static let day = BusinessDate("2026-05-01") ?? BusinessDate(daysSince1970: 0)
    private static let totals = ArchiveTotals([
        "CNY/succeeded": ArchiveTotals.Sum(rows: 2, amountMinor: 300, hash: Int128(Int64.max) * 4)
    ])

    private static func unpacked(_ bytes: [UInt8]) throws -> [UInt8] {
        var unpacker = GzipUnpacker()
        var contents: [UInt8] = []
        try unpacker.unpack(bytes[...], isLast: true) { contents += $0 }
        return contents
    }

    private static func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("payment_order") }.sorted()
    }

    @Test func `a day is written whole, under its name only when it was read back`() async throws {
        let fixture = try ConfigurationFixture()
        let folder = ExportFolder(path: fixture.folder, environment: "check")
        #expect(folder.problem == nil)
        let file = try folder.begin(.paymentOrder, Self.day)
        let lines = (0..<20_000).map { "\($0)\tCNY\t\\\\x00ff\n" }
        for line in lines { try file.append(Array(line.utf8)) }
        #expect(try Self.names(fixture.folder) == ["payment_order_20260501.copy.gz.part"])
        let export = try await file.finish(columns: ["batch_id", "currency", "personal"], totals: Self.totals)
        #expect(
            try Self.names(fixture.folder) == ["payment_order_20260501.copy.gz", "payment_order_20260501.copy.json"]
        )
        let packed = [UInt8](try Data(contentsOf: URL(filePath: "\(fixture.folder)/\(export.file)")))
        let content = Array(lines.joined().utf8)
        #expect(try Self.unpacked(packed) == content)
        #expect(export.rows == 20_000 && export.contentBytes == Int64(content.count))
        #expect(export.sha256 == SHA256.hash(packed) && export.contentSHA256 == SHA256.hash(content))
        #expect(export.bytes == Int64(packed.count) && packed.count * 3 < content.count)

        let text = try Data(contentsOf: URL(filePath: "\(fixture.folder)/payment_order_20260501.copy.json"))
        let told = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
        #expect(told["sha256"] as? String == Hexadecimal.encode(export.sha256))
        #expect(told["rows"] as? Int == 20_000 && told["environment"] as? String == "check")
        #expect(told["columns"] as? [String] == ["batch_id", "currency", "personal"])
        let sums = try #require((told["totals"] as? [String: [String: Any]])?["CNY/succeeded"])
        #expect(sums["hash"] as? String == String(Int128(Int64.max) * 4), "no reader cuts it to 64 bits")
    }

    @Test func `an empty day is a file, too`() async throws {
        let fixture = try ConfigurationFixture()
        let file = try ExportFolder(path: fixture.folder, environment: "check").begin(.exchange, Self.day)
        let export = try await file.finish(columns: ["batch_id"], totals: ArchiveTotals())
        #expect(export.rows == 0 && export.contentBytes == 0 && export.bytes > 0)
        let packed = [UInt8](try Data(contentsOf: URL(filePath: "\(fixture.folder)/\(export.file)")))
        #expect(try Self.unpacked(packed).isEmpty)
    }

    @Test func `what was damaged on its way gets no name`() async throws {
        let fixture = try ConfigurationFixture()
        let file = try ExportFolder(path: fixture.folder, environment: "check").begin(.paymentOrder, Self.day)
        // Chance packs badly, so that some of it is on the disk by now.
        var random: UInt64 = 7
        let noise = (0..<400_000).map { _ in
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: random >> 33)
        }
        try file.append(noise)
        let path = "\(fixture.folder)/payment_order_20260501.copy.gz.part"
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.seek(toOffset: 1_000)
        try handle.write(contentsOf: Data([0xAA, 0x55, 0xAA]))
        try handle.close()
        await #expect(throws: ArchiveExportFailed.self) {
            try await file.finish(columns: [], totals: ArchiveTotals())
        }
        file.abandon()
        #expect(try Self.names(fixture.folder).isEmpty)
    }

    @Test func `a folder that cannot be written into is named`() throws {
        let folder = ExportFolder(path: "/nowhere/at/all", environment: "check")
        #expect(folder.problem?.contains("/nowhere/at/all") == true)
        let error = #expect(throws: ArchiveExportFailed.self) { try folder.begin(.exchange, Self.day) }
        #expect(error?.description.contains("/nowhere/at/all") == true)
    }
}

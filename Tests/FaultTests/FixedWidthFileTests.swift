import Foundation
import PaymentCore
import Testing
import Transcoding

/// A file of fixed width on its whole way, by the built program.
@Suite struct FixedWidthFileTests {
    private static func encoded(_ text: String) throws -> [UInt8] {
        let encoder = TextEncoder(charset: .gbk)
        guard let bytes = encoder.encode(text) else { throw SceneFailure("GBK cannot hold \(text)") }
        return bytes
    }

    private static func padded(_ text: String, _ width: Int) throws -> [UInt8] {
        let bytes = try encoded(text)
        return bytes + [UInt8](repeating: 0x20, count: width - bytes.count)
    }

    /// A record as `Config/layouts/withhold-fixed-gbk.yaml` has it.
    private static func record(_ line: BatchText.Line) throws -> [UInt8] {
        try padded(line.number, 20) + padded(line.account, 19) + padded(line.name, 30) + padded(line.bank, 12)
            + padded("\(line.amountMinor)", 12) + padded(line.purpose, 20) + [0x0D, 0x0A]
    }

    @Test func `goes in, and comes out as a delimited result that tells number and amount of bad records too`()
        async throws
    {
        try await FaultScene.with(.honest) { scene in
            try scene.edit(
                "merchants/MER-WITHHOLD.yaml",
                "bad_per_ten_thousand_max: 500",
                "bad_per_ten_thousand_max: 5000"
            )
        } _: { scene in
            var text = BatchText(.withhold, count: 8)
            // One record with a wrong check digit, one that is cut and has neither number nor amount left.
            text.lines[2].account = BatchText.misspelt(text.lines[2].account)
            var bytes = Array("20260301 WITHHOLD\r\n".utf8)
            for line in text.lines { bytes += try Self.record(line) }
            bytes += try Self.record(text.lines[0]).prefix(60) + [0x0A]
            bytes += try Self.padded("TRAILER", 7) + Self.padded("9", 8) + Self.padded("\(text.sum)", 16) + [0x0A]
            let path = try scene.write(bytes, to: "fixed.txt")
            let check = ["file", "check", path, "--merchant", "MER-WITHHOLD", "--json"]
            let checked = try await scene.run(check, expecting: 3)
            let report = try #require(try checked.json() as? [String: Any], "\(checked.tail)")
            #expect(report["format"] as? String == "withhold-fixed-gbk")
            #expect(report["orders"] as? Int == 7 && report["quarantined"] as? Int == 2, "\(checked.output)")

            let batch = try FaultScene.batch(
                try await scene.run([
                    "file", "submit", path, "--merchant", "MER-WITHHOLD", "--direction", "withhold", "--format",
                    "withhold-fixed-gbk", "--json",
                ])
            )
            let worker = try scene.start(["worker"])
            try await scene.untilAtRest()
            try await scene.dismiss([worker])
            #expect(
                try await scene.number("SELECT count(*) FROM sluice.payment_order WHERE state = 'succeeded'") == 7
            )
            let codes = try await scene.text(
                """
                SELECT string_agg(concat_ws(' ', line_no, physical_line, amount_minor, reasons -> 0 ->> 'code'), ', '
                    ORDER BY line_no) FROM sluice.quarantine_record
                """
            )
            let amount = text.lines[2].amountMinor
            #expect(codes == "3 4 \(amount) account_check_digit, 9 10 wrong_record_length")

            let result = try await scene.run(["file", "result", "\(batch)", "--output", "\(scene.folder)/result.csv"])
            #expect(result.log.contains("9 lines"), "\(result.log)")
            let decoded = try Self.lines("\(scene.folder)/result.csv")
            #expect(
                decoded.first == "order_no,card_no,name,bank,amount,remark,line_no,result,code,reason,finished_date"
            )
            #expect(decoded.count == 10)
            let paid = try #require(decoded.dropFirst().first { $0.contains(text.lines[0].number) })
            let line = text.lines[0]
            #expect(
                paid.hasPrefix(
                    "\(line.number),\(line.account),\(line.name),\(line.bank),\(line.amountMinor),\(line.purpose),1,"
                        + "SUCCEEDED,"
                ),
                "\(paid)"
            )
            let bad = try #require(decoded.first { $0.contains(text.lines[2].number) })
            #expect(bad.hasPrefix("\(text.lines[2].number),,,,\(amount),,3,UNDER_REVIEW,"), "\(bad)")
            #expect(decoded.contains { $0.hasPrefix(",,,,,,9,UNDER_REVIEW,") }, "\(decoded)")
            try await Books(scene: scene).expectInvariants()
        }
    }

    /// The lines of a file in GBK.
    private static func lines(_ path: String) throws -> [String] {
        var decoder = TextDecoder(charset: .gbk)
        guard let text = decoder.decode(Array(try Data(contentsOf: URL(fileURLWithPath: path))).span) else {
            throw SceneFailure("\(path) is not in GBK")
        }
        return text.split(separator: "\n").map { String($0) }
    }
}

import PaymentCore
import Testing

/// A slip in any file of the configuration: every process that reads it ends at once with file, line and mend.
@Suite struct SettingsMistakeTests {
    struct Slip: Sendable, CustomTestStringConvertible {
        let file: String
        let right: String
        let wrong: String
        /// So many lines further down the place is told, where the slip only shows there.
        var below = 0
        /// What the error must say beside the place.
        let mend: String
        /// A command that reads the file.
        var command = ["worker"]

        var testDescription: String { file }
    }

    static let slips = [
        Slip(file: "sluice.yaml", right: "heartbeat:", wrong: "hartbeat:", mend: "heartbeat"),
        Slip(file: "sluice.yaml", right: "file_lease: 10m", wrong: "file_lease: 10", mend: "unit"),
        Slip(
            file: "layouts/payout-csv-utf8.yaml",
            right: "separator:",
            wrong: "seperator:",
            mend: "separator"
        ),
        Slip(
            file: "layouts/payout-csv-utf8.yaml",
            right: "charset: UTF-8",
            wrong: "charset: UTF8",
            mend: "GB18030",
            command: ["file", "submit", "/dev/null", "--merchant", "M", "--direction", "payout", "--format", "f"]
        ),
        Slip(
            file: "merchants/MER-PAYOUT.yaml",
            right: "bank_code_form:",
            wrong: "bankcode_form:",
            mend: "bank_code_form"
        ),
        Slip(
            file: "merchants/MER-PAYOUT.yaml",
            right: "channel: harbor",
            wrong: "channel: harbour",
            mend: "harbor, meridian",
            command: ["db", "migrate"]
        ),
        Slip(file: "channels/harbor.yaml", right: "stall:", wrong: "stal:", mend: "stall"),
        Slip(
            file: "channels/harbor.yaml",
            right: "\"9999\": unknown",
            wrong: "\"9999\": failed",
            mend: "unknown",
            command: ["channel", "activate", "harbor"]
        ),
        Slip(
            file: "../jobs/all.yaml",
            right: "deadline:",
            wrong: "dedline:",
            mend: "deadline",
            command: ["run", "all"]
        ),
        Slip(
            file: "../jobs/all.yaml",
            right: "settle]",
            wrong: "settel]",
            mend: "settle",
            command: ["run", "all"]
        ),
        Slip(
            file: "../jobs/all.yaml",
            right: "stages: [",
            wrong: "stages: [[",
            below: 1,
            mend: "",
            command: ["run", "all"]
        ),
    ]

    @Test(arguments: slips)
    func `a slip is told with file, line and mend, and nothing is done`(_ slip: Slip) async throws {
        try await FaultScene.with { scene in
            let batch = try await scene.submit(BatchText(.payout, count: 5))
            let line = try scene.edit(slip.file, slip.right, slip.wrong) + slip.below
            let program = try await scene.run(slip.command, expecting: 2)
            let name = String(slip.file.split(separator: "/").last ?? "")
            #expect(program.log.contains("\(name):\(line):"), "\(program.tail)")
            #expect(program.log.contains(slip.mend), "\(program.tail)")
            #expect(program.log.split(separator: "\n").count == 1, "\(program.tail)")
            #expect(try await scene.state(of: batch) == "pending")
            #expect(try await scene.number("SELECT count(*) FROM sluice.worker") == 0)
        }
    }
}

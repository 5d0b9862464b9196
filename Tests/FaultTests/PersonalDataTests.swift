import Cryptography
import EmbeddedPostgres
import Foundation
import Glibc
import PaymentCore
import Testing
import Transcoding

/// Account numbers and names stay out of the database's files, of logs and of reports (R15).
@Suite struct PersonalDataTests {
    private static let names = ["裴鸑鷟", "禤靐龘", "贠麤灪", "仉彧爨"]

    @Test func `a dump, the logs and the reports hold no planted account and no planted name`() async throws {
        try await FaultScene.with(.hostile) { scene in
            var planted: [String] = Self.names
            var batches: [Int64] = []
            var files: [(batch: Int64, text: BatchText)] = []
            for (series, direction) in [PaymentCore.Direction.payout, .withhold].enumerated() {
                var text = BatchText(direction, count: 200, series: series + 3)
                for index in text.lines.indices { text.lines[index].name = Self.names[index % Self.names.count] }
                planted += text.lines.map(\.account)
                files.append((try await scene.submit(text, name: "good-\(direction.rawValue).txt"), text))
                // Some of it goes to quarantine, a whole file to a person, one is refused: every way that there is.
                var bad = text
                for index in bad.lines.indices {
                    bad.lines[index].number = "\(index)" + bad.lines[index].number
                    if index % 80 == 0 { bad.lines[index].bank = "999" }
                    if index % 80 == 1 { bad.lines[index].name += "\u{7}" }
                    if index % 80 == 2 { bad.lines[index].account = BatchText.misspelt(bad.lines[index].account) }
                }
                planted += bad.lines.map(\.account)
                batches.append(try await scene.submit(bad, name: "bad-\(direction.rawValue).txt"))
                for index in bad.lines.indices {
                    bad.lines[index].number += "H"
                    bad.lines[index].bank = bad.lines[index].account
                }
                batches.append(try await scene.submit(bad, name: "held-\(direction.rawValue).txt"))
                for index in bad.lines.indices { bad.lines[index].number += "R" }
                bad.trailerCount = 1
                batches.append(try await scene.submit(bad, name: "refused.txt", ["--declared-count", "1"]))
            }
            let worker = try scene.start(["worker"])
            try await scene.untilAtRest()
            worker.send(SIGTERM)
            #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
            #expect(try await scene.number("SELECT count(*) FROM sluice.quarantine_record") > 0)
            #expect(try await scene.number("SELECT count(*) FROM sluice.batch_file WHERE state = 'held'") == 2)
            #expect(try await scene.number("SELECT count(*) FROM sluice.batch_file WHERE state = 'refused'") == 2)
            try await Self.report(scene, files.map(\.batch) + batches)

            let dump = try Self.dump(scene)
            #expect(dump.count > 100_000)
            let log = FileManager.default.contents(atPath: "\(scene.server.socketDirectory)/server.log") ?? Data()
            let truth = FileManager.default.contents(atPath: scene.truthPath) ?? Data()
            let said = Data(scene.everythingSaid.joined(separator: "\n").utf8)
            let search = SecretSearch(planted: Set(planted))
            #expect(search.found(in: dump) == [], "in the dump")
            #expect(search.found(in: said) == [], "in logs and reports")
            #expect(search.found(in: log) == [], "in the server's log")
            #expect(search.found(in: truth) == [], "in the companies' truth file")
            // The search itself finds each form that it looks for.
            for text in [planted[0], planted[planted.count - 1]] {
                for form in SecretSearch.forms(of: text) {
                    #expect(search.found(in: dump.prefix(1_000) + form + dump.suffix(1_000)).contains(text))
                }
            }
        }
    }

    @Test func `a file that is held because its bytes came before is not left in the clear`() async throws {
        try await FaultScene.with { scene in
            let text = BatchText(.payout, count: 20)
            _ = try await scene.submit(text, name: "first.csv")
            let path = try scene.write(text.bytes, to: "second.csv")
            try await scene.run(scene.submission(of: text, path: path))
            try await scene.run(["run", "intake"], expecting: 3)
            #expect(try await scene.number("SELECT count(*) FROM sluice.batch_file WHERE state = 'held'") == 1)
            #expect(try await scene.number("SELECT count(*) FROM sluice.batch_file_part WHERE NOT is_encrypted") == 0)
            #expect(try await scene.number("SELECT count(*) FROM sluice.payment_order") == 20)
        }
    }

    /// Everything that the program says of these files.
    private static func report(_ scene: FaultScene, _ batches: [Int64]) async throws {
        for json in [[], ["--json"]] {
            try await scene.run(["file", "list"] + json)
            try await scene.run(["quarantine", "list", "--limit", "1000"] + json)
            try await scene.run(["review", "list"] + json)
            try await scene.run(["verify"] + json)
            for batch in batches { try await scene.run(["file", "show", "\(batch)"] + json) }
            for kind in ["quarantine_record", "payment_order"] {
                let keys = try await scene.text(
                    """
                    SELECT string_agg(key, ' ') FROM (
                        SELECT DISTINCT ON (batch_id, line_no % 4) batch_id || '-' || line_no AS key
                        FROM sluice.\(kind)) k
                    """
                )
                for key in keys.split(separator: " ").prefix(16) {
                    let command = kind == "payment_order" ? "order" : "quarantine"
                    try await scene.run([command, "show", String(key)] + json)
                }
            }
        }
    }

    /// The whole database as `pg_dump` writes it.
    private static func dump(_ scene: FaultScene) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "\(try EmbeddedCluster.binaryDirectory())/pg_dump")
        process.arguments = [
            "--inserts", "--file", "\(scene.folder)/dump.sql", scene.server.uri(database: scene.database),
        ]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0,
            let dump = FileManager.default.contents(atPath: "\(scene.folder)/dump.sql")
        else { throw SceneFailure("pg_dump ended with \(process.terminationStatus)") }
        return dump
    }
}

/// Finds texts in bytes in every form in which they might have been written.
struct SecretSearch: Sendable {
    private static let prefixBytes = 6

    private let texts: [[UInt8]: [(form: [UInt8], text: String)]]

    init(planted: Set<String>) {
        var texts: [[UInt8]: [(form: [UInt8], text: String)]] = [:]
        for text in planted {
            for form in Self.forms(of: text) {
                texts[Array(form.prefix(Self.prefixBytes)), default: []].append((form, text))
            }
        }
        self.texts = texts
    }

    /// UTF-8 and GB 18030, each plain, in hexadecimal and in Base64 at each of its three alignments.
    static func forms(of text: String) -> Set<[UInt8]> {
        let encoded = TextEncoder(charset: .gb18030).encode(text) ?? []
        var forms: Set<[UInt8]> = []
        for bytes in [Array(text.utf8), encoded] {
            let hexadecimal = Hexadecimal.encode(bytes)
            forms.formUnion([bytes, Array(hexadecimal.utf8), Array(hexadecimal.uppercased().utf8)])
            for alignment in 0..<3 {
                let padded = Data([UInt8](repeating: 0, count: alignment) + bytes).base64EncodedData()
                // What the bytes before and after have a part in is left out.
                let first = [0, 2, 3][alignment]
                let last = (alignment + bytes.count) * 8 / 6
                forms.insert(Array(padded[first..<last]))
            }
        }
        return forms
    }

    /// The planted texts that stand in `data`, in whatever form.
    func found(in data: Data) -> Set<String> {
        var found: Set<String> = []
        var firsts = [Bool](repeating: false, count: 65_536)
        for prefix in texts.keys { firsts[Int(prefix[0]) << 8 | Int(prefix[1])] = true }
        let bytes = Array(data)
        guard bytes.count > Self.prefixBytes else { return [] }
        for index in 0..<(bytes.count - Self.prefixBytes) {
            guard firsts[Int(bytes[index]) << 8 | Int(bytes[index + 1])],
                let candidates = texts[Array(bytes[index..<index + Self.prefixBytes])]
            else { continue }
            for (form, text) in candidates where bytes[index...].starts(with: form) { found.insert(text) }
        }
        return found
    }
}

import Testing

/// Plants bad code and expects it to be found: a check that cannot fail is a defect.
@Suite struct CodeRuleTests {
    func source(_ text: String, _ path: String = "Sources/Pipeline/Polling/A.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test(arguments: [
        ("PaymentCore", "import Foundation"), ("PaymentCore", "import Glibc"), ("PaymentCore", "import Store"),
        ("Pipeline", "import PostgresStore"), ("Pipeline", "internal import PostgresClient"),
        ("ChannelSimulator", "import ChannelKit"), ("ChannelSimulator", "import PaymentCore"),
        ("ChannelSimulator", "@preconcurrency package import struct PaymentCore.Money"),
        ("ChannelKit", "import Yams"), ("sluice", "import Yams"), ("Store", "import CLibPQ"),
        ("sluice", "import CLibPQ"),
        ("Transfer", "import PaymentCore"), ("Transfer", "import CLibPQ"), ("BatchFiles", "import StrictYAML"),
        ("Review", "import Pipeline"), ("Store", "import ArgumentParser"), ("Pipeline", "import Testing"),
        ("Unheard", "import Glibc"),
    ]) func `a forbidden import is found`(_ target: String, _ line: String) {
        let violations = ImportRule.check(source("// head\n\(line)\n", "Sources/\(target)/A.swift"))
        #expect(violations.map(\.line) == [2])
    }

    @Test(arguments: [
        ("BatchFiles", "import Transcoding"), ("ChannelKit", "package import PaymentCore"),
        ("ChannelKit", "import StrictYAML"), ("StrictYAML", "import Yams"), ("ChannelSimulator", "import Yams"),
        ("PostgresClient", "import CLibPQ"), ("sluice", "import EmbeddedPostgres"), ("Store", "import Foundation"),
        ("sluice", "import ArgumentParser"), ("Pipeline", "import class Foundation.FileHandle"),
        ("PaymentCore", "// import Foundation"), ("PaymentCore", "let text = \"import Foundation\""),
    ]) func `an allowed import passes`(_ target: String, _ line: String) {
        #expect(ImportRule.check(source(line, "Sources/\(target)/A.swift")).isEmpty)
    }

    @Test func `tests import no C`() {
        #expect(ImportRule.check(source("import CLibPQ", "Tests/PostgresClientTests/A.swift")).count == 1)
        #expect(ImportRule.check(source("import PostgresClient", "Tests/PipelineTests/A.swift")).isEmpty)
    }

    @Test(arguments: BanList.bans.map(\.word)) func `each banned word is found with its line`(_ word: String) {
        let violations = BanRule.check(source("let a = 1\nlet b = \(word)"), exceptions: [])
        #expect(violations.contains { $0.line == 2 && $0.what.hasPrefix("`\(word)`:") }, "\(violations.report)")
        #expect(violations.first?.description.hasPrefix("Sources/Pipeline/Polling/A.swift:2: ") == true)
    }

    @Test(arguments: [
        "let a: DoubleEntry", "let undated = candidate()", "report.print(line)", "blueprint(x)", "try? f()", "x as? Y",
        "withTaskGroup { }", "MyTask(1)", "clock.sleep(for: wait)", "precondition(x)", "fatalError(\"why\")",
        "// Date()", "let a = \"Date()\"", "let date = Date(timeIntervalSince1970: 0)", "let castasm = 1",
    ]) func `what only looks like a banned word passes`(_ line: String) {
        let violations = BanRule.check(source(line), exceptions: [])
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `floating point is banned where money is, not elsewhere`() {
        #expect(BanRule.check(source("let a: Double", "Sources/PaymentCore/A.swift")).count == 1)
        #expect(BanRule.check(source("let a: NSDecimalNumber", "Sources/Store/A.swift")).count == 1)
        #expect(BanRule.check(source("let a: Double", "Sources/Transfer/A.swift")).isEmpty)
        #expect(BanRule.check(source("let a: Double", "Tests/StoreTests/A.swift")).isEmpty)
    }

    @Test func `an exception holds for its file and word and must be in use`() {
        let file = source("print(1)\nlet d = Date()")
        let exception = BanException(file: file.path, word: "print(", reason: "planted")
        let violations = BanRule.check(file, exceptions: [exception])
        #expect(violations.map(\.line) == [2])
        #expect(BanRule.idle([exception], in: [file]).isEmpty)
        #expect(BanRule.idle([exception], in: [source("f()")]).count == 1)
        #expect(BanRule.idle([exception], in: []).count == 1)
        #expect(BanRule.idle([BanException(file: file.path, word: "f(", reason: "planted")], in: [file]).count == 1)
    }

    @Test func `unchecked code needs a comment close above and a place under the cap`() {
        let bare = source("final class A: @unchecked Sendable {}")
        let far = source("// guarded by lock\n\n\n\nfinal class A: @unchecked Sendable {}")
        let near = source("// guarded by lock\n\n\nfinal class A: @unchecked Sendable {}")
        let cap: [(word: String, countMax: Int)] = [("@unchecked Sendable", 1)]
        #expect(BanRule.checkGuarded([bare], guarded: cap).count == 1)
        #expect(BanRule.checkGuarded([far], guarded: cap).count == 1)
        #expect(BanRule.checkGuarded([near], guarded: cap).isEmpty)
        #expect(
            BanRule.checkGuarded([near, near], guarded: cap).map(\.what) == ["`@unchecked Sendable` 2 times, allowed 1"]
        )
        let unsafe = source("nonisolated(unsafe) var a = 1")
        #expect(BanRule.checkGuarded([unsafe]).count == 1)
    }

    @Test(arguments: [
        ("let retryCount = 1", "retry count"), ("case retry_counts", "retry count"),
        ("struct RetryCount {}", "retry count"),
        ("let sql = \"select debit_batch from t\"", "debit batch"), ("enum ReviewTicket {}", "ticket"),
        ("func bulkInsert()", "bulk"), ("say(\"no such supplier\")", "supplier"), ("let alerts = 1", "alert"),
    ]) func `a synonym is found in whatever case`(_ line: String, _ phrase: String) {
        let violations = SynonymRule.check(source(line), exceptions: [])
        #expect(violations.map(\.line) == [1])
        #expect(violations.first?.what.contains("`\(phrase)`") == true)
    }

    @Test(arguments: Synonyms.phrases.map(\.text)) func `each synonym can be found`(_ phrase: String) {
        let sql = SourceFile(
            path: "Sources/PostgresStore/Migrations/0001_a.sql",
            text: "create table \(phrase.replacing(" ", with: "_")) ()"
        )
        #expect(SynonymRule.check(sql, exceptions: []).count == 1)
    }

    @Test(arguments: [
        "f(retry, count)", "// the supplier", "let merchantNumber = 1", "let pollCount = 1", "PostgresClient()",
        "let bulkhead = 1", "let debit = batch",
    ]) func `what is no synonym passes`(_ line: String) {
        let violations = SynonymRule.check(source(line), exceptions: [])
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `bindings speak the words of their libraries`() {
        #expect(SynonymRule.check(source("let provider = load()", "Sources/Cryptography/A.swift")).isEmpty)
        #expect(SynonymRule.check(source("let provider = load()", "Sources/ChannelKit/A.swift")).count == 1)
    }

    @Test func `an exception for a synonym must be in use`() {
        let file = source("let remittance = 1")
        let exception = BanException(file: file.path, word: "remittance", reason: "planted")
        #expect(SynonymRule.check(file, exceptions: [exception]).isEmpty)
        #expect(SynonymRule.idle([exception], in: [file]).isEmpty)
        #expect(SynonymRule.idle([exception], in: [source("let payout = 1")]).count == 1)
    }
}

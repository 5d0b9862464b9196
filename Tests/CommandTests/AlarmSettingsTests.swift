import Foundation
import PaymentCore
import Pipeline
import Store
import Testing
import sluice

@Suite struct AlarmSettingsTests {
    private static func text(_ sinks: String, environmentClass: String = "test") -> String {
        "environment:\n  name: check\n  class: \(environmentClass)\nalarms:\n  sinks:\n\(sinks)\n"
    }

    @Test func `sinks are read in their order`() throws {
        let fixture = try ConfigurationFixture(
            Self.text(
                """
                    - webhook: https://pager.example/hook
                      secret: env:PAGER_SECRET
                      timeout: 5s
                    - {webhook: env:CHAT_URL}
                    - command: [/usr/local/bin/page, --team, payments]
                """
            )
        )
        #expect(
            try fixture.load().alarms.sinks == [
                .webhook(
                    .literal("https://pager.example/hook"),
                    secret: .environment("PAGER_SECRET"),
                    timeout: .seconds(5)
                ),
                .webhook(.reference(.environment("CHAT_URL")), secret: nil, timeout: .seconds(10)),
                .command(["/usr/local/bin/page", "--team", "payments"], timeout: .seconds(10)),
            ]
        )
    }

    @Test func `without the section there is none, and the variable wins over the file`() throws {
        #expect(try ConfigurationFixture().load().alarms.sinks.isEmpty)
        let fixture = try ConfigurationFixture(Self.text("    - webhook: https://pager.example/hook"))
        let sinks = try fixture.load(["SLUICE_ALARMS_SINKS": "[{command: [/bin/cat], timeout: 1s}]"]).alarms.sinks
        #expect(sinks == [.command(["/bin/cat"], timeout: .seconds(1))])
        #expect(try fixture.load(["SLUICE_ALARMS_SINKS": "[]"]).alarms.sinks.isEmpty)
    }

    @Test(arguments: [
        ("    - webhook: http://pager.example/hook", ":6:16: ", "https"),
        ("    - webhook: http://127.0.0.1.pager.example/", ":6:16: ", "https"),
        ("    - webhook: pager.example", ":6:16: ", "https"),
        ("    - webhook: \"https://pager.example/a b\"", ":6:16: ", "blanks"),
        ("    - {webhook: https://a.example, secret: hush}", ":6:44: ", "env:NAME"),
        ("    - {webhook: https://a.example, command: [/bin/cat]}", ":", "either"),
        ("    - {timeout: 5s}", ":", "either"),
        ("    - command: [cat]", ":6:7: ", "absolute"),
        ("    - command: []", ":6:7: ", "absolute"),
        ("    - {command: [/bin/cat], timeout: 5m}", ":6:38: ", "1m"),
        ("    - {command: [/bin/cat], timeuot: 5s}", ":", "timeout"),
        ("    - {command: [/bin/cat], secret: env:A}", ":", "secret"),
    ]) func `a mistake is refused with its place and a mend`(_ sinks: String, _ place: String, _ word: String) throws {
        let fixture = try ConfigurationFixture(Self.text(sinks))
        let error = #expect(throws: (any Error).self) { try fixture.load() }
        let report = error.map { ErrorReport($0) }
        #expect(report?.status == .configuration)
        #expect(report?.words?.contains("sluice.yaml\(place)") == true, "\(report?.words ?? "")")
        #expect(report?.words?.contains(word) == true, "\(report?.words ?? "")")
    }

    @Test(arguments: ["[{command: [cat]}]", "/bin/cat", "[{command: [/bin/cat]}]\nx: 1", "[{comand: [/bin/cat]}]"])
    func `a variable that cannot be used is refused by its name`(_ value: String) throws {
        let fixture = try ConfigurationFixture()
        let error = #expect(throws: ConfigurationError.self) { try fixture.load(["SLUICE_ALARMS_SINKS": value]) }
        #expect(error?.description.contains("SLUICE_ALARMS_SINKS") == true)
    }

    @Test func `plain HTTP goes to this machine only, and in class test only`() throws {
        let local = "    - webhook: http://127.0.0.1:8080/hook"
        #expect(try ConfigurationFixture(Self.text(local)).load().alarms.sinks.count == 1)
        let production = try ConfigurationFixture(Self.text(local, environmentClass: "production"))
        #expect(throws: (any Error).self) { try production.load() }
    }

    @Test func `references are followed when sinks are made, and errors name them, not what they hold`() throws {
        let fixture = try ConfigurationFixture(Self.text("    - {webhook: env:CHAT_URL, secret: env:CHAT_SECRET}"))
        let clock = SystemClock()
        for (variables, word) in [
            ([:], "CHAT_URL"),
            (["CHAT_URL": "ftp://token.example"], "CHAT_URL"),
            (["CHAT_URL": "https://token.example/t0ken"], "CHAT_SECRET"),
        ] as [([String: String], String)] {
            let error = #expect(throws: ConfigurationError.self) {
                try AlarmSinks.make(try fixture.load(variables), clock: clock)
            }
            #expect(error?.description.contains(word) == true)
            #expect(error?.description.contains("token") == false)
        }
        let sinks = try AlarmSinks.make(
            try fixture.load(["CHAT_URL": "https://token.example/t0ken", "CHAT_SECRET": "s"]),
            clock: clock
        )
        #expect(sinks.map(\.name) == ["sink 1 (webhook)"])
    }

    @Test func `the budget is read, and refused where one process would exceed it`() throws {
        let fixture = try ConfigurationFixture()
        #expect(try fixture.load().database.connectionBudget == .server)
        #expect(try fixture.load(["SLUICE_DATABASE_POOLED": "true"]).database.connectionBudget == .unbounded)
        let pooled = ["SLUICE_DATABASE_POOLED": "true", "SLUICE_DATABASE_BUDGET": "40"]
        #expect(try fixture.load(pooled).database.connectionBudget == .configured(40))
        let error = #expect(throws: ConfigurationError.self) { try fixture.load(["SLUICE_DATABASE_BUDGET": "2"]) }
        #expect(error?.description.contains("SLUICE_DATABASE_BUDGET") == true)
    }
}

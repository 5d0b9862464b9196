import Cryptography
import Foundation
import Glibc
import PaymentCore
import Pipeline
import Store
import Testing
import sluice

/// An alarm for sinks to take.
private func sampleAlarm(message: String = "the lane \"submit\" waits") -> AlarmToDeliver {
    var alarm = AlarmToDeliver(
        identifier: AlarmIdentifier(41),
        kind: "lane_open",
        code: "E9",
        message: message,
        occurrences: 3,
        firstAt: Timestamp(unixMicroseconds: 1_780_275_600_000_000),
        lastAt: Timestamp(unixMicroseconds: 1_780_275_700_000_000),
        attempt: 1
    )
    alarm.channel = ChannelName("harbor")
    return alarm
}

private let environment = EnvironmentStamp(name: "check", environmentClass: .test)
private let expected = """
    {"alarm_id":41,"batch_id":null,"channel":"harbor","class":"test","code":"E9","environment":"check",\
    "first_at":"2026-06-01T01:00:00.000000Z","kind":"lane_open","last_at":"2026-06-01T01:01:40.000000Z",\
    "message":"the lane \\"submit\\" waits","occurrences":3}
    """

@Suite(.timeLimit(.minutes(1))) struct WebhookSinkTests {
    private func sink(_ url: String, secret: String? = nil, timeout: TimeSpan = .seconds(10)) -> WebhookSink {
        WebhookSink(name: "hook", url: url, secret: secret, timeout: timeout, environment: environment)
    }

    @Test func `an alarm is posted as JSON, signed over its bytes`() async throws {
        let receiver = try Receiver(.answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        defer { receiver.stop() }
        #expect(await sink(receiver.url, secret: "shared").deliver(sampleAlarm()) == .accepted)
        let request = try #require(receiver.received.first)
        #expect(request.head.hasPrefix("POST /hook HTTP/1.1\r\n"))
        #expect(String(decoding: request.body, as: UTF8.self) == expected)
        #expect(request.header("content-type") == "application/json")
        #expect(request.header("x-sluice-alarm") == "41")
        let code = HMACSHA256.authenticate(key: Array("shared".utf8), request.body)
        #expect(request.header("x-sluice-signature") == "sha256=\(Hexadecimal.encode(code))")
    }

    @Test func `without a secret there is no signature, and 204 is acceptance too`() async throws {
        let receiver = try Receiver(.answer("HTTP/1.1 204 No Content\r\n\r\n"))
        defer { receiver.stop() }
        #expect(await sink(receiver.url).deliver(sampleAlarm()) == .accepted)
        #expect(receiver.received.map { $0.header("x-sluice-signature") } == [nil])
    }

    @Test(
        arguments: [
            ("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", "500"),
            ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "404"),
            ("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", "429"),
            ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", "302"),
            ("nonsense\r\n\r\n", nil),
        ] as [(String, String?)]
    )
    func `any other answer is no acceptance, and none is followed or repeated`(
        _ answer: String,
        _ word: String?
    ) async throws {
        let receiver = try Receiver(.answer(answer))
        defer { receiver.stop() }
        guard case .notAccepted(let reason) = await sink(receiver.url).deliver(sampleAlarm()) else {
            Issue.record("accepted")
            return
        }
        if let word { #expect(reason.contains(word)) }
        #expect(!reason.contains("hook"), "a path may hold a token: \(reason)")
        #expect(receiver.received.count == 1)
    }

    @Test(arguments: [Receiver.Behaviour.hangUp, .blackHole])
    func `a receiver that says nothing is waited for no longer than its timeout`(
        _ behaviour: Receiver.Behaviour
    ) async throws {
        let receiver = try Receiver(behaviour)
        defer { receiver.stop() }
        let clock = ContinuousClock()
        let start = clock.now
        let receipt = await sink(receiver.url, timeout: .milliseconds(300)).deliver(sampleAlarm())
        #expect(receipt != .accepted)
        #expect(start.duration(to: clock.now) < .seconds(5))
    }

    @Test func `a receiver that is not there is no acceptance`() async throws {
        let receiver = try Receiver(.hangUp)
        let url = receiver.url
        receiver.stop()
        #expect(await sink(url).deliver(sampleAlarm()) != .accepted)
    }

    @Test func `class production posts nothing in the clear`() async throws {
        let receiver = try Receiver(.answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        defer { receiver.stop() }
        let production = EnvironmentStamp(name: "live", environmentClass: .production)
        let sink = WebhookSink(
            name: "hook",
            url: receiver.url,
            secret: nil,
            timeout: .seconds(5),
            environment: production
        )
        #expect(await sink.deliver(sampleAlarm()) != .accepted)
        #expect(receiver.received.isEmpty)
    }
}

@Suite(.timeLimit(.minutes(1))) struct CommandSinkTests {
    private let folder: String

    init() throws {
        // As in the program itself: a child that reads nothing is an error of that write.
        signal(SIGPIPE, SIG_IGN)
        folder = NSTemporaryDirectory() + "sluice-command-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func deliver(
        _ script: String,
        timeout: TimeSpan = .seconds(20),
        alarm: AlarmToDeliver = sampleAlarm()
    ) async -> AlarmReceipt {
        let words = ["/bin/sh", "-c", script, "sh", folder]
        let sink = CommandSink(
            name: "command",
            words: words,
            timeout: timeout,
            environment: environment,
            clock: SystemClock()
        )
        let receipt = await sink.deliver(alarm)
        return receipt
    }

    private func content(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(folder)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    private func end() { try? FileManager.default.removeItem(atPath: folder) }

    @Test func `the alarm stands on its standard input, and exit 0 is acceptance`() async throws {
        defer { end() }
        #expect(await deliver("cat > \"$1/input\"") == .accepted)
        #expect(content("input") == expected + "\n")
    }

    @Test func `words are not read by a shell`() async throws {
        defer { end() }
        let words = ["/bin/sh", "-c", "printf %s \"$1\" > \"$2/word\"", "sh", "$(touch /x); `id` *", folder]
        let sink = CommandSink(
            name: "command",
            words: words,
            timeout: .seconds(20),
            environment: environment,
            clock: SystemClock()
        )
        #expect(await sink.deliver(sampleAlarm()) == .accepted)
        #expect(content("word") == "$(touch /x); `id` *")
    }

    @Test func `it inherits neither variables nor descriptors nor ignored signals`() async throws {
        defer { end() }
        let opened = open("/dev/null", O_RDONLY)
        defer { close(opened) }
        let script = """
            env > "$1/env"; ls /proc/self/fd > "$1/fd"; grep -E 'SigIgn|SigBlk' /proc/self/status > "$1/signals"
            """
        #expect(await deliver(script) == .accepted)
        let names = content("env")?.split(separator: "\n").compactMap { $0.split(separator: "=").first } ?? []
        #expect(Set(names).subtracting(["PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"]).isEmpty, "\(names)")
        // The fourth is the folder that `ls` itself looks at.
        #expect(content("fd")?.split(separator: "\n").count == 4, "\(content("fd") ?? "")")
        let masks = content("signals")?.split(separator: "\n").map { $0.suffix(16) } ?? []
        // The C library keeps two signals of its own to itself.
        let kept: Set<Substring> = ["0000000000000000", "0000000180000000"]
        #expect(masks.count == 2 && masks.allSatisfy(kept.contains), "\(masks)")
    }

    @Test(arguments: [("exit 3", "3"), ("kill -TERM $$", "signal 15"), ("exec /nowhere/program", "127")])
    func `any other end is no acceptance`(_ script: String, _ word: String) async throws {
        defer { end() }
        guard case .notAccepted(let reason) = await deliver(script) else {
            Issue.record("accepted")
            return
        }
        #expect(reason.contains(word), "\(reason)")
    }

    @Test func `a program that is not there is said to be missing`() async throws {
        defer { end() }
        let sink = CommandSink(
            name: "command",
            words: ["/nowhere/pager"],
            timeout: .seconds(5),
            environment: environment,
            clock: SystemClock()
        )
        #expect(
            await sink.deliver(sampleAlarm()) == .notAccepted(reason: "cannot be started: No such file or directory")
        )
    }

    @Test func `one that hangs is killed with all that it started`() async throws {
        defer { end() }
        let clock = ContinuousClock()
        let start = clock.now
        let receipt = await deliver(
            "tail -f /dev/null & echo $! > \"$1/child\"; echo $$ > \"$1/self\"; wait",
            timeout: .milliseconds(700)
        )
        #expect(receipt == .notAccepted(reason: "did not end within its timeout, and was killed"))
        #expect(start.duration(to: clock.now) < .seconds(10))
        for name in ["self", "child"] {
            let text = content(name)?.trimmingCharacters(in: .whitespacesAndNewlines)
            let identifier = try #require(text.flatMap { pid_t($0) }, "\(name)")
            // The orphan is buried by init, which may take a moment.
            let system = SystemClock()
            for _ in 0..<200 where Self.isAlive(identifier) { try await system.sleep(for: .milliseconds(10)) }
            #expect(!Self.isAlive(identifier), "\(name) lives on")
        }
    }

    @Test(arguments: ["yes | head -c 30000000", "head -c 30000000 /dev/zero >&2"])
    func `what it prints is dropped, however much it is`(_ script: String) async throws {
        defer { end() }
        #expect(await deliver(script) == .accepted)
    }

    @Test func `one that reads nothing of a long alarm may still accept it`() async throws {
        defer { end() }
        #expect(await deliver("exit 0", alarm: sampleAlarm(message: String(repeating: "金", count: 3_000))) == .accepted)
    }

    @Test func `many at once each get their own alarm whole`() async throws {
        defer { end() }
        let folder = folder
        let accepted = await withTaskGroup(of: Bool.self) { group in
            for number in 1...12 {
                group.addTask {
                    let sink = CommandSink(
                        name: "command",
                        words: ["/bin/sh", "-c", "cat > \"$1\"", "sh", "\(folder)/\(number)"],
                        timeout: .seconds(20),
                        environment: environment,
                        clock: SystemClock()
                    )
                    return await sink.deliver(sampleAlarm()) == .accepted
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(accepted == 12)
        for number in 1...12 { #expect(content("\(number)") == expected + "\n") }
    }

    /// Whether a process is there and no zombie.
    private static func isAlive(_ identifier: pid_t) -> Bool {
        guard let stat = FileManager.default.contents(atPath: "/proc/\(identifier)/stat") else { return false }
        return !String(decoding: stat, as: UTF8.self).contains(") Z")
    }
}

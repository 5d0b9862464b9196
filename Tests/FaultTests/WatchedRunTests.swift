import Cryptography
import Foundation
import Testing

/// What the watch over `sluice file check` sees, shown by programs that do what no file may bring it to.
@Suite(.enabled(if: WatchedRun.isPossible, "needs strace, allowed to trace, and time")) struct WatchedRunTests {
    private static let input = "/etc/passwd"
    /// A shell that is told neither its user's shell nor home would ask for them, over a socket where there is `nscd`.
    private static let shell = ["/usr/bin/env", "SHELL=/bin/bash", "HOME=/", "/bin/bash", "-c"]

    /// The faults of a program, beside one that reads its input as it should.
    private static func faults(_ command: [String], within seconds: Int = 60) async throws -> [String] {
        let folder = NSTemporaryDirectory() + "sluice-watched-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let good = try await WatchedRun.end(of: shell + ["cat \(input)"], in: folder, name: "good")
        #expect(good.faults(input: input, known: good.trace.paths, statuses: [0]).isEmpty)
        #expect(good.peakBytes > 500_000 && good.peakBytes < 50_000_000, "\(good.peakBytes)")
        let run = try await WatchedRun.end(of: command, within: seconds, in: folder, name: "bad")
        return run.faults(input: input, known: good.trace.paths, statuses: [0])
    }

    @Test(arguments: [
        ("cat \(input) && head -c 9 /etc/group", "opened /etc/group"),
        ("cat \(input) && ! cat /no/such/file", "opened /no/such/file"),
        ("cat \(input) && test ! -e 'no such file'", "opened no such file"),
        ("cat \(input) && ! (: </dev/tcp/127.0.0.1/9)", "called socket(AF_INET"),
        ("cat \(input) && ! (: </dev/tcp/127.0.0.1/9)", "called connect("),
        ("cat \(input) && dd if=/dev/zero of=/dev/null bs=256M count=1", "held 2"),
        ("cat \(input) && kill -SEGV $$", "ended with 139"),
        ("cat \(input) && kill -KILL $$", "ended with 137"),
        ("cat \(input) && exit 4", "ended with 4"),
        ("true", "never opened \(input)"),
    ])
    func `what a program may not do is seen`(script: String, fault: String) async throws {
        let faults = try await Self.faults(Self.shell + [script])
        #expect(faults.contains { $0.hasPrefix(fault) }, "\(faults)")
    }

    @Test func `a program that hangs is killed and its end is a fault`() async throws {
        let faults = try await Self.faults(Self.shell + ["cat \(Self.input) && sleep 600"], within: 1)
        #expect(faults.contains { $0.hasPrefix("ended with 137") }, "\(faults)")
    }

    @Test func `a trace tells paths once, whoever of several threads named them`() {
        let trace = SystemTrace(
            #"""
            20934 execve("/opt/sluice", ["sluice", "file"], 0x7fff11241a88 /* 39 vars */) = 0
            20934 openat(AT_FDCWD, "/proc/20934/maps", O_RDONLY) = 4
            20934 newfstatat(4, "", {st_mode=S_IFREG|0444, st_size=0, ...}, AT_EMPTY_PATH) = 0
            20934 readlink("/proc/self/exe", "/hidden"..., 1026) = 57
            20935 openat(AT_FDCWD, "/tmp/a \"b\" \303\244", O_RDONLY <unfinished ...>
            20934 openat(5, "relative", O_RDONLY) = -1 ENOENT (No such file or directory)
            20935 <... openat resumed>) = 4
            20935 <... readlink resumed>"/hidden", 4096) = 7
            20935 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0 <unfinished ...>
            20934 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=20934} ---
            20934 +++ exited with 1 +++
            """#
        )
        #expect(trace.paths == ["/opt/sluice", "/proc/self/maps", "/proc/self/exe", "/tmp/a \"b\" ä", "relative"])
        #expect(trace.sockets == ["socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0 <unfinished ...>"])
    }
}

import Glibc
package import PaymentCore
package import Pipeline
package import Store

/// Starts a program a delivery, with the alarm on its standard input; exit 0 is acceptance.
///
/// No shell reads the words, nothing of our environment but `PATH` and `LANG` is passed on, and nothing that it prints
/// is read. Past its timeout the program is killed with all that it started in its process group.
package final class CommandSink: AlarmSink {
    package let name: String
    package let timeout: TimeSpan
    private let words: [String]
    private let environment: EnvironmentStamp
    private let clock: any EngineClock

    /// How often the end of the program is looked for.
    private static let step = TimeSpan.milliseconds(20)
    /// How long a killed program may take to be gone.
    private static let burialWithin = TimeSpan.seconds(2)

    package init(
        name: String,
        words: [String],
        timeout: TimeSpan,
        environment: EnvironmentStamp,
        clock: any EngineClock
    ) {
        precondition(words.first?.hasPrefix("/") == true, "a program is named by its absolute path")
        (self.name, self.words, self.timeout) = (name, words, timeout)
        (self.environment, self.clock) = (environment, clock)
    }

    package func deliver(_ alarm: AlarmToDeliver) async -> AlarmReceipt {
        let input = Array((AlarmPayload.text(of: alarm, environment: environment) + "\n").utf8)
        let endsAt = clock.bootNanoseconds() + timeout.microseconds * 1_000
        var child: SpawnedProgram
        do throws(SpawnedProgram.Failure) {
            child = try SpawnedProgram(words: words, environment: ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"], input: input)
        } catch {
            return .notAccepted(reason: error.reason)
        }
        while clock.bootNanoseconds() < endsAt {
            child.feed()
            if let ending = child.ending() { return Self.receipt(ending) }
            do { try await clock.sleep(for: Self.step) } catch { break }
        }
        child.kill()
        let buriedBy = clock.bootNanoseconds() + Self.burialWithin.microseconds * 1_000
        while child.ending() == nil, clock.bootNanoseconds() < buriedBy {
            // Asked to end ourselves: the kernel buries it with us.
            do { try await clock.sleep(for: Self.step) } catch { break }
        }
        return .notAccepted(reason: "did not end within its timeout, and was killed")
    }

    private static func receipt(_ ending: SpawnedProgram.Ending) -> AlarmReceipt {
        switch ending {
        case .exited(0): .accepted
        case .exited(let status): .notAccepted(reason: "ended with status \(status)")
        case .killed(let signal): .notAccepted(reason: "was ended by signal \(signal)")
        }
    }
}

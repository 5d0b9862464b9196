import ChannelSimulator
import Cryptography
import Foundation
import Pipeline

/// How much of each fault is played: what every run of the tests takes, or the much more of `Scripts/soak`.
struct FaultScale: Sendable {
    /// What chance is drawn from; printed, and given again by `SLUICE_FAULT_SEED` to repeat a run.
    let seed: UInt64
    /// Whether this is `Scripts/soak`.
    let isSoak: Bool
    let workerKills: Int
    let serverKills: Int
    /// For how long a channel is healthy, and then dead, in milliseconds; and how often, for each way to be dead.
    let deadMilliseconds: Int64
    let deadRounds: Int
    /// The ways to be dead that throughput is compared for.
    static let deaths = ChannelCondition.allCases.filter { $0 != .healthy }
    /// Of the throughput beside a healthy channel, how much must be left beside a dead one, in percent.
    static let throughputPercent: Int64 = 80

    static let current: FaultScale = {
        let variables = ProcessInfo.processInfo.environment
        let seed =
            variables["SLUICE_FAULT_SEED"].flatMap { UInt64($0) }
            ?? SecureRandom.bytes(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let minutes = variables["SLUICE_SOAK_MINUTES"].flatMap({ Int($0) }) else {
            return FaultScale(
                seed: seed,
                isSoak: false,
                workerKills: 50,
                serverKills: 50,
                // Two minutes dead in all: four ways, three rounds.
                deadMilliseconds: 10_000,
                deadRounds: 3
            )
        }
        // At 25, ten minutes dead in all: four ways, each in five rounds of as long healthy as dead.
        return FaultScale(
            seed: seed,
            isSoak: true,
            workerKills: max(50, minutes * 17),
            serverKills: max(50, minutes * 5),
            deadMilliseconds: Int64(max(2_000, minutes * 1_200)),
            deadRounds: 5
        )
    }()

    /// Says what a test did, for those who read the log of a run: `Scripts/soak` gathers these lines.
    static func report(_ line: String) {
        print("faults: \(line)")
        guard let path = ProcessInfo.processInfo.environment["SLUICE_SOAK_REPORT"] else { return }
        guard let handle = FileHandle(forWritingAtPath: path) else { return }
        handle.seekToEndOfFile()
        handle.write(Data("\(line)\n".utf8))
        try? handle.close()
    }
}

/// Chance by seed.
struct Chance: Sendable {
    private let source: SeededRandom

    init(seed: UInt64) { source = SeededRandom(seed: seed) }

    func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(source.next() % UInt64(range.count))
    }

    func pick<Element>(_ elements: [Element]) -> Element { elements[pick(0...elements.count - 1)] }
}

/// What the product's code never says, why, and where it may after all.
enum BanList {
    static let money: Set<String> = ["PaymentCore", "Store", "Pipeline", "BatchFiles", "PostgresStore", "ChannelKit"]

    static let bans: [Ban] =
        ["Double", "Float", "Float16", "Float32", "Float64", "Float80", "Decimal", "CGFloat", "NumberFormatter"].map {
            Ban($0, in: .targets(money), because: "money is Int64 minor units")
        } + [
            Ban("NSDecimal", in: .targets(money), because: "money is Int64 minor units", isPrefix: true),
            Ban("Date()", because: "time is injected"),
            Ban("Date.now", because: "time is injected"),
            Ban("print(", because: "output goes through the command's own writer or the log", notAfterDot: true),
            Ban("debugPrint(", because: "output goes through the command's own writer or the log", notAfterDot: true),
            Ban("try!", because: "a failure must be handled or thrown"),
            Ban("as!", because: "a failed cast must be handled"),
            Ban("Task {", because: "tasks are structured"),
            Ban("Task{", because: "tasks are structured"),
            Ban("Task(", because: "tasks are structured"),
            Ban("Task.detached", because: "tasks are structured"),
            Ban("Task.immediate", because: "tasks are structured"),
            Ban("Task.sleep", in: .everywhere, because: "sleep on the injected clock; tests wait for signals"),
            Ban("Thread.sleep", in: .everywhere, because: "sleep on the injected clock; tests wait for signals"),
            Ban("usleep(", in: .everywhere, because: "sleep on the injected clock; tests wait for signals"),
            Ban("nanosleep(", in: .everywhere, because: "sleep on the injected clock; tests wait for signals"),
            Ban("sleep(", in: .everywhere, because: "sleep on the injected clock", notAfterDot: true),
            Ban("assert(", because: "release builds drop it: use precondition"),
            Ban("assertionFailure(", because: "release builds drop it: use preconditionFailure"),
            Ban("fatalError()", because: "a trap says in words what was wrong"),
            Ban("preconditionFailure()", because: "a trap says in words what was wrong"),
            Ban("UUID()", because: "identifiers are injected"),
            Ban("SystemRandomNumberGenerator", because: "randomness is injected"),
            Ban("randomElement()", because: "randomness is injected"),
            Ban("shuffled()", because: "randomness is injected"),
            Ban("@testable", in: .everywhere, because: "tests run in release builds, through package access"),
            Ban("@_exported", in: .everywhere, because: "imports are explicit"),
        ]

    /// Places where a banned word is right; each must still be in use.
    static let exceptions: [BanException] = [
        BanException(
            file: "Sources/Pipeline/Ports/EngineClock.swift",
            word: "sleep(",
            reason: "the injected clock itself"
        ),
        BanException(
            file: "Tests/PipelineTests/SubmissionScene.swift",
            word: "sleep(",
            reason: "the manual clock behind the engine's own"
        ),
        BanException(
            file: "Tests/PostgresStoreTests/ArchiveRunScene.swift",
            word: "sleep(",
            reason: "a clock on which long waits are over at once"
        ),
        BanException(
            file: "Tests/PipelineTests/StopSignalTests.swift",
            word: "sleep(",
            reason: "a clock on which nobody wakes by himself"
        ),
    ]

    /// Words that need a comment naming the lock or thread close above, and how often all sources may say them.
    static let guarded: [(word: String, countMax: Int)] = [
        ("@unchecked Sendable", 12),
        ("nonisolated(unsafe)", 6),
    ]
}

/// A banned word.
struct Ban {
    enum Scope {
        /// All of `Sources/`.
        case sources
        /// `Sources/` and `Tests/`.
        case everywhere
        case targets(Set<String>)
    }

    let word: String
    let scope: Scope
    let reason: String
    /// Whether longer words that begin so are banned too.
    let isPrefix: Bool
    /// Whether `x.word` is something else, such as a method of our own.
    let notAfterDot: Bool

    init(
        _ word: String,
        in scope: Scope = .sources,
        because reason: String,
        isPrefix: Bool = false,
        notAfterDot: Bool = false
    ) {
        self.word = word
        self.scope = scope
        self.reason = reason
        self.isPrefix = isPrefix
        self.notAfterDot = notAfterDot
    }

    func covers(_ file: SourceFile) -> Bool {
        guard file.isSwift else { return false }
        return switch scope {
        case .sources: file.path.hasPrefix("Sources/")
        case .everywhere: file.path.hasPrefix("Sources/") || file.path.hasPrefix("Tests/")
        case .targets(let targets): file.target.map(targets.contains) ?? false
        }
    }
}

/// A place where a banned word is allowed.
struct BanException {
    let file: String
    let word: String
    let reason: String
}

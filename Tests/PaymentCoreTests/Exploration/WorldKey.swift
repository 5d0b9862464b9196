import PaymentCore

/// A world packed into 256 bits: two worlds have the same key if nothing that follows can tell them apart.
///
/// Instants are kept as ages, and ages only as far as any rule looks back: the worlds are finite although time is not.
struct WorldKey: Hashable {
    private(set) var words = SIMD4<UInt64>()
    private var position = 0

    init(_ world: World) {
        let now = world.now
        let maySend = world.maySendAgain
        put(state: world.submission, maySend: maySend, world: world)
        for order in world.orders { put(OrderState.allCases.firstIndex(of: order) ?? 0, 4) }
        put(world.epoch, 3)
        put(world.isLive ? min(max(world.leaseUntil - now, 0), 7) : 0, 3)
        put(world.isLive ? min(max(world.nextAt - now, 0), 63) : 0, 6)
        put(world.isLive ? 1 : 0, 1)
        put(world.isUnderReview ? 1 : 0, 1)
        // Workers are alike but for what they are at.
        for worker in world.workers.map({ Self.packed($0, now: now) }).sorted() { put(worker, 15) }
        put(world.copies.count, 2)
        for copy in world.copies { put(copy.epoch << 3 | (now - copy.sentAt), 6) }
        put(Int(world.channel.stored.rawValue), 2)
        put(world.channel.isVisible ? 1 : 0, 1)
        // The window matters for as long as a copy can still arrive.
        let mayArrive = world.channel.stored != .nothing && (maySend || !world.copies.isEmpty)
        put(mayArrive ? min(now - world.channel.protectedSince, world.scenario.windowTicks) : 0, 6)
        for item in world.channel.items { put(Int(item.rawValue), 2) }
        for payments in world.channel.payments { put(min(payments, 3), 2) }
        put(world.crashesLeft, 2)
        put(world.stealsLeft, 2)
        put(world.unsentLeft, 2)
        put(world.delaysLeft, 2)
        put(world.isDelayed ? 1 : 0, 1)
        put(maySend ? world.firstSendAt.map { min(now - $0, world.scenario.windowTicks) } ?? 63 : 63, 6)
        put(min(world.sendsMade, 7), 3)
        put(min(world.queriesMade, 15), 4)
    }

    static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) { hasher.combine(words) }

    private mutating func put(_ value: Int, _ bits: Int) {
        precondition(value >= 0 && value < 1 << bits, "a field of the world fits its bits")
        let word = position >> 6
        let shift = position & 63
        words[word] |= UInt64(value) << UInt64(shift)
        if shift + bits > 64 { words[word + 1] |= UInt64(value) >> UInt64(64 - shift) }
        position += bits
        precondition(position <= 256, "the world fits its key")
    }

    private mutating func put(state: SubmissionState?, maySend: Bool, world: World) {
        guard let state else {
            put(7, 3)
            return
        }
        let longest = max(world.scenario.windowTicks, world.scenario.windowTicksDocumented)
        func age(_ instant: Timestamp?, atMost limit: Int) -> Int {
            instant.map { min(world.now - Tick.notBefore($0), limit) } ?? 63
        }
        put(SubmissionPhase.allCases.firstIndex(of: state.phase) ?? 0, 3)
        // The back-off of a scenario is flat, so only what may have arrived matters.
        put(Int(state.sendsPossiblyArrived), 3)
        // Where the lane gives up, how often it tried matters too.
        if let most = world.scenario.unsentSendsMax { put(Int(min(state.sendsUnsent, most)), 2) }
        put(Int(state.polls), 3)
        put(Int(state.notFounds), 2)
        put(state.everTaken ? 1 : 0, 1)
        put(state.inFlight.map { $0.kind == .send ? 1 : 2 } ?? 0, 2)
        put(Int(state.inFlight?.epoch.value ?? 0), 3)
        // A lost call matters for as long as the curve counts from its end.
        put(state.inFlight == nil ? 0 : 8 + age(state.inFlight?.until, atMost: 4), 4)
        put(age(state.lastNotFoundAt, atMost: world.scenario.spacingTicks), 6)
        put(maySend ? age(state.firstSentAt, atMost: longest) : 63, 6)
        put(age(state.lastSendEndedAt, atMost: world.scenario.graceTicks), 6)
    }

    private static func packed(_ worker: Worker, now: Int) -> Int {
        func joined(_ stage: Int, _ step: SubmissionStep, _ epoch: Int, _ rest: Int) -> Int {
            ((stage << 1 | (step == .send ? 0 : 1)) << 3 | epoch) << 8 | rest
        }
        return switch worker {
        case .idle: 0
        case .holding(let epoch): joined(1, .send, epoch, 0)
        case .calling(let step, let epoch, let since): joined(2, step, epoch, min(now - since, Tick.sendBy + 1))
        case .waiting(let step, let epoch): joined(3, step, epoch, 0)
        case .answered(let step, let epoch, let answer):
            // A kind of answer always or never carries items, so the parts cannot be taken for one another.
            joined(4, step, epoch, answer.items.reduce(Int(answer.kind.rawValue)) { $0 << 2 | Int($1.rawValue) })
        }
    }
}

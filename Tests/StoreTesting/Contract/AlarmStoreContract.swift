package import PaymentCore
package import Store

/// What the alarms of every store must do, as named cases.
package struct AlarmStoreContract: Sendable {
    /// What a store under test offers.
    package typealias AlarmsUnderTest = AlarmDeliveryStore & AlarmDeskStore & AlarmStore

    /// A fresh store, and its time.
    package struct Scene: Sendable {
        package let store: any AlarmsUnderTest
        /// Whoever may acknowledge.
        package let person: SessionSecret
        /// Lets time pass for the store.
        package let advance: @Sendable (TimeSpan) async throws -> Void

        package init(
            store: any AlarmsUnderTest,
            person: SessionSecret,
            advance: @escaping @Sendable (TimeSpan) async throws -> Void
        ) {
            (self.store, self.person, self.advance) = (store, person, advance)
        }

        fileprivate func acknowledge(
            _ alarms: [AlarmIdentifier],
            _ note: String,
            isDry: Bool = false
        ) async throws -> [AlarmIdentifier] {
            try await store.acknowledgeAlarms(alarms, note: note, by: person, isDry: isDry)
        }
    }

    /// One promise of the contract.
    package struct Case: Sendable, CustomStringConvertible {
        package let name: String
        private let body: @Sendable (Scene, Checker) async throws -> Void

        fileprivate init(_ name: String, body: @escaping @Sendable (Scene, Checker) async throws -> Void) {
            self.name = name
            self.body = body
        }

        /// Runs the case on a store without alarms.
        ///
        /// Throws `ContractFailure` where the store breaks its promise, or an error of the store's own.
        package func run(_ scene: Scene) async throws { try await body(scene, Checker(caseName: name)) }

        package var description: String { name }
    }

    fileprivate struct Checker: Sendable {
        let caseName: String

        func callAsFunction(_ holds: Bool, _ what: @autoclosure () -> String) throws {
            guard holds else { throw ContractFailure(caseName: caseName, what: what()) }
        }
    }

    package static let cases: [Case] = deliveryCases + deskCases

    private static let lease = TimeSpan.seconds(60)

    private static func alarm(_ code: String, channel: String? = "harbor") -> RaisedAlarm {
        RaisedAlarm(
            kind: .laneOpen,
            channel: channel.map(ChannelName.init),
            batch: channel == nil ? BatchIdentifier(7) : nil,
            code: code,
            message: "message of \(code)"
        )
    }

    private static let deliveryCases = [
        Case("a raised alarm waits for delivery with all that it says") { scene, check in
            try await scene.store.raise([alarm("a")])
            try await scene.store.raise([alarm("b", channel: nil)])
            let claimed = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(claimed.map(\.code) == ["a", "b"], "\(claimed)")
            try check(claimed.map(\.kind) == ["lane_open", "lane_open"], "\(claimed)")
            try check(claimed.map(\.channel) == [ChannelName("harbor"), nil], "\(claimed)")
            try check(claimed.map(\.batch) == [nil, BatchIdentifier(7)], "\(claimed)")
            try check(claimed.map(\.message) == ["message of a", "message of b"], "\(claimed)")
            try check(claimed.map(\.attempt) == [1, 1] && claimed.map(\.occurrences) == [1, 1], "\(claimed)")
        },
        Case("a cause raised twice is one alarm, counted") { scene, check in
            try await scene.store.raise([alarm("a"), alarm("a")])
            try await scene.store.raise([alarm("a")])
            let claimed = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(claimed.map(\.occurrences) == [3], "\(claimed)")
        },
        Case("a claim is bounded and takes first what waits longest") { scene, check in
            for code in ["a", "b", "c"] {
                try await scene.store.raise([alarm(code)])
                try await scene.advance(.seconds(1))
            }
            let first = try await scene.store.claimAlarms(limit: 2, lease: lease)
            try check(first.map(\.code) == ["a", "b"], "\(first)")
            let second = try await scene.store.claimAlarms(limit: 2, lease: lease)
            try check(second.map(\.code) == ["c"], "\(second)")
        },
        Case("a claimed alarm is nobody else's until the lease ends") { scene, check in
            try await scene.store.raise([alarm("a")])
            _ = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try await scene.advance(.seconds(45))
            let early = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(early.isEmpty, "\(early)")
            try await scene.advance(.seconds(15))
            let late = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(late.map(\.attempt) == [2], "\(late)")
        },
        Case("what was delivered is not delivered again, however often the cause comes") { scene, check in
            try await scene.store.raise([alarm("a")])
            for alarm in try await scene.store.claimAlarms(limit: 8, lease: lease) {
                try check(try await scene.store.recordDelivery(.delivered(sink: "pager"), of: alarm), "refused")
            }
            try await scene.store.raise([alarm("a")])
            try await scene.advance(.hours(1))
            let claimed = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(claimed.isEmpty, "\(claimed)")
            let rows = try await scene.store.alarms(AlarmFilter())
            try check(rows.map(\.occurrences) == [2] && rows.map(\.deliveredTo) == ["pager"], "\(rows)")
            try check(rows.allSatisfy { $0.deliveredAt != nil }, "\(rows)")
        },
        Case("what no sink took comes up again after its delay") { scene, check in
            try await scene.store.raise([alarm("a")])
            for alarm in try await scene.store.claimAlarms(limit: 8, lease: lease) {
                let failed = AlarmDelivery.failed(reason: "pager: refused", retryAfter: .seconds(90))
                try check(try await scene.store.recordDelivery(failed, of: alarm), "refused")
            }
            let rows = try await scene.store.alarms(AlarmFilter())
            try check(rows.map(\.deliveryFailure) == ["pager: refused"] && rows[0].deliveredTo == nil, "\(rows)")
            try await scene.advance(.seconds(45))
            let early = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(early.isEmpty, "\(early)")
            try await scene.advance(.seconds(45))
            let claimed = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(claimed.map(\.attempt) == [2], "\(claimed)")
        },
        Case("who lost the lease records nothing over the next one's claim") { scene, check in
            try await scene.store.raise([alarm("a")])
            let first = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try await scene.advance(lease)
            let second = try await scene.store.claimAlarms(limit: 8, lease: lease)
            for alarm in first {
                let failed = AlarmDelivery.failed(reason: "late", retryAfter: .zero)
                try check(try await !scene.store.recordDelivery(failed, of: alarm), "a late failure counted")
                try check(
                    try await !scene.store.recordDelivery(.delivered(sink: "late"), of: alarm),
                    "a late delivery counted"
                )
            }
            for alarm in second {
                try check(try await scene.store.recordDelivery(.delivered(sink: "pager"), of: alarm), "refused")
                try check(
                    try await !scene.store.recordDelivery(.failed(reason: "x", retryAfter: .zero), of: alarm),
                    "a delivered alarm was opened again"
                )
            }
        },
    ]

    private static let deskCases = [
        Case("an acknowledged alarm is not delivered, and its cause makes a new one") { scene, check in
            try await scene.store.raise([alarm("a")])
            let open = try await scene.store.alarms(AlarmFilter())
            let done = try await scene.acknowledge(open.map(\.identifier), "seen")
            try check(done == open.map(\.identifier) && done.count == 1, "\(done)")
            let claimed = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(claimed.isEmpty, "\(claimed)")
            try await scene.advance(.seconds(1))
            try await scene.store.raise([alarm("a")])
            let fresh = try await scene.store.claimAlarms(limit: 8, lease: lease)
            try check(fresh.map(\.occurrences) == [1] && fresh.map(\.attempt) == [1], "\(fresh)")
            try check(fresh.allSatisfy { $0.identifier > done[0] }, "\(fresh)")
            let all = try await scene.store.alarms(AlarmFilter(includesAcknowledged: true))
            try check(all.map(\.identifier) == fresh.map(\.identifier) + done, "\(all)")
            try check(all.map { $0.acknowledgement?.note } == [nil, "seen"], "\(all)")
            let listed = try await scene.store.alarms(AlarmFilter())
            try check(listed.map(\.identifier) == fresh.map(\.identifier), "\(listed)")
        },
        Case("an alarm is acknowledged once") { scene, check in
            try await scene.store.raise([alarm("a"), alarm("b")])
            let open = try await scene.store.alarms(AlarmFilter()).map(\.identifier).sorted()
            let first = try await scene.acknowledge([open[0]], "first")
            let second = try await scene.acknowledge(open, "second")
            try check(first == [open[0]] && second == [open[1]], "\(first) \(second)")
            let rows = try await scene.store.alarms(AlarmFilter(includesAcknowledged: true))
            let notes = rows.sorted { $0.identifier < $1.identifier }.map { $0.acknowledgement?.note }
            try check(notes == ["first", "second"], "\(notes)")
        },
        Case("a look at an acknowledgement does nothing") { scene, check in
            try await scene.store.raise([alarm("a"), alarm("b")])
            let open = try await scene.store.alarms(AlarmFilter()).map(\.identifier).sorted()
            let would = try await scene.acknowledge(open, "seen", isDry: true)
            try check(would == open, "\(would)")
            let left = try await scene.store.alarms(AlarmFilter()).filter { $0.acknowledgement == nil }
            try check(left.map(\.identifier).sorted() == open, "\(left)")
        },
        Case("a number that no alarm has is refused, and nothing is done") { scene, check in
            try await scene.store.raise([alarm("a")])
            let open = try await scene.store.alarms(AlarmFilter()).map(\.identifier)
            var isRefused = false
            do {
                _ = try await scene.acknowledge(open + [AlarmIdentifier(9_999_999)], "x")
            } catch {
                isRefused = true
            }
            try check(isRefused, "taken")
            let left = try await scene.store.alarms(AlarmFilter()).map(\.identifier)
            try check(left == open, "\(left)")
        },
        Case("the latest stand first, and a list is bounded") { scene, check in
            for code in ["a", "b", "c"] {
                try await scene.store.raise([alarm(code)])
                try await scene.advance(.seconds(1))
            }
            try await scene.store.raise([alarm("a")])
            let rows = try await scene.store.alarms(AlarmFilter(limit: 2))
            try check(rows.map(\.code) == ["a", "c"], "\(rows)")
        },
    ]
}

package import PaymentCore
package import Store

extension InMemoryStore {
    /// Every file, in the order in which they were added.
    package func batches() -> [BatchIdentifier] {
        withTables { tables, _ in tables.files.keys.sorted() }
    }

    /// A file's orders, in line order.
    package func orders(of batch: BatchIdentifier) -> [StoredOrder] {
        withTables { tables, _ in
            tables.files[batch]?.orders.values.map(\.stored).sorted { $0.line < $1.line } ?? []
        }
    }

    /// A file's submissions, in the order of their numbers.
    package func submissions(of batch: BatchIdentifier) -> [SubmissionKey] {
        withTables { tables, _ in
            tables.submissions.keys.filter { $0.batch == batch }.sorted { $0.number < $1.number }
        }
    }

    /// The protocol's state as it was last committed; nil for a submission that does not exist.
    package func state(of submission: SubmissionKey) -> SubmissionState? {
        withTables { tables, _ in tables.submissions[submission]?.state }
    }

    /// When its state was first committed as settled.
    package func settledAt(of submission: SubmissionKey) -> Timestamp? {
        withTables { tables, _ in tables.submissions[submission]?.settledAt }
    }

    /// A file's exchanges, by submission and ordinal.
    package func exchanges(of batch: BatchIdentifier) -> [StoredExchange] {
        withTables { tables, _ in
            tables.submissions.filter { $0.key.batch == batch }.sorted { $0.key.number < $1.key.number }
                .flatMap(\.value.exchanges)
        }
    }

    /// A file's ended attempts, by line, then as they ended.
    package func attempts(of batch: BatchIdentifier) -> [StoredAttempt] {
        withTables { tables, _ in
            (tables.files[batch]?.attempts ?? []).enumerated()
                .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
        }
    }

    /// The lines of a file that wait for planning now.
    package func waiting(of batch: BatchIdentifier) -> [LineNumber] {
        withTables { tables, now in
            (tables.files[batch]?.waiting ?? [:]).filter { $0.value <= now }.keys.sorted()
        }
    }

    /// Every alarm, in the order of first occurrences.
    package func alarms() -> [StoredAlarm] {
        withTables { tables, _ in tables.alarms }
    }

    /// A file's open review items, in the order in which they were opened.
    package func reviews(of batch: BatchIdentifier) -> [StoredReview] {
        withTables { tables, _ in tables.files[batch]?.reviews ?? [] }
    }

    /// What the outbox tells of a file's moves, summed over channels; by states and currency.
    package func moves(of batch: BatchIdentifier) -> [StoredMoves] {
        withTables { tables, _ in
            var sums: [StoredMoves] = []
            for (move, tally) in tables.files[batch]?.moves ?? [:] {
                let index = sums.firstIndex { $0.from == move.from && $0.to == move.to && $0.currency == move.currency }
                if let index {
                    sums[index].tally = sums[index].tally + tally
                } else {
                    sums.append(StoredMoves(from: move.from, to: move.to, currency: move.currency, tally: tally))
                }
            }
            return sums.sorted {
                ($0.from.rawValue, $0.to.rawValue, $0.currency) < ($1.from.rawValue, $1.to.rawValue, $1.currency)
            }
        }
    }

    /// A file's chunks, by identifier.
    package func chunks(of batch: BatchIdentifier) -> [StoredChunk] {
        withTables { tables, now in
            tables.chunks.values.filter { $0.batch == batch }.sorted { $0.chunkIdentifier < $1.chunkIdentifier }.map {
                StoredChunk(
                    chunkIdentifier: $0.chunkIdentifier,
                    chunkNumber: $0.chunkNumber,
                    channel: $0.channel,
                    kind: $0.kind,
                    lines: $0.lines,
                    submissionsCut: $0.submissionsCut,
                    submission: $0.submission,
                    epoch: $0.epoch,
                    isLeased: $0.worker != nil,
                    isDue: $0.dueAt <= now
                )
            }
        }
    }

    /// When the next chunk comes up, an ended lease being one way; nil if there is none.
    package func nextDueAt() -> Timestamp? {
        withTables { tables, _ in tables.chunks.values.map(\.dueAt).min() }
    }

    /// How many slots of a lane are not free now.
    package func slotsHeld(channel: ChannelName, lane: Lane) -> Int {
        withTables { tables, now in
            tables.channels[channel]?.lanes[lane]?.slots.count { !$0.isFree(at: now) } ?? 0
        }
    }

    /// A lane's breaker and pace.
    package func health(channel: ChannelName, lane: Lane) -> LaneHealth {
        withTables { tables, _ in tables.channels[channel]?.lanes[lane]?.health ?? LaneHealth() }
    }
}

package import PaymentCore
package import Store

extension InMemoryStore {
    /// Makes one version of a channel's specification the one that is used (R16).
    ///
    /// A new channel starts running, with so many slots; for a known one pauses, health and slots stay as they are.
    package func activateChannel(_ activation: ChannelActivation) {
        withTables { tables, _ in
            if tables.channels[activation.channel] != nil {
                tables.channels[activation.channel]?.specificationSHA256 = activation.specificationSHA256
                for lane in Lane.allCases {
                    tables.channels[activation.channel]?.lanes[lane]?.rules = activation.rules(of: lane)
                }
                return
            }
            func row(_ lane: Lane, slots: Int) -> InMemoryTables.LaneRow {
                InMemoryTables.LaneRow(
                    rules: activation.rules(of: lane),
                    slots: Array(repeating: InMemoryTables.Slot(), count: slots)
                )
            }
            tables.channels[activation.channel] = InMemoryTables.Channel(
                specificationSHA256: activation.specificationSHA256,
                lanes: [
                    .submit: row(.submit, slots: activation.submitSlots),
                    .query: row(.query, slots: activation.querySlots),
                ]
            )
        }
    }

    /// Pauses or resumes lanes of a channel.
    package func setPaused(_ isPaused: Bool, lanes: [Lane] = Lane.allCases, channel: ChannelName) {
        withTables { tables, _ in
            precondition(tables.channels[channel] != nil, "a channel is activated before it is paused")
            for lane in lanes { tables.channels[channel]?.lanes[lane]?.isPaused = isPaused }
        }
    }

    /// Adds a file with `ready` orders; its numbers count from 1.
    package func addFile(businessDate: BusinessDate, direction: Direction, orders: [OrderToSubmit]) -> BatchIdentifier {
        withTables { tables, _ in
            let batch = BatchIdentifier(Int64(tables.files.count + 1))
            let rows = orders.map { order in
                (
                    order.line,
                    InMemoryTables.Order(
                        content: order,
                        stored: StoredOrder(
                            line: order.line,
                            state: .ready,
                            cause: nil,
                            code: nil,
                            attempt: order.attempts,
                            submission: nil,
                            item: nil,
                            evidence: nil,
                            amountMinor: order.amountMinor,
                            currency: order.currency,
                            updates: 0
                        )
                    )
                )
            }
            tables.files[batch] = InMemoryTables.File(
                businessDate: businessDate,
                direction: direction,
                orders: Dictionary(uniqueKeysWithValues: rows)
            )
            return batch
        }
    }

    /// Puts orders of a file into chunks that are due at once; chunk numbers count from 1 in each file.
    package func addChunks(_ planned: [PlannedChunk], batch: BatchIdentifier) {
        withTables { tables, now in
            for plan in planned {
                precondition(
                    plan.lines.allSatisfy { tables.files[batch]?.orders[$0] != nil },
                    "only orders of the file are planned"
                )
                tables.files[batch]?.chunksPlanned += 1
                let chunkNumber = tables.files[batch]?.chunksPlanned ?? 0
                tables.insertChunk {
                    InMemoryTables.Chunk(
                        chunkIdentifier: $0,
                        batch: batch,
                        chunkNumber: chunkNumber,
                        channel: plan.channel,
                        kind: .submit,
                        lines: plan.lines,
                        submissionsCut: 0,
                        submission: nil,
                        dueAt: now,
                        worker: nil,
                        epoch: LeaseEpoch(0)
                    )
                }
            }
        }
    }

    /// Cancels an order that has no intent yet, by compare-and-set; false if it is too late.
    package func cancelOrder(_ line: LineNumber, batch: BatchIdentifier) -> Bool {
        withTables { tables, _ in
            guard let state = tables.files[batch]?.orders[line]?.stored.state, state == .ready || state == .held else {
                return false
            }
            tables.files[batch]?.orders[line]?.update { $0.state = .cancelled }
            return true
        }
    }
}

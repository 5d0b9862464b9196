/// What always holds, at every moment, also while workers are at work; the raw value is its name in reports.
package enum Invariant: String, CaseIterable, Sendable, Hashable {
    case totalsAddUp = "totals_add_up"
    case linesBelongToLoadedFiles = "lines_belong_to_loaded_files"
    case lineStandsOnce = "line_stands_once"
    case ordersOwnTheirNumbers = "orders_own_their_numbers"
    case quarantineReservesNumbers = "quarantine_reserves_numbers"
    case numbersHaveOwners = "numbers_have_owners"
    case releasedRecordsHaveSuccessors = "released_records_have_successors"
    case submissionsOwnTheirNumbers = "submissions_own_their_numbers"
    case channelNumbersHaveSubmissions = "channel_numbers_have_submissions"
    case openOrdersHaveNextAction = "open_orders_have_next_action"
    case chunksHaveWork = "chunks_have_work"
    case linesStandInOneChunk = "lines_stand_in_one_chunk"
    case callsAreRecorded = "calls_are_recorded"
    case finalOrdersHaveEvidence = "final_orders_have_evidence"
    case submissionsMatchOrders = "submissions_match_orders"
    case ordersMatchSubmissions = "orders_match_submissions"
    case slotsComeFree = "slots_come_free"
    case resultFilesAreWhole = "result_files_are_whole"
    case ceilingsCountOrders = "ceilings_count_orders"
    case contentIsEncrypted = "content_is_encrypted"
    case partitionsAreAhead = "partitions_are_ahead"
    case noOpenOrderIsArchived = "no_open_order_is_archived"
    case rowsStandOnce = "rows_stand_once"
    case receiptsAddUp = "receipts_add_up"
}

/// What a look at one invariant found.
package struct InvariantFinding: Sendable {
    package let invariant: Invariant
    /// How often it does not hold.
    package let breaches: Int64
    /// The first keys, at most five.
    package let examples: [String]

    package init(invariant: Invariant, breaches: Int64, examples: [String]) {
        (self.invariant, self.breaches, self.examples) = (invariant, breaches, examples)
    }

    package var holds: Bool { breaches == 0 }
}

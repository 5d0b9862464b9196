package import PaymentCore

/// What reviewers ask of a database about quarantined records: lists, single records, amendments, and what they ask to
/// have released or rejected.
///
/// Each operation is one whole transaction. Texts of records cross this port in the clear, and are sealed and opened on
/// the far side of it: who calls shows them masked (R15).
package protocol QuarantineStore: Sendable {
    // MARK: Looking

    /// Quarantined records in groups, the largest first; a record with several reasons counts under each.
    func quarantineGroups(_ filter: QuarantineFilter, by: QuarantineGrouping) async throws -> [QuarantineGroup]
    /// The first quarantined records, in line order; nothing of theirs is in the clear but numbers and
    /// amounts.
    func quarantinedRecords(_ filter: QuarantineFilter) async throws -> [QuarantinedRecord]
    /// How many records the filter finds, whatever its limit.
    func quarantinedCount(_ filter: QuarantineFilter) async throws -> Int64
    /// One quarantined record with all that was sent, amended and asked for; nil if the line is none.
    func recordHistory(of record: RecordKey) async throws -> RecordHistory?

    // MARK: Amending

    /// The next records that the filter finds behind `last`, in line order, with their texts.
    func recordsToReview(_ filter: QuarantineFilter, after last: RecordKey?) async throws -> [RecordToReview]
    /// The records of these keys with their texts, in line order; what is no quarantined record is left out.
    func recordsToReview(_ keys: [RecordKey]) async throws -> [RecordToReview]
    /// Who has these numbers of a merchant; numbers that nobody has are left out.
    func numberOwners(of numbers: [String], merchant: MerchantNumber) async throws -> [String: NumberOwner]
    /// Puts new texts beside what was sent, where nobody was faster.
    func amend(
        _ amendments: [RecordAmendment],
        comment: String,
        session: SessionSecret
    ) async throws -> [AmendedRecordOutcome]
    /// The state in which records are, and who made the last change, of those that somebody else changed.
    func recordChanges(_ keys: [RecordKey]) async throws -> [RecordChange]

    // MARK: Asking for a decision

    /// Asks for the release of records, or says what that would come to and changes nothing.
    func proposeRelease(_ release: RequestedRelease, session: SessionSecret) async throws -> AskedRecords
    /// Asks for the rejection of records, or says what that would come to and changes nothing.
    func proposeRejection(_ rejection: RequestedRejection, session: SessionSecret) async throws -> AskedRecords

    // MARK: Unmasking

    /// What a record says, in the clear; noted in the audit, and counted, before it is answered.
    ///
    /// Nil if the line is no quarantined record. Refused beyond so many an hour.
    func unmask(_ record: RecordKey, reason: String, session: SessionSecret) async throws -> UnmaskedRecord?
}

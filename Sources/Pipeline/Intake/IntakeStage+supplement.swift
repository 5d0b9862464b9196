import BatchFiles
import Logging
import PaymentCore
import Store

/// A supplement has no bytes: its lines are records that are kept already. They are judged once more, as they were
/// amended, and loaded like those of any file, with ceilings, taken numbers, accounts at risk and same payments.
extension IntakeStage {
    /// Records in memory at once.
    private static let recordsAtOnce = 200

    /// Pass 1: always loads, whatever does not pass.
    ///
    /// It waits for nobody a second time, and becomes a quarantined record of the supplement.
    func verify(
        _ supplement: SupplementOrigin,
        of file: ClaimedBatchFile,
        format: DeclaredFormat,
        profile: MerchantProfile,
        stop: StopSignal
    ) async throws -> RecordedVerdict {
        var checker = checker(of: supplement, file, format: format, profile: profile)
        var records: Int64 = 0
        var unreadable: Int64 = 0
        var accepted: [Currency: Tally] = [:]
        try await readRecords(of: file, stop: stop) { record in
            records += 1
            let isOrder = checker.judge(AmendedRecord(record, form: format.form)) && record.isReleased(as: checker)
            guard let amount = checker.amount else {
                unreadable += 1
                return
            }
            if isOrder { accepted[amount.currency, default: Tally()].add(amount.minor) }
        }
        return .load(recordCount: records, amountUnreadable: unreadable, accepted: accepted)
    }

    /// Pass 2: slice by slice, from the line on that was saved last.
    ///
    /// Answers whether the file is split.
    func load(
        _ supplement: SupplementOrigin,
        of file: ClaimedBatchFile,
        format: DeclaredFormat,
        profile: MerchantProfile,
        stop: StopSignal,
        logger: Logger
    ) async throws -> Bool {
        let start = LineNumber(Int32(file.loadPosition?.recordOrdinal ?? 0))
        var checker = checker(of: supplement, file, format: format, profile: profile)
        var slice = LoadSlice(position: LoadPosition(behind: start))
        var full: [LoadSlice] = []
        var duplicates = 0
        let sliceRecords = configuration.limits.sliceRecords
        // Where a record is judged by those before it, they are judged again, and not loaded again.
        let first = checker.setsRepeatsAside ? LineNumber(0) : start
        try await readRecords(of: file, after: first, stop: stop) { record in
            let passes = checker.judge(AmendedRecord(record, form: format.form))
            guard record.line > start else { return }
            let isOrder = passes && record.isReleased(as: checker)
            slice.append(record, judgedBy: checker, isOrder: isOrder, isOtherwise: passes && !isOrder)
            slice.position = LoadPosition(behind: record.line)
            guard slice.isFull(records: sliceRecords) else { return }
            full.append(slice)
            slice = LoadSlice(after: slice)
        } betweenPages: { isLast in
            if isLast, slice.count > 0 { full.append(slice) }
            for ready in full {
                if stop.isRequested { throw AskedToStop() }
                duplicates += try await loadOne(ready, of: file, profile: profile)
            }
            full.removeAll(keepingCapacity: true)
        }
        return try await finishLoading(file, profile: profile, duplicates: duplicates, logger: logger)
    }

    private func loadOne(_ slice: LoadSlice, of file: ClaimedBatchFile, profile: MerchantProfile) async throws -> Int {
        while true {
            // The one before it is in.
            let turn = LoadTurn(isGiven: true)
            switch try await store.load(slice, of: file, turn: turn, duplicates: profile.duplicates) {
            case .loaded(let duplicates):
                FaultPlan.pass(.sliceLoaded)
                return duplicates
            case .outOfTurn: continue
            case .stale: throw LeaseLost(batch: file.id)
            }
        }
    }

    private func checker(
        of supplement: SupplementOrigin,
        _ file: ClaimedBatchFile,
        format: DeclaredFormat,
        profile: MerchantProfile
    ) -> RecordChecker {
        RecordChecker(
            ofTextsIn: format.form,
            rules: profile.rules,
            context: context(of: file),
            accepting: supplement.acceptedCodes
        )
    }

    /// Calls `body` with each record in the order of lines, and `betweenPages` between them and at the end.
    private func readRecords(
        of file: ClaimedBatchFile,
        after start: LineNumber = LineNumber(0),
        stop: StopSignal,
        _ body: (SupplementRecord) -> Void,
        betweenPages: (_ isLast: Bool) async throws -> Void = { _ in }
    ) async throws {
        var keeping = leaseKeeping(of: file)
        var line = start
        while true {
            if stop.isRequested { throw AskedToStop() }
            try await keeping.renewIfDue()
            let records = try await store.supplementRecords(of: file, after: line, limit: Self.recordsAtOnce)
            for record in records { body(record) }
            try await betweenPages(records.count < Self.recordsAtOnce)
            guard records.count == Self.recordsAtOnce, let last = records.last else { return }
            line = last.line
        }
    }
}

extension SupplementOrigin {
    /// What the two people have accepted that rules know of.
    var acceptedCodes: Set<ReasonCode> { Set(accepted.compactMap(ReasonCode.init(rawValue:))) }
}

extension AmendedRecord {
    /// A record of a supplement; texts that cannot be read are none, so that the record is set aside again.
    init(_ record: SupplementRecord, form: RecordForm) {
        let sent = record.fields.flatMap { try? FieldTexts(json: $0, form: form) }
        let amended = record.amended.flatMap { try? FieldTexts(json: $0, form: form) }
        self.init(
            line: record.line,
            sent: record.amended != nil && amended == nil ? nil : sent,
            amended: amended,
            reasons: record.reasons.compactMap {
                RecordReason(code: $0.code, field: $0.field, maskedValue: $0.maskedValue, mend: $0.mend)
            }
        )
    }
}

extension SupplementRecord {
    /// Whether the order would be what two people have approved: they saw its amount and its number beside the sealed
    /// values, and whoever sealed those may have told them otherwise.
    ///
    /// What may have been paid meanwhile is none any more.
    fileprivate func isReleased(as checker: borrowing RecordChecker) -> Bool {
        guard !isContradicted else { return false }
        let values = checker.values
        guard let number = values.merchantOrderNumber, values.text(number) == merchantOrderNumber else { return false }
        return releasedAmount == nil || releasedAmount == checker.amount
    }
}

extension LoadPosition {
    /// Behind a line of a file without bytes.
    fileprivate init(behind line: LineNumber) {
        self.init(byteOffset: 0, recordOrdinal: Int64(line.value), physicalLine: 0)
    }
}

extension LoadSlice {
    /// Appends a record of a supplement that `checker` has judged last.
    ///
    /// One that does not pass keeps the number that its release has given to it, and what its columns were to say.
    ///
    /// `isOtherwise`: it passes, and is not what was approved.
    fileprivate mutating func append(
        _ record: SupplementRecord,
        judgedBy checker: borrowing RecordChecker,
        isOrder: Bool,
        isOtherwise: Bool
    ) {
        let values = checker.values
        let bytes = values.bytes.span
        guard isOrder else {
            let account: Span<UInt8>? = if let range = values.accountNumber { bytes.extracting(range) } else { nil }
            appendQuarantined(
                line: record.line,
                amount: checker.amount,
                number: record.merchantOrderNumber.utf8.span,
                accountNumber: account,
                fields: record.amended ?? record.fields,
                // First what kept it from becoming an order: the others may have been accepted.
                reasons: (!isOtherwise ? [] : record.isContradicted ? [.mayBePaid] : [.unlikeRelease])
                    + checker.reasons.map(QuarantineReason.init),
                raw: record.raw.span,
                byteRange: record.byteRange,
                physicalLine: record.physicalLine,
                charset: record.charset
            )
            return
        }
        guard let number = values.merchantOrderNumber, let account = values.accountNumber, let amount = checker.amount
        else { preconditionFailure("a record without number, account or amount was judged to be an order") }
        let bankCode: Span<UInt8>? = if let range = values.bankCode { bytes.extracting(range) } else { nil }
        appendOrder(
            line: record.line,
            amount: amount,
            number: bytes.extracting(number),
            accountNumber: bytes.extracting(account),
            accountName: bytes.extracting(values.accountName ?? 0..<0),
            bankCode: bankCode,
            purpose: bytes.extracting(values.purpose ?? 0..<0),
            raw: record.raw.span,
            byteRange: record.byteRange,
            physicalLine: record.physicalLine,
            charset: record.charset
        )
    }
}

extension QuarantineReason {
    /// After the release an answer or a person said that the order that it comes from was paid.
    fileprivate static let mayBePaid = QuarantineReason(
        code: "may_be_paid",
        field: nil,
        maskedValue: "",
        mend: "its earlier order may have been paid: decide the contradiction (sluice review list), or reject it"
    )

    /// The values of the record are not those whose amount and number were approved.
    fileprivate static let unlikeRelease = QuarantineReason(
        code: "unlike_release",
        field: nil,
        maskedValue: "",
        mend: "its amount or number is not what was approved: find out who amended it and by what program"
    )
}

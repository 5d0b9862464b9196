import BatchFiles
import PaymentCore
package import Store

/// Judges records as they are, or as they would be with other texts.
///
/// Records come in line order, so that those of one file follow one another and share one checker.
struct RecordJudge: ~Copyable {
    private struct Court: Equatable {
        let merchant: MerchantNumber
        let direction: Direction
        let format: String
        let judgedDate: BusinessDate
    }

    private let rules: ReviewRules
    private let accepted: Set<ReasonCode>
    private var court: Court?
    private var checker: RecordChecker?

    /// `accepted`: reasons that are to keep no record back.
    init(_ rules: ReviewRules, accepting accepted: Set<ReasonCode> = []) {
        (self.rules, self.accepted) = (rules, accepted)
    }

    /// The texts of a record.
    func texts(of record: RecordToReview) throws(UnjudgeableRecord) -> RecordTexts {
        guard let form = rules.forms[record.format] else {
            throw UnjudgeableRecord(
                key: record.key,
                why: "its layout \(Masked.visible(record.format)) is no longer configured"
            )
        }
        guard !record.isUnreadable else {
            throw UnjudgeableRecord(
                key: record.key,
                why: "what is kept of it cannot be opened with the keys that are here"
            )
        }
        do throws(FieldTexts.Defect) {
            var sent: FieldTexts?
            var amended: FieldTexts?
            if let json = record.sent { sent = try FieldTexts(json: json, form: form) }
            if let json = record.amended { amended = try FieldTexts(json: json, form: form) }
            return RecordTexts(sent: sent, amended: amended, form: form)
        } catch {
            throw UnjudgeableRecord(key: record.key, why: "what is kept of it cannot be read: \(error)")
        }
    }

    /// What is wrong with a record whose texts are these; `amended`: nil where nobody has given others.
    mutating func judge(
        _ record: RecordToReview,
        sent: FieldTexts?,
        amended: FieldTexts?
    ) throws(UnjudgeableRecord) -> JudgedRecord {
        guard let form = rules.forms[record.format], let merchantRules = rules.rules[record.merchant] else {
            throw UnjudgeableRecord(
                key: record.key,
                why: "its layout or the profile of its merchant is not configured here"
            )
        }
        let wanted = Court(
            merchant: record.merchant,
            direction: record.direction,
            format: record.format,
            judgedDate: record.judgedDate
        )
        if court != wanted {
            court = wanted
            checker = RecordChecker(
                ofTextsIn: form,
                rules: merchantRules,
                context: rules.context(record.merchant, record.direction, record.judgedDate),
                accepting: accepted
            )
        }
        let asked = AmendedRecord(
            line: record.record.key.line,
            sent: sent,
            amended: amended,
            reasons: record.record.reasons.compactMap { reason in
                RecordReason(
                    code: reason.code,
                    field: reason.field,
                    maskedValue: reason.maskedValue,
                    mend: reason.mend
                )
            }
        )
        guard let judgement = checker?.judgement(of: asked) else {
            preconditionFailure("a checker was made for the record's file")
        }
        return JudgedRecord(judgement: judgement, amendedFields: asked.amendedFields)
    }
}

/// The texts of one record, in the clear.
struct RecordTexts {
    /// Nil where its columns could not be told apart.
    let sent: FieldTexts?
    /// Since its last amendment; nil if it was not amended.
    let amended: FieldTexts?
    let form: RecordForm

    var current: FieldTexts? { amended ?? sent }
}

/// What the judge found.
struct JudgedRecord {
    let judgement: AmendedJudgement
    /// The fields that say something else than what was sent.
    let amendedFields: Set<RecordField>

    /// What keeps it from becoming an order.
    var failing: [RecordReason] { judgement.reasons.filter { $0.severity >= .quarantine } }
}

/// Why a record cannot be judged here; nothing personal.
package struct UnjudgeableRecord: Error, Sendable, Hashable, CustomStringConvertible {
    package let key: RecordKey
    package let why: String

    package init(key: RecordKey, why: String) { (self.key, self.why) = (key, why) }

    package var description: String { "record \(key): \(why)" }
}

extension RecordReason {
    /// Another line has the number that the record would have.
    static func numberTaken(by owner: NumberOwner, _ number: String) -> RecordReason {
        let code: ReasonCode = owner.state == "quarantine" ? .duplicateOfQuarantined : .duplicateOfEarlierFile
        return RecordReason(
            code: code,
            severity: .quarantine,
            field: .merchantOrderNumber,
            maskedValue: RecordField.merchantOrderNumber.masked(number),
            mend: "line \(owner.line) of batch \(owner.batch) has the number: \(code.mend)"
        )
    }
}

extension QuarantineReason {
    /// As it is stored.
    init(_ reason: RecordReason) {
        self.init(
            code: reason.code.rawValue,
            field: reason.field?.rawValue,
            maskedValue: reason.maskedValue,
            mend: reason.mend
        )
    }
}

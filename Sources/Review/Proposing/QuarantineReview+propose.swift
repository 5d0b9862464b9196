import BatchFiles
package import PaymentCore
import Store

extension QuarantineReview {
    /// Asks for the release of records: another person approves it, and their supplements join the next window.
    ///
    /// A record that the rules would keep back again is not asked for. `accepted`: reasons that are to keep none back.
    ///
    /// `isPreview`: nothing is done, and the report tells what would be.
    ///
    /// Throws `ReviewRefusal` before anything is done.
    package func release(
        _ selection: RecordSelection,
        accepting accepted: [String] = [],
        comment: String,
        session: SessionSecret,
        isPreview: Bool,
        progress: ShowProgress = { _ in }
    ) async throws -> RequestReport {
        let codes = try Self.acceptable(accepted)
        var judge = RecordJudge(rules, accepting: codes)
        var report = RequestReport(isPreview: isPreview)
        var count = ReasonCount()
        var good: [SeenRecord] = []
        let missing = try await forEachPage(of: selection, progress: progress) { page in
            report.found += Int64(page.count)
            for record in page {
                guard record.record.state.isWaiting else {
                    report.records.append(ReportedRecord(key: record.key, fate: .outcome(.closed)))
                    continue
                }
                do throws(UnjudgeableRecord) {
                    let texts = try judge.texts(of: record)
                    let judged = try judge.judge(record, sent: texts.sent, amended: texts.amended)
                    let failing = judged.failing
                    guard failing.isEmpty else {
                        count.add(failing.map(QuarantineReason.init), of: record.key)
                        let codes = failing.map(\.code.rawValue)
                        report.records.append(ReportedRecord(key: record.key, fate: .stillFails(codes)))
                        continue
                    }
                    // A channel refused it as it is: it goes again so only where somebody means this very record.
                    guard record.record.origin == "intake" || record.record.revision > 0 || selection.isNamed
                    else {
                        count.add(record.record.reasons, of: record.key)
                        let codes = record.record.reasons.map(\.code)
                        report.records.append(ReportedRecord(key: record.key, fate: .stillFails(codes)))
                        continue
                    }
                    good.append(SeenRecord(key: record.key, revision: record.record.revision))
                } catch {
                    report.records.append(ReportedRecord(key: record.key, fate: .unjudgeable(error.why)))
                }
            }
            try Self.check(good.count)
        }
        report.failing = count.sorted
        report.records += missing.map { ReportedRecord(key: $0, fate: .outcome(.missing)) }
        if !good.isEmpty {
            var release = RequestedRelease(records: good, comment: comment)
            release.accepted = codes.map(\.rawValue).sorted()
            release.isDry = isPreview
            take(try await store.proposeRelease(release, session: session), into: &report)
        }
        return try await finished(report)
    }

    /// Asks for the rejection of records: another person approves it, and the merchant is told that they failed.
    ///
    /// `isPreview`: nothing is done, and the report tells what would be.
    package func reject(
        _ selection: RecordSelection,
        comment: String,
        session: SessionSecret,
        isPreview: Bool,
        progress: ShowProgress = { _ in }
    ) async throws -> RequestReport {
        var report = RequestReport(isPreview: isPreview)
        var seen: [SeenRecord] = []
        let missing = try await forEachPage(of: selection, progress: progress) { page in
            report.found += Int64(page.count)
            seen += page.map { SeenRecord(key: $0.key, revision: $0.record.revision) }
            try Self.check(seen.count)
        }
        report.records += missing.map { ReportedRecord(key: $0, fate: .outcome(.missing)) }
        if !seen.isEmpty {
            var rejection = RequestedRejection(records: seen, comment: comment)
            rejection.isDry = isPreview
            take(try await store.proposeRejection(rejection, session: session), into: &report)
        }
        return try await finished(report)
    }

    private static func acceptable(_ accepted: [String]) throws -> Set<ReasonCode> {
        var codes: Set<ReasonCode> = []
        for word in accepted {
            guard let code = ReasonCode(rawValue: word), code.canBeWeakened else {
                let known = ReasonCode.allCases.filter(\.canBeWeakened).map(\.rawValue).sorted()
                throw ReviewRefusal(
                    what: ReasonCode(rawValue: word) == nil
                        ? "`\(Masked.visible(word))` is no reason" : "no order can be made in spite of `\(word)`",
                    mend: "amend the records, or accept one of: \(known.joined(separator: ", "))"
                )
            }
            codes.insert(code)
        }
        return codes
    }

    private static func check(_ count: Int) throws {
        guard count <= RequestedRelease.recordsMax else {
            throw ReviewRefusal(
                what: "more than \(RequestedRelease.recordsMax) records are too many for one proposal",
                mend: "narrow them down, such as to one file with --batch"
            )
        }
    }

    private func take(_ proposed: AskedRecords, into report: inout RequestReport) {
        report.proposal = proposed.proposal
        report.records += proposed.records.map { record in
            var reported = ReportedRecord(key: record.key, fate: .outcome(record.outcome))
            (reported.amountMinor, reported.currency) = (record.amountMinor, record.currency)
            reported.resembles = record.resembles
            return reported
        }
    }

    /// In line order, and with who was faster.
    private func finished(_ report: RequestReport) async throws -> RequestReport {
        var report = report
        let overtaken = report.records.filter { $0.fate == .outcome(.changed) || $0.fate == .outcome(.closed) }
        if !overtaken.isEmpty {
            let changes = try await store.recordChanges(overtaken.map(\.key))
            let byKey = Dictionary(changes.map { ($0.key, $0) }) { first, _ in first }
            for index in report.records.indices { report.records[index].change = byKey[report.records[index].key] }
        }
        report.records.sort { $0.key < $1.key }
        return report
    }
}

import BatchFiles
import Cryptography
package import Logging
package import PaymentCore
package import Store

/// Tells the merchant: writes the next version of a file's result when nothing is left to do by itself, or when the
/// merchant's deadline has come, whatever is still open (architecture §3, *Result file*).
package struct SettlementStage: Sendable {
    private let store: any BatchFileStore & ResultFileStore
    private let configuration: EngineConfiguration

    package init(store: any BatchFileStore & ResultFileStore, configuration: EngineConfiguration) {
        self.store = store
        self.configuration = configuration
    }

    /// Writes one file's result, if one is due; answers whether a version was written.
    package func runOnce(worker: WorkerIdentifier, logger: Logger) async throws -> Bool {
        guard
            let file = try await store.claimBatchFile(
                for: .settlement,
                worker: worker,
                lease: configuration.limits.fileLease
            )
        else { return false }
        do {
            return try await work(file, logger: logger)
        } catch {
            // It comes up again soon, not when its long lease ends; a lease that is lost by now is not touched.
            try? await store.releaseBatchFile(file, after: .seconds(5))
            throw error
        }
    }

    private func work(_ file: ClaimedBatchFile, logger: Logger) async throws -> Bool {
        guard let format = configuration.formats[file.format] else {
            logger.error(
                "no result file: the layout of this batch is no longer configured; put it back into Config/layouts",
                metadata: ["batch": "\(file.id)", "format": "\(file.format)"]
            )
            try await store.releaseBatchFile(file, after: .minutes(5))
            return false
        }
        let written = try await store.writeResultFile(of: file, fileName: Self.name(of: file)) { nextPage, emit in
            try Self.produce(format: format, nextPage: nextPage, emit: emit)
        }
        if written != nil { FaultPlan.pass(.resultWritten) }
        if written?.isFinal != true {
            // It comes up again when a person has decided something, or another version is due.
            try await store.releaseBatchFile(file, after: .minutes(1))
        }
        if let written {
            logger.info(
                "result file written",
                metadata: [
                    "batch": "\(file.id)", "version": "\(written.version)", "final": "\(written.isFinal)",
                    "lines": "\(written.lineCount)",
                ]
            )
        }
        return written != nil
    }

    private static func name(of file: ClaimedBatchFile) -> String { "\(file.fileName).result" }

    private static func produce(
        format: FileFormat,
        nextPage: () throws -> [ResultRow],
        emit: ([UInt8]) throws -> Void
    ) throws -> ProducedResult {
        var writer = DelimitedResultWriter(
            layout: format.resultLayout,
            splitsRecords: format.hasRecordsOfResultLayout
        )
        // The pair assertion: what was written is read again, and compared with what the rows add up to.
        var check = ResultFileCheck(layout: format.resultLayout)
        var expected: [ResultStatus: AmountTotals] = [:]
        var totals: [ResultStatus: [String: Tally]] = [:]
        var hasher = SHA256Hasher()
        var lineCount: Int64 = 0
        var byteCount: Int64 = 0
        func drain() throws {
            let bytes = writer.drain()
            guard !bytes.isEmpty else { return }
            hasher.update(bytes)
            byteCount += Int64(bytes.count)
            try check.read(bytes, isLast: false)
            try emit(bytes)
        }
        while true {
            let page = try nextPage()
            if page.isEmpty { break }
            for row in page {
                let line = ResultLine(row)
                writer.append(line)
                lineCount += 1
                expected[row.status, default: AmountTotals()].add(row.money)
                var tally = totals[row.status]?[row.money?.currency.code ?? ""] ?? Tally()
                tally.add(row.money?.minor ?? 0)
                totals[row.status, default: [:]][row.money?.currency.code ?? ""] = tally
            }
            try drain()
        }
        writer.finish()
        try drain()
        try check.read([], isLast: true)
        try check.compare(with: expected)
        return ProducedResult(
            lineCount: lineCount,
            totals: totals,
            contentSHA256: hasher.finalize(),
            contentBytes: byteCount
        )
    }
}

extension ResultRow {
    /// The line's amount, where it could be read.
    fileprivate var money: Money? {
        switch content {
        case .order(_, _, _, _, _, let amountMinor, let currency):
            Currency(code: currency).map { Money(minor: amountMinor, currency: $0) }
        case .quarantined(_, _, let amountMinor, let currency):
            if let amountMinor, let currency = currency.flatMap(Currency.init(code:)) {
                Money(minor: amountMinor, currency: currency)
            } else {
                nil
            }
        }
    }
}

extension ResultLine {
    fileprivate init(_ row: ResultRow) {
        let content: ResultLine.Content
        switch row.content {
        case .order(let number, let account, let name, let bank, let purpose, let amountMinor, let currency):
            guard let currency = Currency(code: currency) else {
                preconditionFailure("an order's currency was known when it was loaded")
            }
            content = .order(
                OrderFields(
                    merchantOrderNumber: number,
                    amount: Money(minor: amountMinor, currency: currency),
                    accountNumber: account,
                    accountName: name,
                    bankCode: bank,
                    purpose: purpose
                )
            )
        case .quarantined(let raw, let number, _, _):
            content = .record(raw: raw, merchantOrderNumber: number, amount: row.money)
        }
        let words =
            switch row.status {
            case .underReview: "under review: do not resubmit"
            case .processing: "in process: do not resubmit"
            case .succeeded, .failed, .returned: ""
            }
        self.init(
            line: row.line,
            content: content,
            status: row.status,
            code: row.code,
            reason: words,
            finishedDate: row.decidedAt.map { BusinessDate(at: $0) }
        )
    }
}

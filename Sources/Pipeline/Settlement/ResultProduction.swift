import BatchFiles
import Cryptography
import PaymentCore
import Store

/// Makes one version of a result file of its material, whatever the format: lines in, checked bytes out.
struct ResultProduction: ~Copyable {
    let material: any ResultMaterial
    private var expected: [ResultStatus: AmountTotals] = [:]
    private var totals: [ResultStatus: [String: Tally]] = [:]
    private var lineCount: Int64 = 0
    private var byteCount: Int64 = 0
    private var hasher = SHA256Hasher()
    /// Of the bytes that the version before would have, were it of these lines.
    private var previousHasher = SHA256Hasher()

    /// A production of the material from its first line on.
    init(from material: any ResultMaterial) { self.material = material }

    /// Writes, reads again and emits the whole file.
    ///
    /// `makeWriter`: makes the writer of a version; versions of the same lines differ in their beginning alone.
    mutating func run<Writer: ResultWriter & ~Copyable, Check: ResultCheck & ~Copyable>(
        check: consuming Check,
        emit: ([UInt8]) throws -> Void,
        makeWriter: (ResultEdition) -> Writer
    ) throws -> ProducedResult {
        if let previous = material.previousEdition {
            var writer = makeWriter(previous)
            previousHasher.update(writer.drain())
        }
        var writer = makeWriter(material.edition)
        let beginning = writer.drain()
        hasher.update(beginning)
        try pass(on: beginning, &check, emit)
        var request = RequestPieces(of: material)
        while true {
            let page = try material.nextPage()
            if page.isEmpty { break }
            for row in page {
                try Self.give(&request, to: &writer)
                try writer.append(ResultLine(row))
                count(row, isSaid: row.money.map(Check.carries) ?? false)
            }
            try take(writer.drain(), &check, emit)
        }
        try Self.give(&request, to: &writer)
        try writer.finish()
        try take(writer.drain(), &check, emit)
        // The pair assertion: what was written is read again, and compared with what the rows add up to.
        try check.read([], isLast: true)
        try check.compare(with: expected)
        return ProducedResult(
            lineCount: lineCount,
            totals: totals,
            contentSHA256: hasher.finalize(),
            previousSHA256: material.previousEdition.map { _ in previousHasher.finalize() },
            contentBytes: byteCount
        )
    }

    /// Gives as much of the request as a writer needs now.
    private static func give<Writer: ResultWriter & ~Copyable>(
        _ request: inout RequestPieces,
        to writer: inout Writer
    ) throws {
        while writer.needsRequest {
            let (bytes, isLast) = try request.next()
            try writer.read(request: bytes, isLast: isLast)
        }
    }

    private mutating func take<Check: ResultCheck & ~Copyable>(
        _ bytes: [UInt8],
        _ check: inout Check,
        _ emit: ([UInt8]) throws -> Void
    ) throws {
        hasher.update(bytes)
        previousHasher.update(bytes)
        try pass(on: bytes, &check, emit)
    }

    private mutating func pass<Check: ResultCheck & ~Copyable>(
        on bytes: [UInt8],
        _ check: inout Check,
        _ emit: ([UInt8]) throws -> Void
    ) throws {
        guard !bytes.isEmpty else { return }
        byteCount += Int64(bytes.count)
        try check.read(bytes, isLast: false)
        try emit(bytes)
    }

    /// Counts a row; `isSaid`: whether the file says its amount.
    private mutating func count(_ row: ResultRow, isSaid: Bool) {
        lineCount += 1
        let money = row.money
        expected[row.status, default: AmountTotals()].add(isSaid ? money : nil)
        var tally = totals[row.status]?[money?.currency.code ?? ""] ?? Tally()
        tally.add(money?.minor ?? 0)
        totals[row.status, default: [:]][money?.currency.code ?? ""] = tally
    }
}

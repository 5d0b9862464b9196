import BatchFiles
import PaymentCore
import SharedFileTesting
import Testing

/// NACHA files gathered elsewhere: each has its outcome, and none does harm.
@Suite struct NACHACorpusTests {
    private static let examples = "formats/ach/moov-ach-examples/examples/testdata"
    private static let corpus = "corpora/ach-files/files"

    /// What a file becomes, submitted in a direction, whatever its effective dates.
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let direction: Direction
        var orders: Int64 = 0
        var cents: Int128 = 0
        /// The reasons of each quarantined record.
        var reasons: [[ReasonCode]] = []
        var defect: FileDefect.Code?

        var testDescription: String { "\(path) as \(direction.rawValue)" }
    }

    private static func good(_ path: String, _ direction: Direction, _ orders: Int64, _ cents: Int128) -> Case {
        Case(path: path, direction: direction, orders: orders, cents: cents)
    }

    private static func set(
        aside path: String,
        _ direction: Direction,
        _ cents: Int128,
        _ reasons: [[ReasonCode]]
    ) -> Case {
        Case(path: path, direction: direction, cents: cents, reasons: reasons)
    }

    private static func refused(_ path: String, _ direction: Direction, _ code: FileDefect.Code) -> Case {
        Case(path: path, direction: direction, defect: code)
    }

    /// Files of PPD and CCD entries; the counts and sums are those of their own control records.
    static let cases: [Case] =
        [
            good("\(examples)/ppd-credit.ach", .payout, 1, 100_000_000),
            good("\(examples)/ppd-debit.ach", .withhold, 1, 200_000_000),
            refused("\(examples)/ppd-debit.ach", .payout, .directionMismatch),
            good("\(examples)/segmentFile-ppd-credit.ach", .payout, 2, 200_000_000),
            good("\(examples)/segmentFile-ppd-debit.ach", .withhold, 1, 200_000_000),
            // Hyphens in account numbers are not in the form that the rules ask for.
            set(aside: "\(examples)/ccd-debit.ach", .withhold, 500_125, [[.accountMalformed], [.accountMalformed]]),
            // Returns of returns: their addenda are not those of a request.
            set(aside: "\(examples)/contested-return.ach", .payout, 100_000_000, [[.addendaMalformed]]),
            good("\(corpus)/testdata/flattenBatchesMultipleBatchHeaders.ach", .payout, 12, 1_200_000),
            // Trace numbers repeat between its batches, and order numbers do not.
            good("\(corpus)/testdata/flattenBatchesTraceNumberCollision.ach", .payout, 15, 1_500_000),
            refused("\(corpus)/testdata/flattenBatchesMultipleBatchHeaders.ach", .withhold, .directionMismatch),
            good("\(corpus)/testdata/gl-debit.ach", .withhold, 1, 100_000_000),
            good("\(corpus)/testdata/ppd-debit.ach", .withhold, 1, 100_000_000),
            good("\(corpus)/testdata/ppd-debit.ach.fix.expected", .withhold, 1, 100_000_000),
            good("\(corpus)/testdata/short-line.ach", .withhold, 1, 100_000_000),
            // Records back to back without line ends.
            good("\(corpus)/testdata/ppd-debit-fixedLength.ach", .withhold, 1, 10_500),
            refused("\(corpus)/testdata/ppd-debit-fixedLengthInvalid.ach", .withhold, .headerMismatch),
            set(
                aside: "\(corpus)/testdata/ppd-debit-invalid-entryDetail-checkDigit.ach",
                .withhold,
                100_000_000,
                [[.bankCheckDigit]]
            ),
            good("\(corpus)/testdata/txp-credit.ach", .payout, 1, 12_345),
            // Its addenda end two columns early, and its control counts two blocks where there is one.
            refused("\(corpus)/testdata/txp-debit.ach", .withhold, .blockCountMismatch),
            // The file control states an entry hash of nines.
            refused("\(corpus)/testdata/moov-ids.ach", .payout, .entryHashMismatch),
            set(
                aside: "\(corpus)/testdata/return-PPD-custom-reason-code.ach",
                .payout,
                106_161,
                [[.notALiveEntry, .addendaMalformed]]
            ),
            set(aside: "\(corpus)/issues/testdata/issue1620_return.ach", .payout, 1, [[.addendaMalformed]]),
            // Its file control counts two batches.
            refused("\(corpus)/issues/testdata/issue1620.ach", .payout, .batchCountMismatch),
            // A batch of another entry class among those of persons.
            refused("\(corpus)/issues/testdata/issue702.ach", .payout, .entryClassNotAllowed),
            refused("\(corpus)/testdata/20110805A.ach", .withhold, .directionMismatch),
            refused("\(corpus)/testdata/20110805A.ach", .payout, .directionMismatch),
            // Balanced files: credits with the debit that pays for them.
            refused("\(corpus)/issues/testdata/issue1378/employers_test.txt", .payout, .directionMismatch),
            refused("\(corpus)/testdata/invalid-two-micro-deposits.ach", .payout, .directionMismatch),
            refused("\(corpus)/issues/testdata/issue1600/1k8RecordFollowing9Record.txt", .payout, .directionMismatch),
            refused("\(corpus)/issues/testdata/issue1600/3fTELIndvNameAllBlank.txt", .payout, .directionMismatch),
            refused("\(corpus)/issues/testdata/issue1600/3fTELIndvNameAllZeros.txt", .payout, .directionMismatch),
            refused("\(corpus)/issues/testdata/issue1600/2lCompanyNameAllZeros.txt", .payout, .controlFieldMalformed),
            refused(
                "\(corpus)/issues/testdata/issue1600/2mCompanyEntryDescAllZeros.txt",
                .payout,
                .controlFieldMalformed
            ),
            refused("\(corpus)/issues/testdata/issue1378/no_header.txt", .payout, .headerMismatch),
            refused("\(corpus)/issues/testdata/issue1378/neither_file_record.txt", .payout, .headerMismatch),
            refused("\(corpus)/issues/testdata/issue751.ach", .withhold, .headerMismatch),
            refused("\(corpus)/testdata/return-no-batch-header.ach", .payout, .headerMismatch),
        ]
        + [
            "044f121c5da6ff398d22b6ca8679239a13270594", "2b5a940e6b5bcc9f2753d31ea6309d1f49b21891",
            "bfd6b648c4b4e2d1581a0767740233f2c67cebea", "e2ef49fe5fa2b676feff5f3669d5fffb99e22cdc",
        ].map { refused("\(corpus)/issues/testdata/issue927/\($0).ach", .payout, .directionMismatch) }

    /// All files below `path`.
    private static func files(_ path: String) throws -> [String] {
        try SharedFiles.names(in: path).flatMap { name -> [String] in
            let inner = "\(path)/\(name)"
            guard let below = try? files(inner) else { return [inner] }
            return below
        }
    }

    @Test(
        .enabled(if: SharedFiles.exist("formats/ach") && SharedFiles.exist(corpus), "needs the NACHA files"),
        arguments: cases
    )
    func `a file of persons' or firms' entries has its outcome`(sample: Case) throws {
        let layout = try NACHASample.layout(sample.direction, effectiveDate: .any)
        let seen = try SeenNACHAFile(try SharedFiles.bytes(sample.path), layout)
        #expect(seen.defect?.code == sample.defect, "\(String(describing: seen.defect))")
        guard sample.defect == nil else { return }
        #expect(Int64(seen.orders.count) == sample.orders)
        #expect(seen.reasons == sample.reasons)
        #expect(seen.totals.totals.amounts.values.map(\.amountMinor) == [sample.cents])
        #expect(seen.declared.first?.sums?.values.map { $0 } == [sample.cents])
        #expect(seen.declared.first?.count == sample.orders + Int64(sample.reasons.count))
        #expect(seen.verdict() == .load)
        #expect(Set(seen.orders.map(\.merchantOrderNumber)).count == seen.orders.count)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/ach") && SharedFiles.exist(corpus), "needs the NACHA files"))
    func `every other file is of another class or another format`() throws {
        let known = Set(Self.cases.map(\.path))
        let others = try (Self.files(Self.examples) + Self.files(Self.corpus)).filter { !known.contains($0) }
        #expect(others.count > 40)
        for path in others {
            let bytes = try SharedFiles.bytes(path)
            for direction in Direction.allCases {
                let seen = try SeenNACHAFile(bytes, try NACHASample.layout(direction, effectiveDate: .any))
                let isText = path.hasSuffix(".json") || path.contains("crashers/") && !path.hasSuffix("eef20")
                #expect(seen.defect?.code == (isText ? .headerMismatch : .entryClassNotAllowed), "\(path)")
            }
        }
    }

    @Test(.enabled(if: SharedFiles.exist("formats/ach") && SharedFiles.exist(corpus), "needs the NACHA files"))
    func `every file cut at any byte gives the same records`() throws {
        for path in try Self.files(Self.examples) + Self.files(Self.corpus) {
            let bytes = try SharedFiles.bytes(path)
            for direction in Direction.allCases {
                let layout = try NACHASample.layout(direction, effectiveDate: .any)
                let whole = try SeenNACHAFile(bytes, layout)
                // All cuts where something is read, every seventh where the beginning already refuses it.
                for cut in stride(from: 0, through: bytes.count, by: whole.records.isEmpty ? 7 : 1) {
                    #expect(try SeenNACHAFile(bytes, layout, cuts: [cut]) == whole, "\(path) cut at \(cut)")
                }
            }
        }
    }
}

import PaymentCore

/// The order of the lines of a NACHA file, and the counts, hashes and totals that its control records state.
///
/// Requests and files of returns have the same frame. What it finds wrong makes the file unfit; what is wrong with an
/// entry is for who reads the entries.
struct NACHAFrame: Sendable {
    /// What a line is to who reads the entries.
    enum Part: Sendable { case frame, entry, addenda }

    private enum Place { case beginning, betweenBatches, inBatch, afterControl }

    private static let wholeFile = "send the whole file again: it may have been cut or joined"

    /// Nil for a file of returns.
    private let layout: NACHALayout?
    private var place = Place.beginning
    private var lines: Int64 = 0
    private var batches: Int64 = 0
    private var totals = NACHATotals()
    private var fileCreated = BusinessDate(daysSince1970: 0)
    /// The first line.
    private(set) var header = NACHALine()
    /// The batch in work, or the last one.
    private(set) var batch: NACHABatch?
    /// The file control, once it was read.
    private(set) var control: NACHALine?

    init(layout: NACHALayout?) { self.layout = layout }

    /// Takes the next line.
    mutating func accept(_ line: NACHALine) throws(FileDefect) -> Part {
        lines += 1
        switch place {
        case .beginning: try begin(line)
        case .betweenBatches:
            switch line.kind {
            case UInt8(ascii: "5"): try beginBatch(line)
            case UInt8(ascii: "9"): try end(line)
            default: throw misplaced(line, "where a batch or the file control must begin")
            }
        case .inBatch: return try acceptInBatch(line)
        case .afterControl:
            guard line.isPadding else {
                throw line.defect(
                    .trailerNotLast,
                    "the file goes on after its file control",
                    "send one file with one file control at its end, followed by lines of nines only"
                )
            }
        }
        return .frame
    }

    private mutating func begin(_ line: NACHALine) throws(FileDefect) {
        guard line.kind == UInt8(ascii: "1"), line[2...3].elementsEqual("01".utf8),
            line[35...40].elementsEqual("094101".utf8), line.length <= NACHALine.width
        else {
            throw line.defect(
                .headerMismatch,
                "the file does not begin with the file header of a NACHA file",
                "write a file header of 94 characters: 101, and 094101 in columns 35-40"
            )
        }
        guard line.isPrintable else {
            throw line.defect(
                .charsetMismatch,
                "the file header holds a byte that is no printable ASCII",
                "write headers and control records in ASCII"
            )
        }
        let modifier = line[34]
        guard let date = BusinessDate(nacha: line, columns: 24...29),
            (0x30...0x39).contains(modifier) || (0x41...0x5A).contains(modifier)
        else {
            throw line.defect(
                .controlFieldMalformed,
                "the file header names no day on which the file was made, or no file identification modifier",
                "write YYMMDD in columns 24-29, and a capital letter or a digit in column 34"
            )
        }
        fileCreated = date
        header = line
        place = .betweenBatches
    }

    private mutating func beginBatch(_ line: NACHALine) throws(FileDefect) {
        try checkLength(line)
        batch = try NACHABatch(header: line, after: batch?.number, fileCreated: fileCreated, layout: layout)
        batches += 1
        place = .inBatch
    }

    private mutating func acceptInBatch(_ line: NACHALine) throws(FileDefect) -> Part {
        switch line.kind {
        case UInt8(ascii: "6"):
            batch?.addEntry(line)
            return .entry
        case UInt8(ascii: "7") where batch?.totals.entries ?? 0 > 0:
            batch?.addAddenda()
            return .addenda
        case UInt8(ascii: "8"):
            try checkLength(line)
            guard let batch else { preconditionFailure("a batch is in work between its header and its control") }
            try batch.close(line, direction: layout?.direction)
            totals.add(batch.totals)
            place = .betweenBatches
            return .frame
        default: throw misplaced(line, "where an entry or the batch control must stand")
        }
    }

    private mutating func end(_ line: NACHALine) throws(FileDefect) {
        try checkLength(line)
        guard line.isPrintable, let count = line.digits(2...7), line.digits(8...13) != nil,
            line.digits(14...21) != nil, let hash = line.digits(22...31), let debits = line.digits(32...43),
            let credits = line.digits(44...55)
        else {
            throw line.defect(
                .trailerMalformed,
                "a count, hash or total of the file control is unreadable",
                "fill columns 2-55 with digits"
            )
        }
        guard count == batches else {
            throw line.defect(
                .batchCountMismatch,
                "the file control counts \(count) batches, and \(batches) were read",
                Self.wholeFile
            )
        }
        guard totals.admits(hash: hash) else {
            throw line.defect(
                .entryHashMismatch,
                "the entry hash of the file control is \(hash), and that of the entries \(totals.entryHash)",
                Self.wholeFile
            )
        }
        if let direction = layout?.direction, direction == .payout ? debits > 0 : credits > 0 {
            throw line.defect(
                .directionMismatch,
                "the file control says that money moves both ways, or the other way than \(direction.rawValue)",
                "send credits as payout and debits as withhold, in files of their own"
            )
        }
        control = line
        place = .afterControl
    }

    /// What the file control says of the records and of the amounts in this direction; nil before it was read.
    ///
    /// It counts addenda too: those that were read are taken off.
    func declared(in direction: Direction) -> DeclaredTotals? {
        guard let control, let count = control.digits(14...21),
            let sum = control.digits(direction == .payout ? 44...55 : 32...43)
        else { return nil }
        return DeclaredTotals(
            origin: .trailer(line: control.number, byteOffset: control.byteRange.lowerBound),
            count: count - totals.addenda,
            sums: [NACHALayout.currency: Int128(sum)]
        )
    }

    /// Compares the file control with all that was read, for who has no verdict to do so.
    func checkTotals() throws(FileDefect) {
        guard let control, control.digits(14...21) == totals.entriesAndAddenda,
            let debits = control.digits(32...43), let credits = control.digits(44...55),
            totals.admits(credits: credits, debits: debits)
        else {
            throw (control ?? header).defect(
                .trailerMismatch,
                "the file control does not say what the entries add up to",
                Self.wholeFile
            )
        }
    }

    /// Checks that the file is whole, at its end after `linesEnded` physical lines and `byteOffset` bytes.
    func finish(linesEnded: Int64, byteOffset: Int64) throws(FileDefect) {
        guard place != .beginning else {
            throw FileDefect(
                code: byteOffset == 0 ? .emptyFile : .noRecords,
                line: 0,
                byteOffset: 0,
                what: byteOffset == 0 ? "the file has no byte" : "the file has empty lines only",
                mend: "send the file again with its records"
            )
        }
        guard let control else {
            throw FileDefect(
                code: .trailerMissing,
                line: linesEnded,
                byteOffset: byteOffset,
                what: "the file ends without its "
                    + (place == .inBatch ? "batch control and file control" : "file control"),
                mend: Self.wholeFile
            )
        }
        // Blocks are ten lines, the last one filled with nines; some senders leave these out.
        let blocks = (lines + 9) / 10
        guard control.digits(8...13) == blocks else {
            throw control.defect(
                .blockCountMismatch,
                "the file control counts \(control.digits(8...13) ?? 0) blocks of ten lines, and \(blocks) were read",
                Self.wholeFile
            )
        }
    }

    private func checkLength(_ line: NACHALine) throws(FileDefect) {
        guard line.length > NACHALine.width else { return }
        throw line.defect(
            .controlFieldMalformed,
            "a header or control record has \(line.length) characters",
            "write 94 characters a line"
        )
    }

    private func misplaced(_ line: NACHALine, _ expectation: String) -> FileDefect {
        line.defect(
            .recordOrder,
            "a line of another kind stands \(expectation)",
            "write file header (1), then for each batch its header (5), entries (6) with their addenda (7) and its "
                + "control (8), then the file control (9)"
        )
    }
}

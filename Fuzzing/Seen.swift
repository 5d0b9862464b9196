import BatchFiles
import PaymentCore

/// One record as its reader handed it out.
struct SeenRecord: Equatable {
    let ordinal: Int32
    let physicalLine: Int64
    let byteRange: Range<Int64>
    let raw: [UInt8]
    let fields: [[UInt8]]
    let fieldCount: Int
    let fault: FormFault?
    let findings: [RecordFinding]
    let charsetName: String
    let next: ReadPosition

    init(_ record: borrowing RawRecord) {
        ordinal = record.ordinal.value
        physicalLine = record.physicalLine
        byteRange = record.byteRange
        raw = record.copyBytes()
        var fields: [[UInt8]] = []
        while let field = record.copyField(at: fields.count) { fields.append(field) }
        self.fields = fields
        fieldCount = record.fieldCount
        fault = record.fault
        findings = record.findings
        charsetName = record.charsetName
        next = record.next
    }
}

/// What a reader made of a file, or of the end of one.
struct SeenFile: Equatable {
    var records: [SeenRecord] = []
    var defect: FileDefect?
    var declared: [DeclaredTotals] = []

    /// Reads with a format's own reader, to which no look at the beginning stands in the way.
    init(_ bytes: [UInt8], _ parts: [Range<Int>], _ format: FileFormat) {
        switch format {
        case .delimited(let layout):
            var reader = DelimitedReader(layout: layout)
            read(bytes, parts, &reader)
        case .fixedWidth(let layout):
            var reader = FixedWidthReader(layout: layout)
            read(bytes, parts, &reader)
        case .iso20022(let layout):
            var reader = ISO20022Reader(layout: layout)
            read(bytes, parts, &reader)
        case .nacha(let layout):
            var reader = NACHAReader(layout: layout)
            read(bytes, parts, &reader)
        }
    }

    /// Reads as intake does, from a position on.
    init(_ bytes: [UInt8], _ shape: FuzzedReader.Shape, startingAt position: ReadPosition) {
        var reader = BatchFileReader(format: shape.format, wrapping: shape.wrapping, startingAt: position)
        read(bytes, [Int(reader.byteOffset)..<bytes.count], &reader)
    }

    private mutating func read<Reader: RecordReader & ~Copyable>(
        _ bytes: [UInt8],
        _ parts: [Range<Int>],
        _ reader: inout Reader
    ) {
        do {
            for (index, part) in parts.enumerated() {
                try reader.read(bytes[part], isLast: index == parts.count - 1) { records.append(SeenRecord($0)) }
            }
        } catch let found as FileDefect {
            defect = found
        } catch {
            fatalError("a reader threw something else than a FileDefect: \(error)")
        }
        declared = reader.declared
    }
}

/// What pass 1 made of a file.
struct SeenVerification: Equatable {
    var checked: [CheckedRecord] = []
    var refusal: FileDefect?
    var declared: [DeclaredTotals] = []
    var totals = FileTotals()
    var verdict: FileVerdict?

    init(_ bytes: [UInt8], _ parts: [Range<Int>], _ shape: FuzzedReader.Shape) {
        var verification = FileVerification(
            format: DeclaredFormat(shape.format, wrapping: shape.wrapping),
            rules: shape.rules,
            tolerance: FileTolerance(),
            context: shape.context
        )
        do {
            for (index, part) in parts.enumerated() {
                try verification.read(bytes[part], isLast: index == parts.count - 1) { checked.append($0) }
            }
        } catch {
            fatalError("pass 1 threw: \(error)")
        }
        refusal = verification.refusal
        declared = verification.declared
        totals = verification.totals
        verdict = verification.verdict(submitted: nil)
    }
}

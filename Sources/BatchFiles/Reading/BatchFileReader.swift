import PaymentCore

/// Reads a batch file of any format, packed or not.
package struct BatchFileReader: RecordReader, ~Copyable, Sendable {
    private var delimited: DelimitedReader?
    private var fixedWidth: FixedWidthReader?
    private var iso20022: ISO20022Reader?
    private var nacha: NACHAReader?
    /// Nil where reading goes on in the middle of a file that is not packed.
    private var unwrapper: Unwrapper?
    /// How much of the content that comes belongs to records before the place to start at.
    private var skippedBytes: Int64 = 0
    /// The last record that is passed over, where the content is read again from its beginning.
    private var lastPassedOver: Int32 = 0

    /// Where in the file the bytes begin that are to be given first.
    package let byteOffset: Int64

    package private(set) var declared: [DeclaredTotals] = []

    /// A reader of a whole file, or of the records that follow `position` in it.
    ///
    /// A packed file is always given from its first byte on: what is packed can only be read from there.
    package init(format: FileFormat, wrapping: Wrapping = .none, startingAt position: ReadPosition = .start) {
        var seeks = true
        switch format {
        case .delimited(let layout): delimited = DelimitedReader(layout: layout, startingAt: position)
        case .fixedWidth(let layout): fixedWidth = FixedWidthReader(layout: layout, startingAt: position)
        case .iso20022(let layout):
            // What a transaction means stands around it, and XML is only read from its beginning.
            iso20022 = ISO20022Reader(layout: layout)
            seeks = false
        case .nacha(let layout):
            // What an entry means stands in its headers, and what it adds up to in its controls.
            nacha = NACHAReader(layout: layout)
            seeks = false
        }
        byteOffset = seeks && wrapping.kind == .none ? position.byteOffset : 0
        if seeks { skippedBytes = position.byteOffset - byteOffset } else { lastPassedOver = position.recordOrdinal }
        if byteOffset == 0 { unwrapper = Unwrapper(wrapping, format: format) }
    }

    package mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        guard var unwrapper = unwrapper.take() else { return try readContent(bytes, isLast: isLast, body) }
        try unwrapper.unwrap(bytes, isLast: isLast) { content, isLast in
            try readContent(content, isLast: isLast, body)
        }
        self.unwrapper = consume unwrapper
    }

    private mutating func readContent(
        _ content: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        let skipped = Int(min(skippedBytes, Int64(content.count)))
        skippedBytes -= Int64(skipped)
        let bytes = content.dropFirst(skipped)
        guard isLast || !bytes.isEmpty else { return }
        // Exactly one of them is there.
        try delimited?.read(bytes, isLast: isLast, body)
        try fixedWidth?.read(bytes, isLast: isLast, body)
        let lastPassedOver = self.lastPassedOver
        try iso20022?.read(bytes, isLast: isLast) { record in
            if record.ordinal.value > lastPassedOver { try body(record) }
        }
        try nacha?.read(bytes, isLast: isLast) { record in
            if record.ordinal.value > lastPassedOver { try body(record) }
        }
        if isLast {
            declared = (delimited?.declared ?? []) + (fixedWidth?.declared ?? [])
            declared += (iso20022?.declared ?? []) + (nacha?.declared ?? [])
        }
    }
}

import Compression

/// Takes a batch file out of its wrapping as it comes, in parts cut anywhere.
///
/// What a file declares, its wrapping and its format, is held against what it begins like, so that a wrong declaration
/// is told as such. A wrapping in a wrapping is refused: nobody sends one on purpose, and each would multiply what may
/// come out.
struct Unwrapper: ~Copyable, Sendable {
    private let kind: Wrapping.Kind
    private let format: FileFormat
    private var unpacker: (any Unpacking & ~Copyable & Sendable)?
    private var file = Beginning()
    private var content = Beginning()

    init(_ wrapping: Wrapping, format: FileFormat) {
        kind = wrapping.kind
        self.format = format
        switch wrapping.kind {
        case .none: break
        case .gzip: unpacker = GzipUnpacker(limits: wrapping.limits)
        case .zip: unpacker = ZipUnpacker(limits: wrapping.limits)
        case .deflateBase64: unpacker = DeflateBase64Unpacker(limits: wrapping.limits)
        }
    }

    /// Takes the next bytes of the file and calls `body` with the content that they complete.
    ///
    /// The last call, and only it, says `isLast`, and so does the last call of `body`; both may be empty. Throws
    /// `FileDefect`, and what `body` throws; after a throw the value is spent.
    mutating func unwrap(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (ArraySlice<UInt8>, _ isLast: Bool) throws -> Void
    ) throws {
        let isBeginning = file.isAwaited
        guard let known = file.take(bytes, isLast: isLast) else { return }
        if isBeginning { try checkDeclaration(Self.head(of: known)) }
        if kind == .none || isBeginning && known.isEmpty {
            if isBeginning { try format.checkBeginning(Self.head(of: known)) }
            return try body(known, isLast)
        }
        let (kind, format) = (kind, format)
        var content = content
        func pass(_ slice: ArraySlice<UInt8>, isLast: Bool) throws {
            let isBeginning = content.isAwaited
            guard let known = content.take(slice, isLast: isLast) else { return }
            if isBeginning {
                try Self.checkNesting(Self.head(of: known))
                try format.checkBeginning(Self.head(of: known))
            }
            if isLast || !known.isEmpty { try body(known, isLast) }
        }
        do {
            try unpacker?.unpack(known, isLast: isLast) { try pass($0, isLast: false) }
        } catch let error as UnpackError {
            throw Self.defect(error, kind)
        }
        if isLast { try pass([], isLast: true) }
        self.content = content
    }

    /// What is looked at, however much is known: the same, whatever the parts.
    private static func head(of known: ArraySlice<UInt8>) -> ArraySlice<UInt8> { known.prefix(FileSniffer.headBytes) }

    private static func checkNesting(_ content: ArraySlice<UInt8>) throws(FileDefect) {
        let inner = FileSniffer.wrapping(ofFileBeginning: content)
        guard inner != .none else { return }
        throw FileDefect(
            code: .wrappingNested,
            line: 0,
            byteOffset: 0,
            what: "the content of the packed file is packed again: \(inner.words)",
            mend: "pack the file once"
        )
    }

    /// Refuses a file that begins like one of another wrapping, or, declared as wrapped, not like one of its own.
    private func checkDeclaration(_ beginning: ArraySlice<UInt8>) throws(FileDefect) {
        guard !beginning.isEmpty else { return }
        let found = FileSniffer.wrapping(ofFileBeginning: beginning)
        guard found != kind, found != .none || !Self.canBegin(kind, beginning) else { return }
        let looksLike = found == .none ? FileSniffer.content(ofBeginning: beginning).words : found.words
        throw FileDefect(
            code: .wrappingMismatch,
            line: 0,
            byteOffset: 0,
            what: kind == .none
                ? "the file is declared as not packed and begins like \(looksLike)"
                : "the file is declared as \(kind.words) and begins like \(looksLike)",
            mend: "declare a layout with `wrapping: \(found.rawValue)`, or send the file as its layout says"
        )
    }

    /// Whether a file that was not recognised may still be of a wrapping, to be judged by who unpacks it.
    private static func canBegin(_ kind: Wrapping.Kind, _ beginning: ArraySlice<UInt8>) -> Bool {
        switch kind {
        case .none: true
        case .gzip: beginning.first == FileSniffer.gzipMark.first
        case .zip: beginning.starts(with: FileSniffer.zipMark.prefix(2))
        case .deflateBase64: FileSniffer.isBase64Text(beginning)
        }
    }

    private static func defect(_ error: UnpackError, _ kind: Wrapping.Kind) -> FileDefect {
        let limit = "send less in one file, or have the limits of its layout raised"
        let plain = "pack the file alone, by its plain name"
        let (code, what, mend): (FileDefect.Code, String, String) =
            switch error.code {
            case .malformed: (.wrappingBroken, "is damaged, or a checksum or length does not fit", "send it again")
            case .truncated: (.wrappingBroken, "ends too early", "send the whole file: it was cut")
            case .trailingBytes: (.wrappingBroken, "is followed by other bytes", "send the packed file alone")
            case .notBase64:
                (.wrappingBroken, "is no Base64 in even lines with its padding", "encode the packed bytes again")
            case .methodUnsupported:
                (.wrappingBroken, "is packed with an unusual method", "pack it with DEFLATE, as zip does by itself")
            case .tooLarge: (.wrappingTooLarge, "unpacks to more bytes than the layout allows", limit)
            case .ratioTooHigh: (.wrappingTooLarge, "unpacks to suspiciously many bytes", limit)
            case .noEntry: (.wrappingEntries, "holds no file", plain)
            case .severalEntries: (.wrappingEntries, "holds more than one entry", plain)
            case .entryNoFile: (.wrappingEntries, "holds a folder or a link", plain)
            case .entryNameUnsafe: (.wrappingEntries, "holds a file whose name leads elsewhere", plain)
            case .entryEncrypted: (.wrappingEncrypted, "is encrypted", "pack the file without a password")
            }
        return FileDefect(
            code: code,
            line: 0,
            byteOffset: error.byteOffset,
            what: "the packed file (\(kind.rawValue)) \(what), found by its byte \(error.byteOffset)",
            mend: mend
        )
    }
}

/// Cuts the bytes of a NACHA file, as they come, into its lines.
///
/// Lines end with LF or CR LF, or stand back to back without line ends: the first line shows which. Empty lines are
/// passed over, and counted as physical lines. Memory is bounded by one part and one line.
struct NACHALineScanner: Sendable {
    /// The most bytes of a line: room for names in several bytes a character, which cost their record and no more.
    private static let lineBytesMax = 1_024

    private enum Framing { case unknown, lines, packed }

    private var storage: [UInt8] = []
    /// The offset in the file of the first byte in `storage`.
    private var storageOffset: Int64 = 0
    /// Where the current line stands in `storage`, its line end included.
    private var current = 0..<0
    private var framing = Framing.unknown
    private var isFinished = false
    private(set) var linesEnded: Int64 = 0
    /// The bytes of the empty lines before the current one, as many as a line may have, and how many they are.
    private var passedOver: [UInt8] = []
    private var passedOverCount: Int64 = 0
    private var isLineTaken = false
    /// The line that `next` found.
    private(set) var line = NACHALine()

    /// Takes the next bytes of the file; the last call, and only it, says `isLast`.
    mutating func append(_ bytes: ArraySlice<UInt8>, isLast: Bool) {
        precondition(!isFinished, "a reader is fed after its last part")
        isFinished = isLast
        let consumed = current.upperBound
        storage.removeSubrange(0..<consumed)
        storageOffset += Int64(consumed)
        current = 0..<0
        storage.append(contentsOf: bytes)
    }

    /// Whether the whole file is known to have no byte.
    var isEmpty: Bool { isFinished && storageOffset == 0 && storage.isEmpty }

    /// The offset in the file after the current line.
    var byteOffset: Int64 { storageOffset + Int64(current.upperBound) }

    /// Goes on to the next line that is not empty; false while it is not whole, and at the end of the file.
    mutating func next() throws(FileDefect) -> Bool {
        if isLineTaken {
            passedOver.removeAll(keepingCapacity: true)
            passedOverCount = 0
            isLineTaken = false
        }
        if framing == .unknown, try !findFraming() { return false }
        while let content = try nextContent() {
            linesEnded += 1
            if storage[content].allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x0A }) {
                passOver()
                continue
            }
            let place = storageOffset + Int64(current.lowerBound)..<byteOffset
            // Under a name of its own, as the line is changed meanwhile; not a copy.
            let storage = self.storage
            line.fill(storage.span.extracting(content), number: linesEnded, byteRange: place)
            isLineTaken = true
            return true
        }
        return false
    }

    private mutating func passOver() {
        passedOverCount += Int64(current.count)
        if passedOver.count + current.count <= Self.lineBytesMax { passedOver += storage[current] }
    }

    /// Appends the bytes of the current line, its line end included.
    func appendRaw(to bytes: inout [UInt8]) { bytes.append(contentsOf: storage[current]) }

    /// Appends the bytes of the empty lines before the current one; false where there are too many to keep them.
    func appendPassedOver(to bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: passedOver)
        return passedOverCount == passedOver.count
    }

    private mutating func findFraming() throws(FileDefect) -> Bool {
        guard storage.count > NACHALine.width || isFinished else { return false }
        if let mark = ByteOrderMark.beginning(storage) {
            throw FileDefect(
                code: .charsetMismatch,
                line: 1,
                byteOffset: 0,
                what: "the file begins with the byte order mark of \(mark.name)",
                mend: "write it in ASCII, without a mark"
            )
        }
        let beginning = storage.prefix(NACHALine.width + 1)
        let endsLine = beginning.last == 0x0D || beginning.contains(0x0A)
        framing = endsLine || storage.count <= NACHALine.width ? .lines : .packed
        return true
    }

    /// The content of the next line, without its line end; nil while it is not whole.
    private mutating func nextContent() throws(FileDefect) -> Range<Int>? {
        let start = current.upperBound
        guard framing == .lines else {
            let end = min(start + NACHALine.width, storage.count)
            guard end - start == NACHALine.width || (isFinished && end > start) else { return nil }
            current = start..<end
            // Some senders end the whole file with a line end, if none of its lines.
            var contentEnd = end
            while contentEnd > start, storage[contentEnd - 1] == 0x0A || storage[contentEnd - 1] == 0x0D {
                contentEnd -= 1
            }
            return start..<contentEnd
        }
        let searchEnd = min(start + Self.lineBytesMax, storage.count)
        let end = lineFeed(in: start..<searchEnd)
        guard end < searchEnd else {
            guard end - start < Self.lineBytesMax else {
                throw FileDefect(
                    code: .recordTooLong,
                    line: linesEnded + 1,
                    byteOffset: storageOffset + Int64(start),
                    what: "the line that begins here has more than \(Self.lineBytesMax) bytes",
                    mend: "end each line of 94 characters with a line feed, or none of them"
                )
            }
            guard isFinished, end > start else { return nil }
            current = start..<end
            return start..<contentEnd(end)
        }
        current = start..<end + 1
        return start..<contentEnd(end)
    }

    /// Where the first line feed stands; the end of the range where there is none.
    private func lineFeed(in range: Range<Int>) -> Int {
        let span = storage.span
        var index = range.lowerBound
        while index < range.upperBound, span[index] != 0x0A { index &+= 1 }
        return index
    }

    /// Without the carriage return before a line end.
    private func contentEnd(_ end: Int) -> Int {
        end > current.lowerBound && storage[end - 1] == 0x0D ? end - 1 : end
    }
}

import BatchFiles
import Store

/// The bytes of a request, from its first on, in pieces small enough that few of its records wait in memory.
struct RequestPieces {
    private static let pieceBytes = 16_384

    private let material: any ResultMaterial
    private var rest: ArraySlice<UInt8> = []
    private var isEnded = false

    init(of material: any ResultMaterial) { self.material = material }

    /// The next piece, and whether it is the last; throws when there was a last one.
    mutating func next() throws -> (bytes: ArraySlice<UInt8>, isLast: Bool) {
        if isEnded { throw ResultFileDefect(line: 0, what: "there are more lines than records of the request") }
        if rest.isEmpty { rest = try material.nextPart()?[...] ?? [] }
        let piece = rest.prefix(Self.pieceBytes)
        rest = rest.dropFirst(piece.count)
        isEnded = piece.isEmpty
        return (piece, isEnded)
    }
}

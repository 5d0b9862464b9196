/// Unpacks Base64 of DEFLATE data, with zlib's header and checksum (RFC 1950) or without (RFC 1951).
///
/// UnionPay's gateways carry files so. What the data begin with tells the two apart: no packer begins bare DEFLATE data
/// with what is a header of zlib.
package struct DeflateBase64Unpacker: ~Copyable, Unpacking, Sendable {
    /// Decoded at a time, so that memory does not grow with the parts.
    private static let pieceBytes = 64 * 1_024
    private static let headerBytes = 2

    private var text = Base64Lines()
    private var inflate: MeteredInflate?
    private var meter: UnpackMeter
    /// Decoded bytes that are too few to tell what they are.
    private var header: [UInt8] = []
    private var hasEnded = false

    package init(limits: UnpackLimits = UnpackLimits()) { meter = UnpackMeter(limits: limits) }

    package mutating func unpack(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceBytes)
            rest = rest.dropFirst(piece.count)
            var decoded = header
            header = []
            let good = text.decode(piece, into: &decoded)
            meter.taken += Int64(good)
            try take(decoded, body)
            guard good == piece.count else { throw meter.error(.notBase64) }
        }
        guard isLast else { return }
        guard hasEnded, text.isComplete else { throw meter.error(.truncated) }
    }

    private mutating func take(_ decoded: [UInt8], _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        guard !decoded.isEmpty else { return }
        guard !hasEnded else { throw meter.error(.trailingBytes) }
        if inflate == nil {
            guard decoded.count >= Self.headerBytes else {
                header = decoded
                return
            }
            inflate = MeteredInflate(form: Self.isZlibHeader(decoded[0], decoded[1]) ? .zlib : .raw)
        }
        let left = try inflate?.feed(decoded[...], meter: &meter, countsTaken: false, body)
        guard let left else { return }
        hasEnded = true
        guard left.isEmpty else { throw meter.error(.trailingBytes) }
    }

    /// Whether text is Base64 of something that begins with a header of zlib.
    ///
    /// Bare data begin with nothing that could be told.
    package static func isOfZlibForm(beginning text: ArraySlice<UInt8>) -> Bool {
        var lines = Base64Lines()
        var decoded: [UInt8] = []
        let beginning = text.prefix(4)
        guard lines.decode(beginning, into: &decoded) == beginning.count, decoded.count >= headerBytes else {
            return false
        }
        return isZlibHeader(decoded[0], decoded[1])
    }

    /// Whether two bytes are a header of zlib: DEFLATE, a window of at most 32 KiB, the check, no preset dictionary.
    private static func isZlibHeader(_ method: UInt8, _ flags: UInt8) -> Bool {
        method & 0x0F == 8 && method >> 4 <= 7 && flags & 0x20 == 0
            && (UInt16(method) << 8 | UInt16(flags)).isMultiple(of: 31)
    }
}

/// Unpacks gzip (RFC 1952): one member or several, one after another, and nothing behind them.
///
/// zlib checks each member's header, CRC-32 and length.
package struct GzipUnpacker: ~Copyable, Unpacking, Sendable {
    private static let firstByte: UInt8 = 0x1F

    private let member = MeteredInflate(form: .gzip)
    private var meter: UnpackMeter
    private var isInMember = true

    package init(limits: UnpackLimits = UnpackLimits()) { meter = UnpackMeter(limits: limits) }

    package mutating func unpack(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        var rest = bytes
        while let next = rest.first {
            if !isInMember {
                guard next == Self.firstByte else { throw meter.error(.trailingBytes) }
                member.reset()
                isInMember = true
            }
            guard let left = try member.feed(rest, meter: &meter, countsTaken: true, body) else { break }
            isInMember = false
            rest = left
        }
        if isLast, isInMember { throw meter.error(.truncated) }
    }
}

/// One DEFLATE stream fed in parts, whose contents are handed out in small slices under limits.
struct MeteredInflate: ~Copyable, Sendable {
    /// Contents are handed out in slices of at most this size, below what the allocator maps anew each time.
    private static let sliceBytes = 64 * 1_024

    private let stream: InflateStream

    init(form: InflateStream.Form) { stream = InflateStream(form: form) }

    /// Makes ready for another stream of the same form.
    func reset() { stream.reset() }

    /// Unpacks `bytes`; answers those that follow the end of the stream, or nil while it goes on.
    ///
    /// `countsTaken` says whether these are the packed bytes that `meter` counts; where they are themselves decoded
    /// from something, who decoded them counts.
    func feed(
        _ bytes: ArraySlice<UInt8>,
        meter: inout UnpackMeter,
        countsTaken: Bool,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws -> ArraySlice<UInt8>? {
        var rest = bytes
        while true {
            let step = stream.step(rest.span, roomByteCount: Self.sliceBytes)
            rest = rest.dropFirst(step.consumed)
            if countsTaken { meter.taken += Int64(step.consumed) }
            if !step.produced.isEmpty {
                try meter.count(made: step.produced.count)
                try body(step.produced[...])
            }
            switch step.status {
            case .failed: throw meter.error(.malformed)
            case .ended: return rest
            case .going:
                // A full slice may leave more behind in zlib than the bytes tell.
                if rest.isEmpty, step.produced.count < Self.sliceBytes { return nil }
            }
        }
    }
}

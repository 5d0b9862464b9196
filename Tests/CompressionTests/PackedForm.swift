import Compression
import CompressionTesting

/// The forms of packed bytes, each with its unpacker.
enum PackedForm: CaseIterable, Sendable {
    case gzip
    case zip
    case deflateBase64

    /// What comes out of `bytes` that go in by parts of at most `partBytes`.
    func unpack(
        _ bytes: [UInt8],
        partBytes: Int = .max,
        limits: UnpackLimits = UnpackLimits()
    ) -> Result<[UInt8], UnpackError> {
        var contents: [UInt8] = []
        do {
            try feed(bytes, partBytes: partBytes, limits: limits) { contents += $0 }
            return .success(contents)
        } catch let error as UnpackError {
            return .failure(error)
        } catch {
            preconditionFailure("only an unpacker's own error is thrown here")
        }
    }

    /// The failure of `bytes`; nil when they unpack.
    func code(_ bytes: [UInt8], partBytes: Int = .max, limits: UnpackLimits = UnpackLimits()) -> UnpackError.Code? {
        switch unpack(bytes, partBytes: partBytes, limits: limits) {
        case .success: nil
        case .failure(let error): error.code
        }
    }

    func feed(
        _ bytes: [UInt8],
        partBytes: Int,
        limits: UnpackLimits = UnpackLimits(),
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        switch self {
        case .gzip: try Self.feed(bytes, partBytes, GzipUnpacker(limits: limits), body)
        case .zip: try Self.feed(bytes, partBytes, ZipUnpacker(limits: limits), body)
        case .deflateBase64: try Self.feed(bytes, partBytes, DeflateBase64Unpacker(limits: limits), body)
        }
    }

    private static func feed<Unpacker: Unpacking & ~Copyable>(
        _ bytes: [UInt8],
        _ partBytes: Int,
        _ unpacker: consuming Unpacker,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        var rest = bytes[...]
        repeat {
            let part = rest.prefix(partBytes)
            rest = rest.dropFirst(part.count)
            try unpacker.unpack(part, isLast: rest.isEmpty, body)
        } while !rest.isEmpty
    }

    func pack(_ contents: [UInt8], level: Int = 6) -> [UInt8] {
        switch self {
        case .gzip: Packing.gzip(contents, level: level)
        case .zip: Packing.zip { $0.contents = contents }
        case .deflateBase64: Packing.base64(Deflate.compress(contents, level: level))
        }
    }
}

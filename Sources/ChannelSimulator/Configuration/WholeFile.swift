import Glibc

/// Reading of a file at once.
enum WholeFile {
    /// The bytes of the file at `path`, at most `bytesMax`.
    static func bytes(_ path: String, bytesMax: Int, as code: SimulatorError.Code) throws(SimulatorError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw SimulatorError(code, "cannot open \(path): \(String(cString: strerror(errno))); check the path")
        }
        defer { close(descriptor) }
        return try bytes(of: descriptor, path: path, bytesMax: bytesMax, as: code)
    }

    /// The bytes of an open file, from its start; leaves its offset alone.
    static func bytes(
        of descriptor: Int32,
        path: String,
        bytesMax: Int,
        as code: SimulatorError.Code
    ) throws(SimulatorError) -> [UInt8] {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw SimulatorError(code, "\(path) is not a file; name a file")
        }
        let size = Int(status.st_size)
        guard size <= bytesMax else {
            throw SimulatorError(code, "\(path) has \(size) bytes, more than \(bytesMax); use a smaller file")
        }
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = pread(descriptor, buffer.baseAddress.map { $0 + count }, size - count, off_t(count))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                count += got
            }
        }
        guard failure == 0 else {
            throw SimulatorError(code, "cannot read \(path): \(String(cString: strerror(failure))); check the disk")
        }
        return bytes
    }

    /// The text of a configuration file.
    static func text(_ path: String, bytesMax: Int = 1 << 20) throws(SimulatorError) -> String {
        let bytes = try bytes(path, bytesMax: bytesMax, as: .configuration)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SimulatorError(.configuration, "\(path) is not UTF-8; save it as UTF-8")
        }
        return text
    }
}

import Foundation
import Glibc

/// The only writer to standard output and standard error.
package enum Terminal {
    /// Where words go.
    package enum Stream: Int32, Sendable {
        case output = 1
        case error = 2
    }

    /// Nobody reads any more: the command ends quietly.
    package struct Closed: Error, CustomStringConvertible, Sendable {
        package let description = "the reader of the output is gone"
    }

    /// Writes a text and a line end.
    package static func line(_ text: String, to stream: Stream = .output) throws {
        try write(Array((text + "\n").utf8), to: stream)
    }

    /// Writes bytes as they are, all of them.
    package static func write(_ bytes: [UInt8], to stream: Stream = .output) throws {
        try write(bytes, descriptor: stream.rawValue)
    }

    /// Writes bytes to an open file.
    static func write(_ bytes: [UInt8], descriptor: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count < 0, errno == EPIPE { throw Closed() }
            guard count >= 0 else {
                throw CommandFailure("cannot write: \(String(cString: strerror(errno)))", mend: "check disk and path")
            }
            rest.removeFirst(count)
        }
    }

    /// Whether a person looks on, so that progress may be shown in place.
    package static func isInteractive(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

    /// The columns of the terminal; nil where standard output is none, and nothing is to be cut.
    package static var columns: Int? {
        guard isInteractive(.output) else { return nil }
        var size = winsize()
        guard ioctl(Stream.output.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

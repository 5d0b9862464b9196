import Glibc

/// The text of one YAML file, proven to be bounded, UTF-8 and free of characters that a reviewer cannot see.
///
/// Channel specifications are activated by people who read them (R16), so what they see must be what is read:
/// tabs, control characters, separators and direction overrides are refused, not ignored.
struct SourceText {
    let file: String
    let text: String

    /// No configuration file comes near it; a larger one is a mistaken path.
    static let bytesMax = 1 << 20

    /// With so few aliases even the worst nesting expands to some 10^5 nodes.
    ///
    /// The parser expands aliases before they can be refused, and hashes those that stand as keys.
    static let aliasWordsMax = 32

    init(reading path: String) throws(YAMLError) {
        try self.init(bytes: try Self.read(path), file: path)
    }

    init(bytes: [UInt8], file: String) throws(YAMLError) {
        guard bytes.count <= Self.bytesMax else { throw Self.tooLarge(file) }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw Self.notUTF8(content, file: file)
        }
        self.file = file
        self.text = text
        try refuseInvisible()
        try refuseAliasFlood()
    }

    private func refuseInvisible() throws(YAMLError) {
        var line = 1
        var column = 1
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        while let scalar = next {
            next = scalars.next()
            switch scalar.value {
            case 0x0A:
                line += 1
                column = 1
                continue
            case 0x0D where next == "\n":
                continue
            case 0x09:
                throw YAMLError(
                    file: file,
                    place: Place(line: line, column: column),
                    what: "a tab character",
                    mend: "use spaces, or `\\t` between double quotes"
                )
            case 0x00...0x1F, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF:
                let code = String(scalar.value, radix: 16, uppercase: true)
                throw YAMLError(
                    file: file,
                    place: Place(line: line, column: column),
                    what: "the invisible character U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code)",
                    mend: "remove it, or write it as an escape between double quotes"
                )
            default:
                column += 1
            }
        }
    }

    private func refuseAliasFlood() throws(YAMLError) {
        var words = 0
        var previous: UInt8 = 0x0A
        var line = 1
        for byte in text.utf8 {
            if byte == UInt8(ascii: "*"), Self.mayPrecedeNode(previous) {
                words += 1
                if words > Self.aliasWordsMax {
                    throw YAMLError(
                        file: file,
                        place: Place(line: line, column: 1),
                        what: "more than \(Self.aliasWordsMax) words begin with `*` in this file",
                        mend: "write the values out; anchors and aliases are not allowed"
                    )
                }
            }
            if byte == 0x0A { line += 1 }
            previous = byte
        }
    }

    private static func mayPrecedeNode(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x0A, 0x0D, UInt8(ascii: " "), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: ":"):
            true
        default:
            false
        }
    }

    private static func tooLarge(_ file: String) -> YAMLError {
        YAMLError(
            file: file,
            place: .wholeFile,
            what: "larger than \(bytesMax) bytes",
            mend: "check the path; no configuration file may be that large"
        )
    }

    private static func notUTF8(_ bytes: ArraySlice<UInt8>, file: String) -> YAMLError {
        var line = 1
        var column = 1
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            column = scalar == "\n" ? 1 : column + 1
            line += scalar == "\n" ? 1 : 0
        }
        return YAMLError(
            file: file,
            place: Place(line: line, column: column),
            what: "not UTF-8 from here on",
            mend: "save the file as UTF-8"
        )
    }

    private static func read(_ path: String) throws(YAMLError) -> [UInt8] {
        // Non-blocking, so that a named pipe in the place of a file is refused below instead of waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw YAMLError(file: path, place: .wholeFile, what: "not a regular file", mend: "name a YAML file")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= bytesMax {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw unreadable(path, errno)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
        throw tooLarge(path)
    }

    private static func unreadable(_ path: String, _ code: Int32) -> YAMLError {
        let mend =
            switch code {
            case ENOENT, ENOTDIR: "check the path"
            case EACCES, EPERM: "give this user read access to it"
            default: "check the disk and the path"
            }
        return YAMLError(
            file: path,
            place: .wholeFile,
            what: "cannot be read (\(String(cString: strerror(code))))",
            mend: mend
        )
    }
}

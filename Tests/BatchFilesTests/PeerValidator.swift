import Foundation

/// Another validator of XML than ours, as a second opinion on what we write: xmllint, where it is installed.
enum PeerValidator {
    static let path = "/usr/bin/xmllint"

    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    /// What it says against a document under a schema; nil when it takes it.
    static func complaint(about document: [UInt8], named name: String, schema: URL) throws -> String? {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(getpid()).xml")
        try Data(document).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = ["--nonet", "--noout", "--schema", schema.path(), file.path()]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? nil : words
    }
}

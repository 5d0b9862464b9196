import BatchFiles
import Foundation

/// The schemas of ISO 20022 in `Config/schemas/iso20022`, each named after its message.
struct SchemaFolder {
    private static let fileBytesMax = 4 * 1_024 * 1_024

    let path: String

    /// Compiles all of them.
    func load() throws -> ISO20022Schemas {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw ConfigurationError(
                "the folder \(path) with the schemas of ISO 20022 cannot be read",
                mend: "put it back, or remove the layouts that say `format: iso20022`"
            )
        }
        var files: [(name: String, bytes: [UInt8])] = []
        for name in names.sorted() where name.hasSuffix(".xsd") {
            guard let bytes = FileManager.default.contents(atPath: "\(path)/\(name)"), bytes.count <= Self.fileBytesMax
            else {
                throw ConfigurationError("the schema \(path)/\(name) cannot be read", mend: "put the original back")
            }
            files.append((name, Array(bytes)))
        }
        do throws(ISO20022Schemas.Defect) {
            return try ISO20022Schemas(files: files)
        } catch {
            throw ConfigurationError("\(path)/\(error)", mend: "put the original back")
        }
    }
}

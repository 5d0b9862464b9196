import Foundation
import StrictYAML

/// The YAML files of one folder, each named like what it describes.
struct ConfigurationFolder {
    private static let filesMax = 10_000

    let path: String

    /// Paths of all `NAME.yaml`, sorted; a folder that is not there has none.
    func files() throws(ConfigurationError) -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw ConfigurationError("the folder \(path) cannot be read", mend: "give this user read access")
        }
        if let odd = names.first(where: { $0.hasSuffix(".yml") }) {
            throw ConfigurationError("\(path)/\(odd) would not be read", mend: "rename it to end in .yaml")
        }
        let files = names.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted()
        guard files.count <= Self.filesMax else {
            throw ConfigurationError("the folder \(path) has more than \(Self.filesMax) files", mend: "check the path")
        }
        return files.map { "\(path)/\($0)" }
    }

    /// The names of the files, without folder and ending.
    func names() throws(ConfigurationError) -> [String] { try files().map(Self.name) }

    /// What a file is named after.
    static func name(ofFile path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.hasSuffix(".yaml") ? String(file.dropLast(5)) : file
    }

    /// Reads the key that repeats the file's name, so that a copied file cannot stand for another.
    static func name(_ key: String, of root: YAMLMapping) throws(YAMLError) -> String {
        let name = try root.string(key)
        guard name == Self.name(ofFile: root.file) else {
            throw root.error(
                at: key,
                what: "`\(key)` is not the name of the file",
                mend: "rename the file, or correct the key"
            )
        }
        return name
    }
}

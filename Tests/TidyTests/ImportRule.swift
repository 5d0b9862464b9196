/// Holds every import of `Sources/` and `Tests/` against `ImportTable`.
enum ImportRule {
    static func check(_ file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        return imports(of: file).compactMap { line, module in
            complaint(about: module, in: file).map { Violation(file.path, line: line, $0) }
        }
    }

    /// Line and module of each import, whatever its attributes, access and kind.
    static func imports(of file: SourceFile) -> [(line: Int, module: String)] {
        file.code.enumerated().compactMap { index, line in
            let words = line.split { $0 == " " || $0 == ";" }
            guard let position = words.firstIndex(of: "import"),
                words[..<position].allSatisfy({ $0.hasPrefix("@") || accessWords.contains(String($0)) }),
                var name = words[(position + 1)...].first
            else { return nil }
            if kindWords.contains(String(name)), let next = words[(position + 2)...].first { name = next }
            return (index + 1, name.split(separator: ".").first.map(String.init) ?? "")
        }
    }

    private static let accessWords: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kindWords: Set<String> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
    ]

    private static func complaint(about module: String, in file: SourceFile) -> String? {
        guard let target = file.target else {
            return module.hasPrefix("CLib") && file.path.hasPrefix("Tests/")
                ? "tests reach `\(module)` through its binding, never directly" : nil
        }
        guard let own = ImportTable.own[target] else { return "the target `\(target)` is missing in ImportTable.swift" }
        if own.contains(module) { return nil }
        if module.hasPrefix("CLib") { return "`\(module)` is C and belongs to its binding, not to `\(target)`" }
        if ImportTable.pure.contains(target) { return "`\(target)` imports nothing, not even `\(module)`" }
        if ImportTable.platform.contains(module) { return nil }
        if ImportTable.packages[module]?.contains(target) == true { return nil }
        return "`\(target)` may not import `\(module)`"
    }
}

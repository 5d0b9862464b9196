import Foundation

/// What belongs into the repository, and what every part of it must have.
enum LayoutRules {
    static let bytesMax = 1 << 20

    /// Whether a path is something that a build or a run leaves behind.
    static func isBuilt(_ path: String) -> Bool {
        path.split(separator: "/").contains { part in
            part.hasPrefix(".build") || part.hasPrefix(".sluice") || part == ".swiftpm" || part == "DerivedData"
                || part == "node_modules" || part == "Package.resolved" || part.hasSuffix(".profraw")
                || part.hasSuffix(".profdata") || part.hasSuffix(".xctest")
        }
    }

    static func content(_ entries: [Repository.Entry]) -> [Violation] {
        entries.flatMap { entry -> [Violation] in
            var found: [Violation] = []
            if isBuilt(entry.path) {
                found.append(Violation(entry.path, "is left by a build or a run; add it to .gitignore"))
            }
            if entry.bytes > bytesMax {
                found.append(Violation(entry.path, "\(entry.bytes) bytes; at most \(bytesMax)"))
            }
            return found
        }
    }

    /// Targets whose tests stand under another name.
    static let testFolders: [String: String] = [
        // A port has no code to run; its contract is a suite that every store passes.
        "Store": "PostgresStoreTests",
        "sluice": "CommandTests",
    ]

    /// Targets that measure and are not tested themselves.
    static let untested: Set<String> = ["sluice-bench"]

    /// Every Swift target has a folder of tests.
    static func testFolders(_ paths: [String]) -> [Violation] {
        let targets = folders(under: "Sources", in: paths.filter { $0.hasSuffix(".swift") })
        let tests = folders(under: "Tests", in: paths)
        return targets.subtracting(untested).sorted().compactMap { target in
            let wanted = testFolders[target] ?? target + "Tests"
            return tests.contains(wanted) ? nil : Violation("Sources/\(target)", "has no tests in `Tests/\(wanted)`")
        }
    }

    /// Every folder of tests is run by a stage of `Scripts/test`.
    static func stages(_ paths: [String], script: String) -> [Violation] {
        let named = Set(script.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
        let tests = folders(under: "Tests", in: paths.filter { $0.hasSuffix(".swift") }).filter {
            $0.hasSuffix("Tests")
        }
        return tests.subtracting(named).sorted().map { Violation("Tests/\($0)", "is run by no stage of Scripts/test") }
    }

    /// Migrations are numbered without gap, and none waits for a lock for ever.
    static func migrations(_ files: [SourceFile]) -> [Violation] {
        let folder = "Sources/PostgresStore/Migrations/"
        let migrations = files.filter { $0.path.hasPrefix(folder) && $0.isSQL }.sorted { $0.path < $1.path }
        return migrations.enumerated().flatMap { index, file -> [Violation] in
            var found: [Violation] = []
            let name = file.path.dropFirst(folder.count).dropLast(".sql".count)
            let number = String(index + 1)
            let prefix = String(repeating: "0", count: max(0, 4 - number.count)) + number + "_"
            let rest = name.dropFirst(prefix.count)
            let isPlain = rest.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
            }
            if !name.hasPrefix(prefix) || rest.isEmpty || !isPlain {
                found.append(
                    Violation(file.path, "must be named `\(prefix)name.sql`, in small letters and underscores")
                )
            }
            let setsTimeout = file.code.contains { line in
                let words = line.lowercased().split { !$0.isLetter && $0 != "_" }
                guard let position = words.firstIndex(of: "lock_timeout") else { return false }
                return words[..<position].contains("set")
            }
            if !setsTimeout { found.append(Violation(file.path, "must set `lock_timeout`")) }
            return found
        }
    }

    /// Relative links of Markdown files lead somewhere.
    static func links(_ file: SourceFile, exists: (String) -> Bool) -> [Violation] {
        guard file.path.hasSuffix(".md") else { return [] }
        let folder = file.path.split(separator: "/").dropLast().map(String.init)
        return file.lines.enumerated().flatMap { index, line in
            targets(of: line).compactMap { target in
                guard !target.contains("://"), !target.hasPrefix("mailto:"), !target.hasPrefix("#") else { return nil }
                let path = target.prefix { $0 != "#" }
                let isThere = resolve(String(path), from: folder).map(exists) ?? false
                return isThere ? nil : Violation(file.path, line: index + 1, "the link to `\(target)` leads nowhere")
            }
        }
    }

    /// The README names the two commands that do all set-up.
    static func readme(_ text: String) -> [Violation] {
        ["Scripts/demo", "Scripts/test"].filter { !text.contains($0) }.map {
            Violation("README.md", "must name `\($0)`")
        }
    }

    private static func folders(under top: String, in paths: [String]) -> Set<String> {
        Set(
            paths.compactMap { path in
                let parts = path.split(separator: "/")
                return parts.count > 2 && parts[0] == top ? String(parts[1]) : nil
            }
        )
    }

    private static func targets(of line: Substring) -> [String] {
        line.components(separatedBy: "](").dropFirst().compactMap { part in
            guard let end = part.firstIndex(of: ")") else { return nil }
            return part[..<end].split(separator: " ").first.map(String.init)
        }
    }

    private static func resolve(_ path: String, from folder: [String]) -> String? {
        var parts = path.hasPrefix("/") ? [] : folder
        for part in path.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}

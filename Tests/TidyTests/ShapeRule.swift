/// The outer shape of files: lengths, blanks, notes to self, names of types and folders.
enum ShapeRule {
    static let columnsMax = 120
    static let linesMax = 400

    static func check(_ file: SourceFile) -> [Violation] {
        folderNames(file) + lineShapes(file) + openNotes(file) + typeNames(file) + length(file)
    }

    /// Folders are nouns of the domain.
    static func folderNames(_ file: SourceFile) -> [Violation] {
        let folders = file.path.split(separator: "/").dropLast()
        guard folders.first == "Sources" || folders.first == "Tests" else { return [] }
        let vague: Set<Substring> = ["Models", "Utils", "Utilities", "Helpers", "New", "Deprecated", "Common", "Misc"]
        return folders.filter(vague.contains).map {
            Violation(file.path, "a folder named `\($0)` says nothing of its content")
        }
    }

    static func lineShapes(_ file: SourceFile) -> [Violation] {
        file.lines.enumerated().flatMap { index, line -> [Violation] in
            var found: [Violation] = []
            if file.isSwift || file.isSQL, line.utf8.count > columnsMax, line.count > columnsMax {
                found.append(Violation(file.path, line: index + 1, "longer than \(columnsMax) columns"))
            }
            if line.last == " " || line.last == "\t" {
                found.append(Violation(file.path, line: index + 1, "blanks at the end"))
            }
            return found
        }
    }

    static func length(_ file: SourceFile) -> [Violation] {
        guard file.isSwift, file.path.hasPrefix("Sources/") else { return [] }
        let count = file.text.hasSuffix("\n") ? file.lines.count - 1 : file.lines.count
        return count > linesMax ? [Violation(file.path, "\(count) lines; split it past \(linesMax)")] : []
    }

    /// What is not done yet is an issue, not a comment.
    static func openNotes(_ file: SourceFile) -> [Violation] {
        guard file.isSwift || file.isSQL || file.path.hasPrefix("Scripts/") else { return [] }
        let text = file.isSwift || file.isSQL ? file.comments : file.lines.map(String.init)
        let notes: Set<Substring> = ["TODO", "FIXME", "XXX", "HACK"]
        return text.enumerated().flatMap { index, line in
            line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.filter(notes.contains).map {
                Violation(file.path, line: index + 1, "`\($0)`: file an issue instead")
            }
        }
    }

    static func typeNames(_ file: SourceFile) -> [Violation] {
        guard file.isSwift, let target = file.target else { return [] }
        return file.code.enumerated().flatMap { index, line in
            declaredTypes(line).compactMap { name in
                if name == target {
                    return Violation(file.path, line: index + 1, "the type `\(name)` is named like its module")
                }
                guard ["Manager", "Helper", "Helpers", "Util", "Utils"].contains(where: name.hasSuffix) else {
                    return nil
                }
                return Violation(file.path, line: index + 1, "`\(name)`: name the type by what it is")
            }
        }
    }

    private static let typeWords: Set<String> = ["struct", "class", "enum", "actor", "protocol", "typealias"]

    private static func declaredTypes(_ line: String) -> [String] {
        let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
        return zip(words, words.dropFirst()).filter { typeWords.contains($0.0) && $0.1 != "func" }.map(\.1)
    }
}

/// Finds the banned words in code, outside comments and literals.
enum BanRule {
    static func check(
        _ file: SourceFile,
        bans: [Ban] = BanList.bans,
        exceptions: [BanException] = BanList.exceptions
    ) -> [Violation] {
        bans.filter { $0.covers(file) }.flatMap { ban -> [Violation] in
            if exceptions.contains(where: { $0.file == file.path && $0.word == ban.word }) { return [] }
            return lines(of: file, with: ban).map { Violation(file.path, line: $0, "`\(ban.word)`: \(ban.reason)") }
        }
    }

    /// Exceptions that nothing needs any more.
    static func idle(
        _ exceptions: [BanException] = BanList.exceptions,
        in files: [SourceFile],
        bans: [Ban] = BanList.bans
    ) -> [Violation] {
        exceptions.compactMap { exception in
            guard let ban = bans.first(where: { $0.word == exception.word }) else {
                return Violation(exception.file, "an exception for `\(exception.word)`, which is not banned")
            }
            let isUsed = files.contains { $0.path == exception.file && !lines(of: $0, with: ban).isEmpty }
            return isUsed ? nil : Violation(exception.file, "an exception for `\(ban.word)` that is not used any more")
        }
    }

    /// Unprotected or too many words that switch a check of the compiler off.
    static func checkGuarded(
        _ files: [SourceFile],
        guarded: [(word: String, countMax: Int)] = BanList.guarded
    ) -> [Violation] {
        guarded.flatMap { word, countMax -> [Violation] in
            let ban = Ban(word, because: "")
            let places = files.filter { ban.covers($0) }.flatMap { file in
                lines(of: file, with: ban).map { (file: file, line: $0) }
            }
            let bare = places.filter { file, line in
                let window = file.comments[max(0, line - 4)..<line]
                return window.allSatisfy { $0.allSatisfy { $0 == " " } }
            }
            let violations = bare.map {
                Violation($0.file.path, line: $0.line, "`\(word)` without a comment naming its lock or thread")
            }
            guard places.count > countMax, let last = places.last else { return violations }
            let what = "`\(word)` \(places.count) times, allowed \(countMax)"
            return violations + [Violation(last.file.path, line: last.line, what)]
        }
    }

    static func lines(of file: SourceFile, with ban: Ban) -> [Int] {
        file.code.indices.filter { contains(file.code[$0], ban) }.map { $0 + 1 }
    }

    private static func contains(_ line: String, _ ban: Ban) -> Bool {
        let bytes = Array(line.utf8)
        let word = Array(ban.word.utf8)
        guard bytes.count >= word.count else { return false }
        for start in 0...(bytes.count - word.count) where bytes[start] == word[0] {
            let end = start + word.count
            guard bytes[start..<end].elementsEqual(word) else { continue }
            if start > 0 {
                if isPartOfName(word[0]), isPartOfName(bytes[start - 1]) { continue }
                if ban.notAfterDot, bytes[start - 1] == UInt8(ascii: ".") { continue }
            }
            if !ban.isPrefix, end < bytes.count, isPartOfName(word[word.count - 1]), isPartOfName(bytes[end]) {
                continue
            }
            return true
        }
        return false
    }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...: true
        default: false
        }
    }
}

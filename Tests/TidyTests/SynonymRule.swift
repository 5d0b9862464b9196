/// Finds banned synonyms in Swift and SQL.
enum SynonymRule {
    static func check(
        _ file: SourceFile,
        phrases: [Synonym] = Synonyms.phrases,
        exceptions: [BanException] = Synonyms.exceptions
    ) -> [Violation] {
        let allowed = exceptions.filter { $0.file == file.path }.map(\.word)
        return findings(in: file, phrases: phrases).filter { !allowed.contains($0.synonym.text) }.map {
            Violation(file.path, line: $0.line, "says `\($0.synonym.text)`; the word is \($0.synonym.right)")
        }
    }

    /// Exceptions that nothing needs any more.
    static func idle(
        _ exceptions: [BanException] = Synonyms.exceptions,
        in files: [SourceFile],
        phrases: [Synonym] = Synonyms.phrases
    ) -> [Violation] {
        exceptions.filter { exception in
            !files.contains { file in
                file.path == exception.file
                    && findings(in: file, phrases: phrases).contains { $0.synonym.text == exception.word }
            }
        }.map { Violation($0.file, "an exception for `\($0.word)` that is not used any more") }
    }

    private static func findings(in file: SourceFile, phrases: [Synonym]) -> [(line: Int, synonym: Synonym)] {
        guard let target = file.target, file.isSwift || file.isSQL else { return [] }
        let covering = phrases.filter { $0.targets.contains(target) }
        guard !covering.isEmpty else { return [] }
        return file.uncommented.enumerated().flatMap { index, line in
            let groups = phraseGroups(line)
            return covering.filter { synonym in groups.contains { matches($0, synonym.phrase) } }
                .map { (index + 1, $0) }
        }
    }

    private static func matches(_ words: [String], _ phrase: [String]) -> Bool {
        guard words.count >= phrase.count else { return false }
        return (0...(words.count - phrase.count)).contains { start in
            zip(words[start...], phrase).enumerated().allSatisfy { offset, pair in
                // Only the last word of a phrase takes the plural.
                pair.0 == pair.1 || offset == phrase.count - 1 && pair.0 == pair.1 + "s"
            }
        }
    }

    /// The words of a line in small letters, cut at capitals and underscores; a new group wherever something other than
    /// a space or an underscore stands between, so that `f(retry, count)` is no phrase.
    static func phraseGroups(_ line: String) -> [[String]] {
        var groups: [[String]] = [[]]
        var word = ""
        var previousIsSmall = false
        func endWord() {
            if !word.isEmpty { groups[groups.count - 1].append(word) }
            word = ""
        }
        for character in line.unicodeScalars {
            let isLetter = character.properties.isAlphabetic || ("0"..."9").contains(character)
            if isLetter {
                let isCapital = ("A"..."Z").contains(character)
                if isCapital, previousIsSmall { endWord() }
                word += character.properties.lowercaseMapping
                previousIsSmall = !isCapital
            } else {
                endWord()
                previousIsSmall = false
                if character != " ", character != "_", !(groups.last?.isEmpty ?? true) { groups.append([]) }
            }
        }
        endWord()
        return groups
    }
}

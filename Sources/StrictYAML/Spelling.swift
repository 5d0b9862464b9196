/// Finds the key that a misspelt one was meant to be.
enum Spelling {
    /// The candidate nearest to `word`, or nothing if none is near.
    ///
    /// Near is one slip in words of up to five letters, two in longer ones; of equals the first in the alphabet.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        let limit = word.count <= 5 ? 1 : 2
        return candidates.map { (distance: distance(word, $0), text: $0) }
            .filter { $0.distance <= limit && $0.text != word }
            .min { ($0.distance, $0.text) < ($1.distance, $1.text) }?
            .text
    }

    /// How many letters must be put in, left out, replaced or swapped with their neighbour.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}

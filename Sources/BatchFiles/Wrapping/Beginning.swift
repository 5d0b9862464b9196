/// Holds bytes back until enough of them are there to tell what they are.
struct Beginning: Sendable {
    private var held: [UInt8] = []
    /// Whether no bytes were handed on yet.
    private(set) var isAwaited = true

    /// Answers the bytes that may be looked at and passed on, with those held before them; nil while there are too few.
    mutating func take(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> ArraySlice<UInt8>? {
        guard isAwaited else { return bytes }
        guard isLast || held.count + bytes.count >= FileSniffer.headBytes else {
            held += bytes
            return nil
        }
        isAwaited = false
        guard !held.isEmpty else { return bytes }
        let known = held + bytes
        held = []
        return known[...]
    }
}

/// Shows on a terminal how much of a long file was read; silent elsewhere, and never on standard output.
struct ReadingProgress {
    private static let width: Int64 = 40

    private let bytes: Int64
    private let isShown: Bool
    private var percentShown: Int64 = -1

    /// `isWanted`: whether anybody is to see it, if there is a terminal.
    init(bytes: Int64, isWanted: Bool) {
        self.bytes = bytes
        // What is read in a blink needs no bar.
        isShown = isWanted && bytes >= 16 << 20 && Terminal.isInteractive(.error)
    }

    /// Draws the bar over the one before, if it differs.
    mutating func show(_ title: String, readBytes: Int64) throws {
        guard isShown else { return }
        let percent = readBytes * 100 / bytes
        guard percent != percentShown else { return }
        percentShown = percent
        let filled = Int(readBytes * Self.width / bytes)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: Int(Self.width) - filled)
        let counts = "\(readBytes >> 20) of \(bytes >> 20) MiB"
        try Terminal.write(Array("\r\u{1B}[K\(title) \(bar) \(percent) %  \(counts)".utf8), to: .error)
    }

    /// Takes the bar away.
    func end() throws {
        if isShown { try Terminal.write(Array("\r\u{1B}[K".utf8), to: .error) }
    }
}

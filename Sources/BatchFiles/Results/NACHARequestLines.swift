/// The lines of a NACHA request, read again for what its file of returns repeats of them.
///
/// Memory is bounded by what one piece of the request unpacks to, and one line.
struct NACHARequestLines: ~Copyable {
    private var unwrapper: Unwrapper
    private var scanner = NACHALineScanner()

    init(layout: NACHALayout, wrapping: Wrapping) { unwrapper = Unwrapper(wrapping, format: .nacha(layout)) }

    /// Takes the next bytes of the request, from its beginning.
    mutating func read(_ bytes: ArraySlice<UInt8>, isLast: Bool) throws {
        try unwrapper.unwrap(bytes, isLast: isLast) { content, isLast in scanner.append(content, isLast: isLast) }
    }

    /// The next line that is not empty; nil while it is not whole, and at the end of the request.
    mutating func next() throws(FileDefect) -> NACHALine? { try scanner.next() ? scanner.line : nil }
}

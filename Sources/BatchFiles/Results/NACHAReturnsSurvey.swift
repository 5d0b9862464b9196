/// Looks for the file header at the beginning of a NACHA request: the header of its file of returns is made of it.
///
/// The first of two passes over the request: a file of returns begins with its header also where nothing comes back.
package struct NACHAReturnsSurvey: ~Copyable {
    /// The file header of a request.
    package struct Header: Sendable { let line: NACHALine }

    private var lines: NACHARequestLines
    /// Nil until enough of the request was read.
    package private(set) var header: Header?

    package init(layout: NACHALayout, wrapping: Wrapping = .none) {
        lines = NACHARequestLines(layout: layout, wrapping: wrapping)
    }

    /// Takes the next bytes of the request, from its beginning, while there is no header.
    package mutating func read(request: ArraySlice<UInt8>, isLast: Bool) throws {
        try lines.read(request, isLast: isLast)
        guard let first = try lines.next() else {
            if isLast { throw ResultFileDefect(line: 0, what: "the request has no file header") }
            return
        }
        guard first.kind == UInt8(ascii: "1"), first.isPrintable else {
            throw ResultFileDefect(line: first.number, what: "the request does not begin with a file header")
        }
        header = Header(line: first)
    }
}

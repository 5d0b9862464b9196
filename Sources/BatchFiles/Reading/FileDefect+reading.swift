/// What readers of records between a header and a trailer say alike.
extension FileDefect {
    private static let mendWithoutRecords = "send the file again with its records"

    static let noByte = FileDefect(
        code: .emptyFile,
        line: 0,
        byteOffset: 0,
        what: "the file has no byte",
        mend: mendWithoutRecords
    )

    init(_ code: Code, at place: ReadPosition, _ what: String, _ mend: String) {
        self.init(code: code, line: place.physicalLine + 1, byteOffset: place.byteOffset, what: what, mend: mend)
    }

    static func noRecords(at place: ReadPosition) -> FileDefect {
        FileDefect(.noRecords, at: place, "the file ends before its first record", mendWithoutRecords)
    }

    static func recordTooLong(_ limits: DelimitedLayout.Limits, at place: ReadPosition) -> FileDefect {
        FileDefect(
            .recordTooLong,
            at: place,
            "the record that begins here has more than \(limits.recordBytesMax) bytes",
            "end each record as the layout says, and check the file for a cut or binary part"
        )
    }

    static func tooManyRecords(_ limits: DelimitedLayout.Limits, at place: ReadPosition) -> FileDefect {
        FileDefect(
            .tooManyRecords,
            at: place,
            "the file has more than \(limits.recordsMax) records",
            "split it into several files"
        )
    }

    static func headerWithoutMark(_ mark: String, at place: ReadPosition) -> FileDefect {
        FileDefect(
            .headerMismatch,
            at: place,
            "the first line does not begin with ‘\(mark)’",
            "write the header of the layout as the first line"
        )
    }

    static func trailerNotLast(at place: ReadPosition) -> FileDefect {
        FileDefect(
            .trailerNotLast,
            at: place,
            "the file goes on after its trailer",
            "send one file with one trailer at its end"
        )
    }

    static func trailerMissing(at place: ReadPosition) -> FileDefect {
        FileDefect(
            .trailerMissing,
            at: place,
            "the file ends without the trailer of its layout",
            "send the whole file: it may have been cut"
        )
    }

    /// A count or a sum that cannot be read; `words` say where in the line it stands.
    static func malformedTotals(
        _ code: Code,
        _ name: String,
        _ words: String,
        at place: ReadPosition
    ) -> FileDefect {
        let line = code == .headerMalformed ? "header" : "trailer"
        return FileDefect(
            code,
            at: place,
            "\(words) of the \(line) \(words.hasPrefix("field") ? "is" : "are") no \(name)",
            "write digits only, and the sum in the unit of the amounts"
        )
    }
}

package import PaymentCore

/// A format of batch files, with the layout that says how a merchant uses it.
package enum FileFormat: Sendable {
    case delimited(DelimitedLayout)
    case fixedWidth(FixedWidthLayout)
    case iso20022(ISO20022Layout)
    case nacha(NACHALayout)

    /// The name of the layout.
    package var name: String { form.layout }

    /// What its records hold.
    package var form: RecordForm {
        switch self {
        case .delimited(let layout): layout.form
        case .fixedWidth(let layout): layout.form
        case .nacha(let layout): layout.form
        case .iso20022(let layout): layout.form
        }
    }

    /// As many bytes as few records are shorter than, to judge by a file's size how many it has.
    var recordBytesUsual: Int {
        switch self {
        case .delimited, .fixedWidth: 64
        // One line, without an addenda record.
        case .nacha: 95
        case .iso20022: 512
        }
    }

    /// Why a file submitted in this direction cannot be in this format; nil where only the submission says it.
    package func defect(submittedAs direction: Direction) -> FileDefect? {
        let only: Direction? =
            switch self {
            case .delimited, .fixedWidth: nil
            case .iso20022(let layout): layout.kind.direction
            case .nacha(let layout): layout.direction
            }
        guard let only, only != direction else { return nil }
        return FileDefect(
            code: .directionMismatch,
            line: 0,
            byteOffset: 0,
            what: "the file was submitted as \(direction.rawValue), and the layout ‘\(name)’ is for \(only.rawValue)",
            mend: "submit it with a layout for \(direction.rawValue)"
        )
    }

    /// The layout of delimited result files: the request's own, or its columns with commas.
    package var resultLayout: DelimitedLayout {
        switch self {
        case .delimited(let layout): layout
        case .fixedWidth(let layout): layout.resultLayout
        case .nacha(let layout): layout.resultLayout
        case .iso20022(let layout): layout.resultLayout
        }
    }

    /// Whether the bytes of a record can stand in a result file as they stood in the request.
    package var hasRecordsOfResultLayout: Bool {
        if case .delimited = self { true } else { false }
    }
}

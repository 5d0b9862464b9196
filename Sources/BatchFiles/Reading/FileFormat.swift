/// A format of batch files, with the layout that says how a merchant uses it.
package enum FileFormat: Sendable {
    case delimited(DelimitedLayout)
    case fixedWidth(FixedWidthLayout)
    case iso20022(ISO20022Layout)

    /// The name of the layout.
    package var name: String { form.layout }

    /// What its records hold.
    package var form: RecordForm {
        switch self {
        case .delimited(let layout): layout.form
        case .fixedWidth(let layout): layout.form
        case .iso20022(let layout): layout.form
        }
    }

    /// The layout of delimited result files: the request's own, or its columns with commas.
    package var resultLayout: DelimitedLayout {
        switch self {
        case .delimited(let layout): layout
        case .fixedWidth(let layout): layout.resultLayout
        case .iso20022(let layout): layout.resultLayout
        }
    }

    /// Whether the bytes of a record can stand in a result file as they stood in the request.
    package var hasRecordsOfResultLayout: Bool {
        if case .delimited = self { true } else { false }
    }
}

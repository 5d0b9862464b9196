/// The format of a result file, as the request's own and the merchant's wish make it.
package enum ResultFormat: Sendable {
    /// `splitsRecords`: whether the bytes of the request's records are of this layout.
    case delimited(DelimitedLayout, splitsRecords: Bool)
    case statusReport(ISO20022Layout)

    /// The format of the results of requests in `format`.
    package init(answering format: FileFormat, as kind: ResultKind) {
        switch (format, kind) {
        case (.iso20022(let layout), .same): self = .statusReport(layout)
        default: self = .delimited(format.resultLayout, splitsRecords: format.hasRecordsOfResultLayout)
        }
    }

    /// What is put behind the name of the request.
    package var nameSuffix: String {
        switch self {
        case .delimited: ".result"
        case .statusReport: ".result.xml"
        }
    }
}

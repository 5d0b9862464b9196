/// The format of a result file, as the request's own and the merchant's wish make it.
package enum ResultFormat: Sendable {
    /// `splitsRecords`: whether the bytes of the request's records are of this layout.
    case delimited(DelimitedLayout, splitsRecords: Bool)
    /// `wrapping`: of the request, which is read again; the report itself is not packed.
    case statusReport(ISO20022Layout, wrapping: Wrapping)
    /// `wrapping`: as with status reports.
    case returns(NACHALayout, wrapping: Wrapping)

    /// The format of the results of requests in `declared`.
    package init(answering declared: DeclaredFormat, as kind: ResultKind) {
        let format = declared.format
        switch (format, kind) {
        case (.iso20022(let layout), .same): self = .statusReport(layout, wrapping: declared.wrapping)
        case (.nacha(let layout), .same): self = .returns(layout, wrapping: declared.wrapping)
        default: self = .delimited(format.resultLayout, splitsRecords: format.hasRecordsOfResultLayout)
        }
    }

    /// What is put behind the name of the request.
    package var nameSuffix: String {
        switch self {
        case .delimited: ".result"
        case .statusReport: ".result.xml"
        case .returns: ".result.ach"
        }
    }
}

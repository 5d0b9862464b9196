import BatchFiles
import Store

extension ResultProduction {
    /// Writes a status report, in two passes over the material: what it says of all transactions stands before them.
    mutating func runStatusReport(
        layout: ISO20022Layout,
        wrapping: Wrapping,
        emit: ([UInt8]) throws -> Void
    ) throws -> ProducedResult {
        let contents = try Self.survey(material, layout: layout, wrapping: wrapping)
        material.rewind()
        let version = StatusReportVersion(answering: contents.message)
        let schema = try version.schema(in: layout)
        return try run(check: StatusReportCheck(version: version, schema: schema), emit: emit) { edition in
            StatusReportWriter(contents: contents, layout: layout, wrapping: wrapping, edition: edition)
        }
    }

    private static func survey(
        _ material: any ResultMaterial,
        layout: ISO20022Layout,
        wrapping: Wrapping
    ) throws -> StatusReportContents {
        var survey = StatusReportSurvey(layout: layout, wrapping: wrapping)
        var request = RequestPieces(of: material)
        while true {
            let page = try material.nextPage()
            if page.isEmpty { break }
            for row in page {
                while survey.needsRequest {
                    let (bytes, isLast) = try request.next()
                    try survey.read(request: bytes, isLast: isLast)
                }
                try survey.add(ResultLine(row))
            }
        }
        while survey.needsRequest {
            let (bytes, isLast) = try request.next()
            try survey.read(request: bytes, isLast: isLast)
        }
        return try survey.finish()
    }
}

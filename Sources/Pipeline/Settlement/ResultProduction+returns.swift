import BatchFiles
import Store

extension ResultProduction {
    /// Writes a file of NACHA returns: its header repeats that of the request, which is looked for first.
    mutating func runReturns(
        layout: NACHALayout,
        wrapping: Wrapping,
        emit: ([UInt8]) throws -> Void
    ) throws -> ProducedResult {
        let header = try Self.header(material, layout: layout, wrapping: wrapping)
        material.rewind()
        return try run(check: NACHAResultCheck(), emit: emit) { edition in
            NACHAReturnsWriter(header: header, layout: layout, wrapping: wrapping, edition: edition)
        }
    }

    private static func header(
        _ material: any ResultMaterial,
        layout: NACHALayout,
        wrapping: Wrapping
    ) throws -> NACHAReturnsSurvey.Header {
        var survey = NACHAReturnsSurvey(layout: layout, wrapping: wrapping)
        var request = RequestPieces(of: material)
        while true {
            let (bytes, isLast) = try request.next()
            try survey.read(request: bytes, isLast: isLast)
            if let header = survey.header { return header }
        }
    }
}

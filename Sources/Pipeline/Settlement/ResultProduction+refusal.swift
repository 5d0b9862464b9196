import BatchFiles
import Store

extension ResultProduction {
    /// Writes the report that a request of ISO 20022 is refused as a whole, with what can be read of its header.
    mutating func runRefusal(
        _ reason: RefusalReason,
        layout: ISO20022Layout,
        wrapping: Wrapping,
        emit: ([UInt8]) throws -> Void
    ) throws -> ProducedResult {
        var look = ISO20022HeaderLook(layout: layout, wrapping: wrapping)
        var request = RequestPieces(of: material)
        while !look.isOver {
            let (bytes, isLast) = try request.next()
            look.read(bytes, isLast: isLast)
        }
        let header = look.found
        let version = StatusReportVersion(answering: header, layout: layout)
        let schema = try version.schema(in: layout)
        return try run(
            check: RefusalReportCheck(reason, version: version, schema: schema),
            emit: emit
        ) { edition in
            RefusalReportWriter(reason, answering: header, layout: layout, edition: edition)
        }
    }
}

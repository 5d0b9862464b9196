/// The first of two passes over a result's lines and its request: what a report says before the first transaction.
///
/// Memory is bounded by one piece of the request and eight bytes a payment information.
package struct StatusReportSurvey: ~Copyable {
    private var records: RequestRecords
    private var tallies = StatusReportTallies()
    private var payment: [UInt8]?

    package init(layout: ISO20022Layout, wrapping: Wrapping = .none) {
        records = RequestRecords(layout: layout, wrapping: wrapping)
    }

    /// Whether more of the request is needed before the next line, or, after the last one, to see that it is the last.
    package var needsRequest: Bool { records.needsRequest }

    /// Takes the next bytes of the request.
    package mutating func read(request: ArraySlice<UInt8>, isLast: Bool) throws {
        try records.read(request, isLast: isLast)
    }

    /// Counts one line.
    package mutating func add(_ line: ResultLine) throws {
        let record = try records.take(line.line)
        if record.paymentIdentification != payment {
            payment = record.paymentIdentification
            tallies.beginPayment()
        }
        tallies.add(line)
    }

    /// What was found; to be called when the whole request was read.
    package consuming func finish() throws(ResultFileDefect) -> StatusReportContents {
        guard records.isComplete, let header = records.header else {
            throw ResultFileDefect(line: 0, what: "the request has transactions that have no line")
        }
        return StatusReportContents(header: header, tallies: tallies)
    }
}

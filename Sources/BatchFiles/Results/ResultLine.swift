package import PaymentCore

/// One line of a result file.
package struct ResultLine: Sendable, Hashable {
    /// What the request said, in the columns of the request.
    package enum Content: Sendable, Hashable {
        case order(OrderFields)
        /// A record that made no order: its bytes as they stood in the file, without the line end, and what could be
        /// read of it.
        case record(raw: [UInt8], merchantOrderNumber: String?, amount: Money?)
    }

    package let line: LineNumber
    package let content: Content
    package let status: ResultStatus
    /// A stable code, that of a returned order being of its return; empty when there is nothing to add to the status.
    package let code: String
    /// Why an order failed; nil for every other line.
    package let cause: FailureCause?
    /// Words for the merchant's people.
    package let reason: String
    /// The day on which the order became final; of a returned one, on which it came back.
    package let finishedDate: BusinessDate?

    package init(
        line: LineNumber,
        content: Content,
        status: ResultStatus,
        code: String,
        cause: FailureCause? = nil,
        reason: String,
        finishedDate: BusinessDate?
    ) {
        self.line = line
        self.content = content
        self.status = status
        self.code = code
        self.cause = cause
        self.reason = reason
        self.finishedDate = finishedDate
    }
}

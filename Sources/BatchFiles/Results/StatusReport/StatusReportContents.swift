/// What a status report says before its first transaction.
package struct StatusReportContents: Sendable {
    let header: ISO20022Reader.Header
    let tallies: StatusReportTallies

    /// The message that is answered.
    package var message: ISO20022Message { header.message }
}

/// The merchant order number of an entry: what the rulebook says to be its own in all files of an originator.
///
/// Trace numbers repeat between files, and may between the batches of one. So the number is the day on which the file
/// was made (`YYMMDD`), the file identification modifier, the batch number (7 digits) and the trace number (15 digits).
enum NACHAOrderNumber {
    static func append(
        to number: inout [UInt8],
        _ fileHeader: NACHALine,
        _ batchHeader: NACHALine,
        _ entry: NACHALine
    ) {
        number.append(contentsOf: fileHeader[24...29])
        number.append(fileHeader[34])
        number.append(contentsOf: batchHeader[88...94])
        number.append(contentsOf: entry[80...94])
    }
}

/// The condition that keeps a statement about some lines of a file between the first and the last of them.
///
/// Of a day's partition that was never analysed the server knows nothing: it believes that any condition leaves one
/// row, looks for the batch alone and filters the lines afterwards, so that every chunk reads the whole file. Bounds
/// are part of the search in the index whatever is believed.
enum LineBounds {
    /// `column`: the line number's; `lines`: an expression of type `int[]`, such as `$3`.
    static func condition(_ column: String, in lines: String) -> String {
        """
        \(column) BETWEEN (SELECT min(n) FROM unnest(\(lines)::int[]) AS n)
            AND (SELECT max(n) FROM unnest(\(lines)::int[]) AS n)
        """
    }
}

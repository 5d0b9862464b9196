import PaymentCore

extension DelimitedLayout {
    func checkMarks() throws(LayoutDefect) {
        guard Self.mayMark(separator) else {
            throw LayoutDefect(
                key: "separator",
                what: "a letter, a digit, a space, a line end, one of . + - or no ASCII character separates fields",
                mend: "take a character that no value needs, such as , or | or ^ or a tab"
            )
        }
        if !hasLines {
            guard Self.mayMark(recordSeparator), recordSeparator != separator, quote == nil else {
                throw LayoutDefect(
                    key: "record_separator",
                    what: "it is the separator of fields, a character that values need, or stands beside a quote",
                    mend: "take a character such as | and leave quote out, or leave the key out for a record a line"
                )
            }
        }
        if let quote {
            guard Self.mayMark(quote), quote != separator, quote != 0x09 else {
                throw LayoutDefect(
                    key: "quote",
                    what: "the quote is the separator or a character that values need",
                    mend: "take \" or leave the key out"
                )
            }
        }
        if let commentPrefix {
            guard Self.isPrintable(commentPrefix), let first = commentPrefix.utf8.first,
                first != separator, first != quote, !commentPrefix.utf8.contains(recordSeparator)
            else {
                throw LayoutDefect(
                    key: "comment_prefix",
                    what: "it is empty, is not printable ASCII or begins with the separator or the quote",
                    mend: "take a text such as # or leave the key out"
                )
            }
        }
    }

    func checkColumns() throws(LayoutDefect) {
        var titles: Set<String> = []
        var fields: Set<RecordField> = []
        for column in columns {
            guard !column.title.isEmpty, titles.insert(column.title).inserted else {
                throw LayoutDefect(
                    key: "columns",
                    what: "the title ‘\(column.title)’ is empty or stands twice",
                    mend: "give each column a title of its own"
                )
            }
            guard !Self.resultTitles.contains(column.title) else {
                throw LayoutDefect(
                    key: "columns",
                    what: "the title ‘\(column.title)’ is one that result files add",
                    mend: "choose another title"
                )
            }
            guard
                column.title.utf8.allSatisfy({
                    $0 >= 0x20 && $0 != 0x7F && $0 != separator && $0 != quote && $0 != recordSeparator
                })
            else {
                throw LayoutDefect(
                    key: "columns",
                    what: "the title of column \(titles.count) holds the separator, the quote or a control character",
                    mend: "write the title without it"
                )
            }
            if let field = column.field, !fields.insert(field).inserted {
                throw LayoutDefect(
                    key: "columns",
                    what: "the field \(field.rawValue) stands twice",
                    mend: "keep it in one column"
                )
            }
            guard (1...min(limits.recordBytesMax, column.field?.lengthMaxLimit ?? .max)).contains(column.lengthMax)
            else {
                throw LayoutDefect(
                    key: "columns",
                    what: "the length of ‘\(column.title)’ is not between 1 and the bytes of a record",
                    mend: "give a length in characters"
                )
            }
        }
        for field in RecordField.allCases where field.isMandatory && !fields.contains(field) {
            throw LayoutDefect(
                key: "columns",
                what: "no column holds \(field.rawValue)",
                mend: "say which column is the \(field.rawValue)"
            )
        }
        guard fields.contains(.currency) || defaultCurrency != nil else {
            throw LayoutDefect(
                key: "default_currency",
                what: "neither a column nor a default says the currency",
                mend: "add a column with the field currency, or a default_currency"
            )
        }
    }

    /// The line of a header or a trailer; without a mark its first field may hold a value.
    func checkTotals(_ key: String, _ mark: String?, _ count: Int?, _ sum: Int?) throws(LayoutDefect) {
        guard mark.map(mayBegin) ?? true else {
            throw LayoutDefect(
                key: key,
                what: "its mark is empty, is not printable ASCII, holds the separator or the quote, or is a comment",
                mend: "take a text that no merchant order number is, such as TRAILER"
            )
        }
        let positions = [count, sum].compactMap(\.self)
        let first = mark == nil ? 1 : 2
        guard positions.allSatisfy({ (first...columns.count + 2).contains($0) }),
            Set(positions).count == positions.count
        else {
            throw LayoutDefect(
                key: key,
                what: "a position is that of the mark, stands twice or is beyond the columns",
                mend: "count the fields from 1; the mark is 1"
            )
        }
        guard sum == nil || (index(of: .currency) == nil && defaultCurrency != nil) else {
            throw LayoutDefect(
                key: key,
                what: "one sum cannot cover a file whose records name their currencies",
                mend: "leave sum_position out, or the currency column"
            )
        }
    }

    /// Whether a mark may begin a line that is no record: printable ASCII without any other mark.
    private func mayBegin(_ mark: String) -> Bool {
        Self.isPrintable(mark) && !mark.utf8.contains(separator) && !mark.utf8.contains(recordSeparator)
            && quote.map { !mark.utf8.contains($0) } ?? true
            && commentPrefix.map { !mark.hasPrefix($0) } ?? true
    }

    func checkLimits() throws(LayoutDefect) {
        guard (256...16 * 1_024 * 1_024).contains(limits.recordBytesMax), limits.recordsMax > 0,
            limits.probeRecords > 0
        else {
            throw LayoutDefect(
                key: "limits",
                what: "record_bytes_max is not between 256 and 16777216, or another limit is not above 0",
                mend: "leave the key out to get the defaults"
            )
        }
    }

    /// Whether a byte may separate or quote fields: a tab or ASCII punctuation that amounts and numbers do not use.
    private static func mayMark(_ byte: UInt8) -> Bool {
        if byte == 0x09 { return true }
        guard byte > 0x20, byte < 0x7F else { return false }
        let isLetterOrDigit = (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
        return !isLetterOrDigit && byte != 0x2B && byte != 0x2D && byte != 0x2E
    }

    private static func isPrintable(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

import BatchFiles
import PaymentCore

/// What is promised of where records stand in their file.
struct PlacePromises {
    let content: [UInt8]
    let format: FileFormat

    func keep(_ seen: SeenFile) {
        var end: Int64 = 0
        var physicalLine: Int64 = 0
        var lineFeeds: Int64 = 0
        for (index, record) in seen.records.enumerated() {
            let range = record.byteRange
            promise(record.ordinal == Int32(index + 1), "records are numbered without gap")
            promise(range.lowerBound >= end, "records stand one after another")
            promise(range.upperBound <= Int64(content.count) && !range.isEmpty, "a record stands in its file")
            promise(record.next.byteOffset == range.upperBound, "reading goes on where the record ends")
            promise(record.next.recordOrdinal == record.ordinal, "the place after a record counts it")
            promise(record.physicalLine >= physicalLine, "lines go on")
            promise(record.next.physicalLine >= record.physicalLine - 1, "the place after a record lies behind it")
            physicalLine = record.physicalLine
            let gap = content[Int(end)..<Int(range.lowerBound)]
            let bytes = content[Int(range.lowerBound)..<Int(range.upperBound)]
            promise(bytes.starts(with: record.raw), "a record's bytes are those of its place")
            lineFeeds += Int64(gap.count { $0 == 0x0A })
            keep(record, gap, lineEnd: Array(bytes.dropFirst(record.raw.count)), lineFeeds: lineFeeds)
            lineFeeds += Int64(bytes.count { $0 == 0x0A })
            end = range.upperBound
        }
        if let defect = seen.defect {
            promise((0...Int64(content.count)).contains(defect.byteOffset), "a defect lies in its file")
        }
    }

    private func keep(_ record: SeenRecord, _ gap: ArraySlice<UInt8>, lineEnd: [UInt8], lineFeeds: Int64) {
        switch format {
        case .delimited(let layout):
            promise([[], [0x0A], [0x0D], [0x0D, 0x0A]].contains(lineEnd), "a record ends with its line")
            promise(record.physicalLine == lineFeeds + 1, "physical lines are counted")
            checkGap(gap, record.ordinal, comment: layout.commentPrefix, hasHeader: layout.header != .none)
        case .fixedWidth(let layout):
            promise([[], [0x0A], [0x0D], [0x0D, 0x0A]].contains(lineEnd), "a record ends with its line")
            promise(record.fault == .wrongLength || record.raw.count == layout.recordBytes, "a record has its width")
            guard layout.hasLineEnds else {
                promise(gap.isEmpty || layout.headerLines > 0, "nothing stands between records back to back")
                return
            }
            promise(record.physicalLine == lineFeeds + 1, "physical lines are counted")
            checkGap(gap, record.ordinal, comment: nil, hasHeader: layout.headerLines > 0)
        case .iso20022: promise(lineEnd.isEmpty, "a transaction is its element")
        case .nacha:
            promise(lineEnd.allSatisfy { $0 == 0x0A || $0 == 0x0D }, "an entry ends with its line")
            promise(record.raw.first == UInt8(ascii: "6"), "a record is an entry")
        }
    }

    /// Between two records, and before the first, stand only lines that are no records.
    private func checkGap(_ gap: ArraySlice<UInt8>, _ ordinal: Int32, comment: String?, hasHeader: Bool) {
        if ordinal == 1, hasHeader { return }
        let marks: [[UInt8]] = [[0xEF, 0xBB, 0xBF], [0x84, 0x31, 0x95, 0x33]]
        let mark = gap.startIndex == 0 ? marks.first(where: gap.starts) ?? [] : []
        for line in gap.dropFirst(mark.count).split(separator: 0x0A) {
            let isEmpty = line.allSatisfy { $0 == 0x0D }
            let isComment = comment.map { line.starts(with: $0.utf8) } ?? false
            promise(isEmpty || isComment, "no line is passed over that may be a record")
        }
    }
}

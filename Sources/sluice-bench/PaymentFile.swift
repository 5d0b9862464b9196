import Foundation

/// A payout file for a benchmark: CSV in UTF-8, one record in a hundred bad.
package struct PaymentFile: Sendable {
    private static let surnames = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄"]
    private static let givenNames = ["伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊"]
    private static let banks = ["102100099996", "103100000026", "104100000004", "105100000017", "308584000013"]
    private static let head = "order_no,card_no,name,cnaps,amount,remark\n"

    /// How many records the file has, bad ones included.
    package let records: Int

    /// A file of so many records, always the same.
    package init(records: Int) { self.records = records }

    /// Whether the record of a line (from 1) is one that must be set aside.
    package func isBad(line: Int) -> Bool { line % 100 == 38 }

    /// How many of the records are bad.
    package var badRecords: Int { (1...records).count(where: isBad) }

    /// The text of a line; a bad one's amount is no number.
    package func text(line: Int) -> String {
        let name = Self.surnames[line % Self.surnames.count] + Self.givenNames[line % Self.givenNames.count]
        let amount = isBad(line: line) ? "12O.00" : "\(1 + line % 50_000).\(10 + line % 90)"
        return "B\(Self.padded(line, 10)),\(Self.cardNumber(serial: line)),\(name),"
            + "\(Self.banks[line % Self.banks.count]),\(amount),工资\n"
    }

    /// Writes the file piece by piece.
    func write(to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw BenchmarkFailure("cannot write \(path)") }
        defer { try? file.close() }
        var piece = Self.head
        for line in 1...records {
            piece += text(line: line)
            if piece.utf8.count >= 1 << 20 {
                try file.write(contentsOf: Data(piece.utf8))
                piece.removeAll(keepingCapacity: true)
            }
        }
        try file.write(contentsOf: Data(piece.utf8))
    }

    /// 622202, twelve digits of the serial, and the digit that makes Luhn's sum right.
    private static func cardNumber(serial: Int) -> String {
        let body = "622202" + padded(serial, 12)
        var sum = 0
        for (index, byte) in body.utf8.reversed().enumerated() {
            let digit = Int(byte - UInt8(ascii: "0"))
            sum += index % 2 == 0 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit
        }
        return body + String((10 - sum % 10) % 10)
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

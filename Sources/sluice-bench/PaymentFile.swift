import Foundation

/// A payout file for a benchmark: CSV in UTF-8.
package struct PaymentFile: Sendable {
    /// What is wrong with some of the records.
    package enum Flaws: Sendable {
        case none
        /// One amount in a hundred is no number.
        case amounts
        /// One record in ten is bad, in one of eleven ways.
        case mixed
        /// Every record is bad, and mended by taking a tab from its name.
        case names
    }

    private static let surnames = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄"]
    private static let givenNames = ["伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊"]
    private static let banks = ["102100099996", "103100000026", "104100000004", "105100000017", "308584000013"]
    private static let head = "order_no,card_no,name,cnaps,amount,remark\n"

    /// How many records the file has, bad ones included.
    package let records: Int
    package let numbers: OrderNumbers
    package let flaws: Flaws
    /// How many records the files before it have: its own come after them.
    private let earlier: Int

    /// A file of so many records, always the same.
    package init(
        records: Int,
        numbers: OrderNumbers = .serial,
        flaws: Flaws = .amounts,
        after earlier: Int = 0
    ) {
        self.records = records
        self.numbers = numbers
        self.flaws = flaws
        self.earlier = earlier
    }

    /// Whether the record of a line (from 1) is one that must be set aside.
    package func isBad(line: Int) -> Bool {
        switch flaws {
        case .none: false
        case .amounts: line % 100 == 38
        case .mixed: line % 10 == 8
        case .names: true
        }
    }

    /// How many of the records are bad.
    package var badRecords: Int { (1...records).count(where: isBad) }

    /// The text of a line.
    package func text(line: Int) -> String {
        var fields = [
            numbers.text(line: earlier + line), Self.cardNumber(serial: earlier + line),
            Self.surnames[line % Self.surnames.count] + Self.givenNames[line % Self.givenNames.count],
            Self.banks[line % Self.banks.count], "\(1 + line % 50_000).\(10 + line % 90)", "工资",
        ]
        if isBad(line: line) { spoil(&fields, line: line) }
        return fields.joined(separator: ",") + "\n"
    }

    private func spoil(_ fields: inout [String], line: Int) {
        if flaws == .amounts { return fields[4] = "12O.00" }
        if flaws == .names { return fields[2] += "\t" }
        switch line / 10 % 11 {
        case 0: fields[4] = "12O.00"
        case 1: fields[4] = "12.345"
        case 2: fields[4] = "0.00"
        case 3: fields[1] = String(fields[1].dropLast()) + "X"
        case 4: fields[1] = String(fields[1].dropLast()) + (fields[1].last == "7" ? "8" : "7")
        case 5: fields[3] = "999100000004"
        case 6: fields[2] = ""
        case 7: fields.append("x")
        // That of the line before, which is a good one.
        case 8: fields[0] = numbers.text(line: earlier + line - 1)
        case 9: fields[2] += "\t"
        default: fields[2] = String(repeating: fields[2], count: 31)
        }
    }

    /// Writes the file piece by piece, or only every so many-th of its lines.
    func write(to path: String, every step: Int = 1) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw BenchmarkFailure("cannot write \(path)") }
        defer { try? file.close() }
        var piece = Self.head
        for line in stride(from: step, through: records, by: step) {
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
        let body = "622202" + Figure.padded(Int64(serial), 12)
        var sum = 0
        for (index, byte) in body.utf8.reversed().enumerated() {
            let digit = Int(byte - UInt8(ascii: "0"))
            sum += index % 2 == 0 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit
        }
        return body + String((10 - sum % 10) % 10)
    }
}

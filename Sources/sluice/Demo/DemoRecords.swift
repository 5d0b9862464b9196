import BatchFiles
import PaymentCore
import Transcoding

/// The kinds of bad records that the demo plants, one in a hundred records.
enum PlantedFault: Int, CaseIterable, Sendable {
    case missingField
    case malformedAmount
    case negativeAmount
    case tooManyDecimals
    case wrongCheckDigit
    case unknownBank
    case duplicateInFile
    case duplicateOfEarlierFile
    case undecodableBytes

    /// The reason that quarantine must name first.
    var reason: ReasonCode {
        switch self {
        case .missingField: .missingField
        case .malformedAmount: .amountMalformed
        case .negativeAmount: .amountNotPositive
        case .tooManyDecimals: .amountTooManyDecimals
        case .wrongCheckDigit: .accountCheckDigit
        case .unknownBank: .bankUnknown
        case .duplicateInFile: .duplicateInFile
        case .duplicateOfEarlierFile: .duplicateOfEarlierFile
        case .undecodableBytes: .undecodableBytes
        }
    }
}

/// Makes the records of one of the demo's files: any of them can be made again from its line alone, which is how the
/// proof knows what was ordered without asking the database.
struct DemoRecords: Sendable {
    /// One record as it should be before a fault is put in.
    struct Ordered: Sendable {
        let merchantOrderNumber: String
        let accountNumber: String
        let accountName: String
        let bankCode: String
        let amountMinor: Int64
        let purpose: String
    }

    let direction: Direction
    let count: Int
    /// How many records the earlier file of the same merchant has; its numbers are this series' with another mark.
    let earlierCount: Int
    let isEarlier: Bool

    private static let surnames = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳", "𠮷"]
    private static let givenNames = ["伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "洋", "勇", "艳", "杰", "娟"]
    private static let banks = ["102100099996", "103100000026", "104100000004", "105100000017", "308584000013"]

    init(direction: Direction, count: Int, earlierCount: Int, isEarlier: Bool) {
        self.direction = direction
        self.count = count
        self.earlierCount = earlierCount
        self.isEarlier = isEarlier
    }

    var layoutName: String { direction == .payout ? "payout-csv-utf8" : "withhold-bar-gb18030" }
    var merchant: MerchantNumber { MerchantNumber(direction == .payout ? "MER-PAYOUT" : "MER-WITHHOLD") }
    var fileName: String {
        "\(direction.rawValue)-\(isEarlier ? "earlier" : "demo").\(direction == .payout ? "csv" : "txt")"
    }

    /// The fault of a line; nil for the 99 good ones of a hundred.
    func fault(line: Int) -> PlantedFault? {
        guard !isEarlier, line % 100 == 38 else { return nil }
        return PlantedFault(rawValue: line / 100 % PlantedFault.allCases.count)
    }

    /// What line `line` (from 1) orders.
    func ordered(line: Int) -> Ordered {
        var state = UInt64(line) &* 0x9E37_79B9_7F4A_7C15 &+ (direction == .payout ? 1 : 2) &+ (isEarlier ? 100 : 0)
        func draw(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let account = Self.cardNumber(
            serial: (line &* 7_919 + (direction == .payout ? 0 : 500_000_003)) % 1_000_000_000_000
        )
        return Ordered(
            merchantOrderNumber: Self.number(direction, isEarlier: isEarlier, line: line),
            accountNumber: account,
            accountName: Self.surnames[draw(direction == .payout ? 11 : 12)]
                + Self.givenNames[draw(Self.givenNames.count)],
            bankCode: Self.banks[draw(Self.banks.count)],
            amountMinor: Int64(100 + draw(5_000_000)),
            purpose: direction == .payout ? "工资" : "保险费"
        )
    }

    /// The bytes of one line, fault included.
    func bytes(line: Int, encoder: borrowing TextEncoder) -> [UInt8] {
        let ordered = ordered(line: line)
        let fault = fault(line: line)
        var number = ordered.merchantOrderNumber
        var account = ordered.accountNumber
        var name = ordered.accountName
        var bank = ordered.bankCode
        var amount = amountText(ordered.amountMinor)
        switch fault {
        case .missingField: name = ""
        case .malformedAmount: amount = amount.dropLast() + "O"
        case .negativeAmount: amount = "-" + amount
        case .tooManyDecimals: amount += direction == .payout ? "5" : ".5"
        case .wrongCheckDigit:
            let last = account.removeLast()
            account.append(
                last == "9" ? "0" : Character(UnicodeScalar(UInt8(ascii: "0") + (last.asciiValue ?? 48) - 47))
            )
        case .unknownBank: bank = "999" + bank.dropFirst(3)
        case .duplicateInFile: number = Self.number(direction, isEarlier: false, line: line - 1)
        case .duplicateOfEarlierFile: number = Self.number(direction, isEarlier: true, line: 1 + line % earlierCount)
        case .undecodableBytes, nil: break
        }
        guard var nameBytes = encoder.encode(name), let purpose = encoder.encode(ordered.purpose) else {
            preconditionFailure("the demo's names are carried by both charsets")
        }
        // A lead byte without its second: no charset of the demo can read it.
        if fault == .undecodableBytes { nameBytes = [0xFF] + nameBytes }
        let separator = UInt8(ascii: direction == .payout ? "," : "|")
        var bytes: [UInt8] = Array(number.utf8)
        for field in [Array(account.utf8), nameBytes, Array(bank.utf8), Array(amount.utf8), purpose] {
            bytes.append(separator)
            bytes.append(contentsOf: field)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// The line of titles, where the layout has one.
    var head: [UInt8] { direction == .payout ? Array("order_no,card_no,name,cnaps,amount,remark\n".utf8) : [] }

    /// The trailer, where the layout has one: the count and the sum of what was meant, so that amounts which cannot be
    /// read explain the difference.
    func tail(sum: Int64) -> [UInt8] { direction == .payout ? [] : Array("TRAILER|\(count)|\(sum)\n".utf8) }

    private func amountText(_ minor: Int64) -> String {
        guard direction == .payout else { return String(minor) }
        let fraction = String(minor % 100)
        return "\(minor / 100).\(fraction.count == 1 ? "0" : "")\(fraction)"
    }

    private static func number(_ direction: Direction, isEarlier: Bool, line: Int) -> String {
        let serial = String(line)
        let padded = String(repeating: "0", count: max(0, 9 - serial.count)) + serial
        return (direction == .payout ? "P" : "W") + (isEarlier ? "0E" : "1D") + padded
    }

    /// 622202, twelve digits of the serial, and the digit that makes Luhn's sum right.
    static func cardNumber(serial: Int) -> String {
        let digits = String(serial)
        let body = "622202" + String(repeating: "0", count: 12 - digits.count) + digits
        var sum = 0
        for (index, byte) in body.utf8.reversed().enumerated() {
            let digit = Int(byte - UInt8(ascii: "0"))
            sum += index % 2 == 0 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit
        }
        return body + String((10 - sum % 10) % 10)
    }
}

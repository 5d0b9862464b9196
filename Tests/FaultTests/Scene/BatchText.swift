import Cryptography
import Foundation
import PaymentCore
import Transcoding

/// A batch file as a merchant would write it, and what its lines order.
struct BatchText: Sendable {
    /// What one line orders.
    struct Line: Sendable {
        var number: String
        var account: String
        var name: String
        var bank: String
        var amountMinor: Int64
        var purpose: String
    }

    let direction: PaymentCore.Direction
    var lines: [Line]
    /// Bytes of comment after each line, so that a small file fills several parts.
    var padding = 0
    /// What the trailer of a withhold file says, where it is not the truth.
    var trailerCount: Int?
    var trailerSum: Int64?

    /// Another `series` has other numbers and other accounts.
    init(_ direction: PaymentCore.Direction, count: Int, series: Int = 1, padding: Int = 0) {
        self.direction = direction
        self.padding = padding
        lines = (1...max(1, count)).map { Self.line($0, series: series, direction: direction) }
        if count == 0 { lines = [] }
    }

    var merchant: String { direction == .payout ? "MER-PAYOUT" : "MER-WITHHOLD" }
    var format: String { direction == .payout ? "payout-csv-utf8" : "withhold-bar-gb18030" }
    var sum: Int64 { lines.reduce(0) { $0 + $1.amountMinor } }

    var bytes: [UInt8] {
        let charset: Charset = direction == .payout ? .utf8 : .gb18030
        let encoder = TextEncoder(charset: charset)
        var bytes: [UInt8] = []
        if direction == .payout { bytes += Array("order_no,card_no,name,cnaps,amount,remark\n".utf8) }
        let separator = direction == .payout ? "," : "|"
        for line in lines {
            let amount = direction == .payout ? Self.major(line.amountMinor) : String(line.amountMinor)
            let fields = [line.number, line.account, line.name, line.bank, amount, line.purpose]
            bytes += encoder.encode(fields.joined(separator: separator) + "\n") ?? []
            if padding > 0 {
                // A comment that does not repeat: what is repeated is quick to compress.
                let text = Hexadecimal.encode(SecureRandom.bytes(padding / 2))
                bytes += Array("#\(text)\n".utf8)
            }
        }
        if direction == .withhold {
            bytes += Array("TRAILER|\(trailerCount ?? lines.count)|\(trailerSum ?? sum)\n".utf8)
        }
        return bytes
    }

    static func line(_ number: Int, series: Int, direction: PaymentCore.Direction) -> Line {
        Line(
            number: "\(direction == .payout ? "P" : "W")\(series)N\(1_000_000 + number)",
            account: card(series * 10_000_000 + number * 7),
            name: direction == .payout ? "李秀英" : "欧阳芳",
            bank: "102100099996",
            amountMinor: Int64(1_000 + number * 3),
            purpose: direction == .payout ? "工资" : "保险费"
        )
    }

    /// A card number of this serial with the check digit that Luhn wants.
    static func card(_ serial: Int) -> String {
        let body = "62220200" + String(1_000_000_000 + serial)
        var sum = 0
        for (index, byte) in body.utf8.reversed().enumerated() {
            let digit = Int(byte) - 48
            sum += index % 2 == 0 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit
        }
        return body + String((10 - sum % 10) % 10)
    }

    /// The same number with a check digit that is wrong.
    static func misspelt(_ card: String) -> String {
        card.dropLast() + (card.last == "0" ? "1" : "0")
    }

    private static func major(_ minor: Int64) -> String {
        let fraction = String(minor % 100)
        return "\(minor / 100).\(fraction.count == 1 ? "0" : "")\(fraction)"
    }
}

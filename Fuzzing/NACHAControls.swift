/// Makes the control records of a NACHA file say what its entries add up to, so that more than the first batch of a
/// changed file is read.
enum NACHAControls {
    private static let width = 94

    private struct Sums {
        var lines = 0
        var hash = 0
        var debits = 0
        var credits = 0

        mutating func add(_ line: ArraySlice<UInt8>) {
            lines += 1
            guard line.first == UInt8(ascii: "6") else { return }
            hash += NACHAControls.number(line, 3..<11)
            let cents = NACHAControls.number(line, 29..<39)
            if NACHAControls.number(line, 2..<3) >= 5 { debits += cents } else { credits += cents }
        }

        static func + (left: Sums, right: Sums) -> Sums {
            Sums(
                lines: left.lines + right.lines,
                hash: left.hash + right.hash,
                debits: left.debits + right.debits,
                credits: left.credits + right.credits
            )
        }
    }

    static func mended(_ file: [UInt8]) -> [UInt8] {
        var bytes = file
        var (batch, whole) = (Sums(), Sums())
        var (batches, lines) = (0, 0)
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            let line = bytes[start..<end]
            lines += 1
            switch line.first {
            case UInt8(ascii: "5"): batch = Sums()
            case UInt8(ascii: "6"), UInt8(ascii: "7"): batch.add(line)
            case UInt8(ascii: "8") where line.count >= width:
                whole = whole + batch
                batches += 1
                write(batch, countDigits: 6, at: start + 4, to: &bytes)
            case UInt8(ascii: "9") where line.count >= width && batches > 0:
                write(batches, digits: 6, at: start + 1, to: &bytes)
                write((lines + 9) / 10, digits: 6, at: start + 7, to: &bytes)
                write(whole, countDigits: 8, at: start + 13, to: &bytes)
                return bytes
            default: break
            }
            start = end + 1
        }
        return bytes
    }

    private static func write(_ sums: Sums, countDigits: Int, at place: Int, to bytes: inout [UInt8]) {
        write(sums.lines, digits: countDigits, at: place, to: &bytes)
        write(sums.hash, digits: 10, at: place + countDigits, to: &bytes)
        write(sums.debits, digits: 12, at: place + countDigits + 10, to: &bytes)
        write(sums.credits, digits: 12, at: place + countDigits + 22, to: &bytes)
    }

    private static func write(_ number: Int, digits: Int, at place: Int, to bytes: inout [UInt8]) {
        var rest = number
        for index in stride(from: place + digits - 1, through: place, by: -1) {
            bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    /// The number that the digits of these columns, counted from 0, make; other bytes count as zeros.
    private static func number(_ line: ArraySlice<UInt8>, _ columns: Range<Int>) -> Int {
        line.dropFirst(columns.lowerBound).prefix(columns.count).reduce(0) { sum, byte in
            sum * 10 + ((0x30...0x39).contains(byte) ? Int(byte) - 0x30 : 0)
        }
    }
}

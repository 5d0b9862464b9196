import PaymentCore
import Store
import Testing

struct `A slice of records` {
    private static let start = LoadPosition(byteOffset: 0, recordOrdinal: 0, physicalLine: 1)
    private static let reason = QuarantineReason(code: "c", field: nil, maskedValue: "***", mend: "look")

    private static func append(
        _ line: Int32,
        to slice: inout LoadSlice,
        number: String = "N",
        bankCode: String? = nil,
        raw: [UInt8] = [0x41],
        charset: String = "UTF-8"
    ) {
        let code = (bankCode ?? "").utf8
        slice.appendOrder(
            line: LineNumber(line),
            amount: Money(minor: Int64(line) * 100, currency: .cny),
            number: number.utf8.span,
            accountNumber: "622202".utf8.span,
            accountName: "王小明".utf8.span,
            bankCode: bankCode == nil ? nil : code.span,
            purpose: "".utf8.span,
            raw: raw.span,
            byteRange: Int64(line) * 10..<Int64(line) * 10 + 9,
            physicalLine: Int64(line) + 1,
            charset: charset
        )
    }

    private static func set(_ line: Int32, aside slice: inout LoadSlice, number: String?, mend: String = "look") {
        let text = (number ?? "").utf8
        slice.appendQuarantined(
            line: LineNumber(line),
            amount: nil,
            number: number == nil ? nil : text.span,
            reasons: [QuarantineReason(code: "c", field: nil, maskedValue: "***", mend: mend)],
            raw: [0xFF, 0x00].span,
            byteRange: 0..<3,
            physicalLine: 7,
            charset: "GB18030"
        )
    }

    @Test func `gives each value back as it came, whatever stands beside it`() {
        var slice = LoadSlice(position: Self.start)
        Self.append(1, to: &slice, number: "A-1", bankCode: "102100099996", raw: [0x41, 0x2C, 0xD6, 0xD0])
        Self.set(2, aside: &slice, number: nil)
        Self.set(3, aside: &slice, number: "")
        Self.append(4, to: &slice, number: "编号", bankCode: nil, raw: [], charset: "GB18030")
        Self.append(5, to: &slice, number: "", bankCode: "")
        #expect(slice.count == 5)
        #expect(slice.orders.map(\.line.value) == [1, 4, 5] && slice.quarantined.map(\.line.value) == [2, 3])
        #expect(slice.orders.map { slice.text($0.merchantOrderNumber) } == ["A-1", "编号", ""])
        #expect(slice.orders.map { slice.text($0.accountNumber) } == ["622202", "622202", "622202"])
        #expect(slice.orders.map { slice.text($0.accountName) } == ["王小明", "王小明", "王小明"])
        #expect(slice.orders.map { $0.bankCode.map(slice.text) } == ["102100099996", nil, ""])
        #expect(slice.orders.map { slice.text($0.purpose) } == ["", "", ""])
        #expect(slice.orders.map(\.amount.minor) == [100, 400, 500])
        let raws = (slice.orders.map(\.source) + slice.quarantined.map(\.source)).map {
            Array(slice.bytes[$0.raw.range])
        }
        #expect(raws == [[0x41, 0x2C, 0xD6, 0xD0], [], [0x41], [0xFF, 0x00], [0xFF, 0x00]])
        #expect(slice.orders.map { slice.charset(of: $0.source) } == ["UTF-8", "GB18030", "UTF-8"])
        #expect(slice.orders.map(\.source.byteRange) == [10..<19, 40..<49, 50..<59])
        #expect(slice.orders.map(\.source.physicalLine) == [2, 5, 6])
        #expect(slice.quarantined.map { $0.merchantOrderNumber.map(slice.text) } == [nil, ""])
        #expect(slice.quarantined.map { slice.charset(of: $0.source) } == ["GB18030", "GB18030"])
        #expect(slice.quarantined.map(\.reasons) == [[Self.reason], [Self.reason]])
        let number = slice.bytes.span.extracting(slice.orders[1].merchantOrderNumber.range)
        #expect(number.count == 6 && number[0] == 0xE7)
    }

    @Test func `goes on from the one before it with nothing of its records`() {
        var slice = LoadSlice(position: Self.start)
        for line in Int32(1)...100 { Self.append(line, to: &slice) }
        slice.position = LoadPosition(byteOffset: 1_009, recordOrdinal: 100, physicalLine: 101)
        var next = LoadSlice(after: slice)
        #expect(next.count == 0 && next.bytes.isEmpty && next.position == slice.position)
        #expect(next.orders.capacity >= 100 && next.bytes.capacity >= slice.bytes.count)
        Self.append(101, to: &next, number: "M")
        #expect(next.text(next.orders[0].merchantOrderNumber) == "M")
        #expect(slice.count == 100)
    }

    @Test func `is full with so many records, or with so many bytes`() {
        var many = LoadSlice(position: Self.start)
        #expect(!many.isFull(records: 1))
        Self.append(1, to: &many)
        #expect(many.isFull(records: 1) && !many.isFull(records: 2))
        Self.set(2, aside: &many, number: nil)
        #expect(many.isFull(records: 2) && !many.isFull(records: 3))
        var large = LoadSlice(position: Self.start)
        let raw = [UInt8](repeating: 0x41, count: 1_024 * 1_024)
        for line in Int32(1)...4 {
            #expect(!large.isFull(records: 10_000))
            Self.append(line, to: &large, raw: raw)
        }
        #expect(large.isFull(records: 10_000))
        var telling = LoadSlice(position: Self.start)
        Self.set(1, aside: &telling, number: nil, mend: String(repeating: "x", count: LoadSlice.fullBytes))
        #expect(telling.isFull(records: 10_000))
    }

    @Test func `takes records in the order of their lines only, each set aside for a reason`() async {
        await #expect(processExitsWith: .failure) {
            var slice = LoadSlice(position: Self.start)
            Self.append(2, to: &slice)
            Self.append(2, to: &slice)
        }
        await #expect(processExitsWith: .failure) {
            var slice = LoadSlice(position: Self.start)
            slice.appendQuarantined(
                line: LineNumber(1),
                amount: nil,
                number: nil,
                reasons: [],
                raw: "A".utf8.span,
                byteRange: 0..<1,
                physicalLine: 1,
                charset: "UTF-8"
            )
        }
    }
}

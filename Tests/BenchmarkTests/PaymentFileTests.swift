import Testing
import sluice_bench

@Suite struct PaymentFileTests {
    @Test func `one record in a hundred is bad, and only its amount`() {
        let file = PaymentFile(records: 1_000)
        #expect(file.badRecords == 10)
        for line in 1...1_000 {
            let amount = file.text(line: line).split(separator: ",")[4]
            #expect(amount.contains("O") == file.isBad(line: line))
        }
    }

    @Test func `a line can be made again, and no two share a number`() {
        let file = PaymentFile(records: 10)
        #expect(file.text(line: 7) == "B0000000007,6222020000000000075,黄强,104100000004,8.17,工资\n")
        #expect(Set((1...5_000).map { file.text(line: $0).prefix(11) }).count == 5_000)
    }
}

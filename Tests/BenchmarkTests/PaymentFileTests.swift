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

    @Test func `a clean file differs from a bad one in its bad records alone, one in ten`() {
        let clean = PaymentFile(records: 2_200, numbers: .rising, flaws: .none)
        let bad = PaymentFile(records: 2_200, numbers: .rising, flaws: .mixed)
        #expect(clean.badRecords == 0)
        #expect(bad.badRecords == 220)
        for line in 1...2_200 { #expect((clean.text(line: line) != bad.text(line: line)) == bad.isBad(line: line)) }
    }

    @Test(arguments: 0...10) func `the bad records are bad in eleven ways, each in one field`(_ way: Int) {
        let line = way * 10 + 8
        let clean = PaymentFile(records: 200, flaws: .none).text(line: line).split(
            separator: ",",
            omittingEmptySubsequences: false
        )
        let bad = PaymentFile(records: 200, flaws: .mixed).text(line: line).split(
            separator: ",",
            omittingEmptySubsequences: false
        )
        let changed = bad.indices.filter { $0 >= clean.count || clean[$0] != bad[$0] }
        let fields = [[4], [4], [4], [1], [1], [3], [2], [5, 6], [0], [2], [2]]
        #expect(changed == fields[way], "\(bad)")
    }

    @Test func `a repeated number is that of the line before`() {
        let file = PaymentFile(records: 200, flaws: .mixed)
        #expect(file.text(line: 88).prefix(11) == file.text(line: 87).prefix(11))
    }

    @Test func `the lines of a later file come after those of the files before it`() {
        let (all, later) = (PaymentFile(records: 30), PaymentFile(records: 10, flaws: .none, after: 20))
        #expect(later.text(line: 5).prefix(30) == all.text(line: 25).prefix(30))
    }
}

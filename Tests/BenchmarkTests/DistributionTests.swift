import Testing
import sluice_bench

@Suite struct DistributionTests {
    @Test(arguments: [
        (1, 1), (10, 1), (11, 2), (500, 50), (501, 51), (990, 99), (991, 100), (1_000, 100),
    ]) func `a percentile is the smallest sample that so many do not exceed`(_ perMille: Int, _ expected: Int64) {
        #expect(Distribution((1...100).reversed()).percentile(perMille: perMille) == expected)
    }

    @Test func `of one sample every percentile is that sample`() {
        let one = Distribution([7])
        #expect([one.median, one.p99, one.longest] == [7, 7, 7])
        #expect(one.words == "median 0.007 ms, p99 0.007 ms, longest 0.007 ms of 1")
    }

    @Test func `one slow claim in a hundred is not hidden by the p99, one in two hundred is told as the longest`() {
        #expect(Distribution([Int64](repeating: 1, count: 98) + [90, 95]).p99 == 90)
        let rare = Distribution([Int64](repeating: 1, count: 199) + [95])
        #expect(rare.p99 == 1)
        #expect(rare.longest == 95)
    }
}

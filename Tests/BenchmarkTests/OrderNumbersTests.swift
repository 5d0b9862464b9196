import Testing
import sluice_bench

@Suite struct OrderNumbersTests {
    @Test(arguments: [
        (OrderNumbers.serial, 7, "B0000000007"), (.rising, 7, "B202603010000000007"),
        (.rising, 1_000_000, "B202603010001000000"), (.random, 1, "B089926806302703176"),
    ]) func `a number can be made again`(_ numbers: OrderNumbers, _ line: Int, _ text: String) {
        #expect(numbers.text(line: line) == text)
    }

    @Test(arguments: OrderNumbers.allCases) func `no two lines share a number, and all are as long`(
        _ numbers: OrderNumbers
    ) {
        let texts = (1...20_000).map { numbers.text(line: $0) }
        #expect(Set(texts).count == texts.count)
        #expect(Set(texts.map(\.utf8.count)).count == 1)
    }

    @Test func `random numbers are as long as rising ones, and fall everywhere`() {
        let texts = (1...20_000).map { OrderNumbers.random.text(line: $0) }
        #expect(texts[0].utf8.count == OrderNumbers.rising.text(line: 1).utf8.count)
        // Half of all neighbours rise, as they would by chance.
        let rising = zip(texts, texts.dropFirst()).count { $0 < $1 }
        #expect((9_500...10_500).contains(rising))
        let firstDigits = Dictionary(grouping: texts) { $0.dropFirst(2).prefix(1) }.mapValues(\.count)
        #expect(firstDigits.count == 10)
        #expect(firstDigits.values.allSatisfy { (1_700...2_300).contains($0) }, "\(firstDigits)")
    }
}

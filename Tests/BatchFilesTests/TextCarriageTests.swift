import BatchFiles
import PaymentCore
import SharedFileTesting
import Testing

@Suite struct TextCarriageTests {
    private static func obstacles(
        _ text: String,
        _ profile: TextProfile,
        _ field: TextProfile.Field = .accountName
    ) -> [TextCarriage.Obstacle] {
        let carriage = TextCarriage([profile])
        return carriage.obstacles(to: text, in: field, of: profile)
    }

    private static func isHeld(_ text: String, by repertoire: TextProfile.Repertoire) -> Bool {
        obstacles(text, TextProfile(repertoire: repertoire)).isEmpty
    }

    @Test(.enabled(if: SharedFiles.exist("formats/charset/gbk-cases.csv"), "needs the cases of GBK"))
    func `GBK and GB 18030 hold what the cases say, in as many bytes`() throws {
        var seen = 0
        for row in try SharedFiles.text("formats/charset/gbk-cases.csv").split(whereSeparator: \.isNewline).dropFirst()
        {
            let cells = row.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
            // Converters differ on U+4DAE, as the file says.
            guard cells[0] != "䶮" else { continue }
            seen += 1
            #expect(Self.isHeld(cells[0], by: .gbk) == (cells[2] != "NOT_ENCODABLE"), "\(cells[0])")
            #expect(Self.isHeld(cells[0], by: .gb18030), "\(cells[0])")
            let bytes = cells[3].count / 2
            for max in [bytes - 1, bytes] where max > 0 {
                let profile = TextProfile(lengthUnit: .gbkBytes, lengthMax: [.accountName: max])
                let expected: [TextCarriage.Obstacle] =
                    max < bytes ? [.length(found: bytes, max: max, unit: .gbkBytes)] : []
                #expect(Self.obstacles(cells[0], profile) == expected, "\(cells[0])")
            }
        }
        #expect(seen == 14)
    }

    @Test func `the Han characters that need no converter are what a converter says`() {
        let carriage = TextCarriage([TextProfile(repertoire: .gbk)])
        // A character of extension A sends a whole text to the converter.
        var text = "·"
        for value in UInt32(0x4E00)...0x9FA5 { Unicode.Scalar(value).map { text.unicodeScalars.append($0) } }
        let converted = carriage.obstacles(
            to: text,
            in: .purpose,
            of: TextProfile(repertoire: .gbk, lengthUnit: .characters, lengthMax: [.purpose: 100_000])
        )
        // Only the message is too small for all of them.
        #expect(converted == [.length(found: 20_902 * 3 + 2, max: 1_024, unit: .utf8Bytes)])
        let profile = TextProfile(lengthUnit: .gbkBytes, lengthMax: [.purpose: 1])
        #expect(Self.obstacles(text, profile, .purpose) == [.length(found: 20_903 * 2, max: 1, unit: .gbkBytes)])
        let plain = String(text.dropFirst())
        #expect(Self.obstacles(plain, profile, .purpose) == [.length(found: 20_902 * 2, max: 1, unit: .gbkBytes)])
    }

    static let sepaNames: [(name: String, isHeld: Bool)] = [
        ("Müller & Söhne GmbH", false), ("Ångström AB", false), ("Łódź Sp. z o.o.", false), ("Æther ApS", false),
        ("Straße 1", false), ("O'Brien", true), ("“smart” quotes", false), ("A//B", true), ("/leading", true),
        ("trailing/", true), ("Ελλάδα", false), ("София", false), ("张三", false), ("a\u{301}", false), ("ﬁ", false),
        ("Ⅷ", false), ("zero\u{200B}width", false), ("nbsp\u{A0}here", false), ("😀", false),
    ]

    @Test(arguments: sepaNames)
    func `the basic set of SEPA holds Latin letters, digits and few marks`(name: String, isHeld: Bool) {
        #expect(Self.isHeld(name, by: .sepa) == isHeld)
        #expect(Self.isHeld(name, by: .ascii) == name.utf8.allSatisfy { $0 < 0x80 })
        #expect(Self.isHeld(name, by: .utf8) && Self.isHeld(name, by: .gb18030))
    }

    @Test(.enabled(if: SharedFiles.exist("formats/charset/sepa-name-cases.csv"), "needs the names of SEPA"))
    func `the table of names covers the cases`() throws {
        let names = try SharedFiles.text("formats/charset/sepa-name-cases.csv").split(whereSeparator: \.isNewline)
            .dropFirst()
            .map { String($0.prefix { $0 != "," }) }
        // A tab is a control character: no channel's matter, as no order has one.
        let missing = names.filter { name in
            !name.contains("\t")
                && !Self.sepaNames.contains { $0.name.unicodeScalars.elementsEqual(name.unicodeScalars) }
        }
        #expect(missing == [])
        #expect(names.count >= 20)
    }

    @Test(arguments: [
        ("张三", TextProfile.LengthUnit.characters, 2), ("张三", .gbkBytes, 4), ("张三", .utf8Bytes, 6),
        ("𠮷", .characters, 1), ("𠮷", .gbkBytes, 4), ("𠮷", .utf8Bytes, 4), ("e\u{301}", .characters, 2),
        ("é", .characters, 1), ("é", .gbkBytes, 2), ("Müller", .utf8Bytes, 7), ("Wang 王", .gbkBytes, 7),
        ("\u{E0041}", .gbkBytes, 4),
    ])
    func `a length is counted in the channel's unit`(text: String, unit: TextProfile.LengthUnit, length: Int) {
        let fits = TextProfile(lengthUnit: unit, lengthMax: [.accountName: length])
        #expect(Self.obstacles(text, fits) == [])
        #expect(Self.obstacles(text, fits, .purpose) == [])
        guard length > 1 else { return }
        let tight = TextProfile(lengthUnit: unit, lengthMax: [.accountName: length - 1])
        #expect(Self.obstacles(text, tight) == [.length(found: length, max: length - 1, unit: unit)])
    }

    @Test func `no GB repertoire holds codes for private use, and GBK nothing that is lost on the way`() {
        #expect(Self.obstacles("\u{E0041}", TextProfile(repertoire: .gbk)) == [.repertoire])
        for text in ["\u{E000}", "\u{F8FF}张"] {
            #expect(Self.obstacles(text, TextProfile(repertoire: .gbk)) == [.repertoire])
            #expect(Self.obstacles(text, TextProfile(repertoire: .gb18030)) == [.repertoire])
        }
    }

    @Test func `every obstacle is told`() {
        let profile = TextProfile(repertoire: .ascii, lengthUnit: .characters, lengthMax: [.accountName: 2])
        #expect(Self.obstacles("张三丰", profile) == [.repertoire, .length(found: 3, max: 2, unit: .characters)])
    }
}

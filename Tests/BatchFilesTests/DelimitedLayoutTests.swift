import BatchFiles
import PaymentCore
import Testing
import Transcoding

@Suite struct DelimitedLayoutTests {
    @Test(arguments: [",", "|", "^", "\t", ";", "~", "@"] as [Unicode.Scalar])
    func `punctuation and the tab separate fields`(separator: Unicode.Scalar) throws {
        #expect(try Samples.layout(separator: separator).separator == UInt8(ascii: separator))
    }

    @Test(arguments: ["a", "Z", "7", " ", "\n", "\r", "\0", "\u{7F}", ".", "-", "+", "\""] as [Unicode.Scalar])
    func `no byte that values need separates fields`(separator: Unicode.Scalar) {
        #expect(
            Self.defectKey { try Samples.layout(separator: separator) } == (separator == "\"" ? "quote" : "separator")
        )
    }

    @Test(arguments: [",", "a", " ", ".", "\r"] as [Unicode.Scalar])
    func `no byte that values or fields need ends records`(mark: Unicode.Scalar) {
        #expect(Self.defectKey { try Samples.layout(recordSeparator: mark, quote: nil) } == "record_separator")
    }

    @Test func `records in one line have no quotes, and no title or mark with their end`() throws {
        #expect(Self.defectKey { try Samples.layout(recordSeparator: "|") } == "record_separator")
        #expect(try Samples.layout(recordSeparator: "|", quote: nil).forResults.recordSeparator == 0x7C)
        let titled = Samples.columns + [.init(title: "a|b")]
        #expect(Self.defectKey { try Samples.layout(recordSeparator: "|", quote: nil, columns: titled) } == "columns")
        let trailer = DelimitedLayout.Trailer(mark: "T|", countPosition: 2, sumPosition: nil)
        #expect(Self.defectKey { try Samples.layout(recordSeparator: "|", quote: nil, trailer: trailer) } == "trailer")
        #expect(
            Self.defectKey { try Samples.layout(recordSeparator: "|", quote: nil, commentPrefix: "#|") }
                == "comment_prefix"
        )
    }

    @Test(arguments: ["a", "\n", ",", "\t", "."] as [Unicode.Scalar])
    func `no byte that values need quotes them`(quote: Unicode.Scalar) {
        #expect(Self.defectKey { try Samples.layout(quote: quote) } == "quote")
    }

    @Test(arguments: ["", "# #", ",", "\"", "备注"])
    func `a comment prefix is printable and no mark`(prefix: String) {
        #expect(Self.defectKey { try Samples.layout(commentPrefix: prefix) } == "comment_prefix")
    }

    @Test(arguments: [RecordField.merchantOrderNumber, .accountNumber, .amount])
    func `mandatory fields have a column, which is required`(field: RecordField) throws {
        let without = Samples.columns.filter { $0.field != field }
        #expect(Self.defectKey { try Samples.layout(columns: without) } == "columns")
        let column = try #require(try Samples.layout().columns.first { $0.field == field })
        #expect(column.isRequired)
    }

    @Test func `titles and fields stand once, and titles are not those of results`() {
        for extra: LayoutColumn in [
            .init(title: "name"), .init(title: ""), .init(title: "other", field: .amount), .init(title: "line_no"),
            .init(title: "a,b"), .init(title: "a\nb"), .init(title: "wide", lengthMax: 0),
        ] {
            #expect(Self.defectKey { try Samples.layout(columns: Samples.columns + [extra]) } == "columns")
        }
    }

    @Test func `a currency comes from a column or a default`() throws {
        #expect(Self.defectKey { try Samples.layout(defaultCurrency: nil) } == "default_currency")
        let columns = Samples.columns + [.init(title: "ccy", field: .currency)]
        #expect(try Samples.layout(defaultCurrency: nil, columns: columns).index(of: .currency) == 6)
    }

    @Test func `a trailer has a mark, and positions of their own`() {
        for trailer: DelimitedLayout.Trailer in [
            .init(mark: "", countPosition: 2, sumPosition: nil), .init(mark: "a,b", countPosition: 2, sumPosition: nil),
            .init(mark: "T", countPosition: 1, sumPosition: nil), .init(mark: "T", countPosition: 2, sumPosition: 2),
            .init(mark: "T", countPosition: 99, sumPosition: nil), .init(mark: "#T", countPosition: 2, sumPosition: 3),
        ] {
            #expect(Self.defectKey { try Samples.layout(trailer: trailer, commentPrefix: "#") } == "trailer")
        }
        let columns = Samples.columns + [.init(title: "ccy", field: .currency)]
        #expect(
            Self.defectKey {
                try Samples.layout(trailer: .init(mark: "T", countPosition: 2, sumPosition: 3), columns: columns)
            } == "trailer"
        )
    }

    @Test func `limits are bounded`() {
        #expect(Self.defectKey { try Samples.layout(limits: .init(recordBytesMax: 10)) } == "limits")
        #expect(Self.defectKey { try Samples.layout(limits: .init(recordsMax: 0)) } == "limits")
        #expect(Self.defectKey { try Samples.layout(limits: .init(probeRecords: 0)) } == "limits")
    }

    private static func defectKey(_ make: () throws -> DelimitedLayout) -> String? {
        do {
            _ = try make()
            return nil
        } catch {
            return (error as? LayoutDefect)?.key
        }
    }
}
